package server

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/turbosmtp-go/billing/server/contract"
)

const (
	// throttleBurst is how many wrong credentials an address may send before it is throttled.
	throttleBurst = 100
	// throttleInterval is the time between the responses to a throttled address.
	throttleInterval = 10 * time.Millisecond
	// maxDelay is how long one response is delayed at most.
	maxDelay = time.Second
	// maxDelayed is how many responses are delayed at the same time.
	maxDelayed = 4096
	// maxAddresses is how many addresses are remembered, the most recent ones.
	maxAddresses = 10_000
)

// throttle delays the responses to wrong credentials from addresses that send many, so that guessing
// keys takes no capacity from other clients. Correct credentials are never delayed.
type throttle struct {
	limiters *lru.Cache[netip.Prefix, *rate.Limiter]
	delayed  *semaphore.Weighted
	draining <-chan struct{} // ends all delays when closed
}

func newThrottle(draining <-chan struct{}) *throttle {
	limiters, _ := lru.New[netip.Prefix, *rate.Limiter](maxAddresses) // fails for a size of 0 only
	return &throttle{limiters: limiters, delayed: semaphore.NewWeighted(maxDelayed), draining: draining}
}

// delay waits before the response to wrong credentials and returns err. If too many responses are
// delayed already, it returns a 429 at once.
func (t *throttle) delay(ec echo.Context, err error) error {
	var refused *contract.Error
	if !errors.As(err, &refused) || !refused.WrongCredentials() {
		return err
	}
	reservation := t.limiter(networkOf(ec.RealIP())).Reserve()
	wait := reservation.Delay()
	if wait > maxDelay {
		reservation.Cancel()
		wait = maxDelay
	}
	if wait <= 0 {
		return err
	}
	if !t.delayed.TryAcquire(1) {
		ec.Response().Header().Set(echo.HeaderRetryAfter, seconds(maxDelay))
		ec.Response().Header().Set(echo.HeaderConnection, "close")
		return echo.NewHTTPError(http.StatusTooManyRequests)
	}
	defer t.delayed.Release(1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.draining:
	}
	return err
}

func (t *throttle) limiter(network netip.Prefix) *rate.Limiter {
	if known, ok := t.limiters.Get(network); ok {
		return known
	}
	limiter := rate.NewLimiter(rate.Every(throttleInterval), throttleBurst)
	if known, ok, _ := t.limiters.PeekOrAdd(network, limiter); ok {
		return known
	}
	return limiter
}

// networkOf returns the network that is throttled for an address: the address itself, or its /64 for
// IPv6, which one subscriber has as a whole.
func networkOf(address string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	network, _ := ip.Prefix(bits) // fails for more bits than the address has
	return network
}
