package server

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

const (
	// freeFailures is how many wrong credentials an address may send in a row before it is slowed.
	freeFailures = 100
	// failurePace is how far apart their answers are from then on.
	failurePace = 10 * time.Millisecond
	// maxSlowed is how long one answer is held back at most.
	maxSlowed = time.Second
	// maxHeld is how many answers are held back at once.
	maxHeld = 4096
	// maxAddresses is how many addresses are watched. The ones that were quiet longest are forgotten.
	maxAddresses = 10_000
)

// slower holds back the answers to wrong credentials, for addresses that send many: who guesses, or has
// a broken program, does not take the machine away from others. Credentials that are right are never
// held back, whatever comes from the same address.
type slower struct {
	addresses *lru.Cache[netip.Prefix, *debt]
	held      atomic.Int64
	hurry     <-chan struct{} // closed when nobody should wait any more
}

// debt is until when the failures of an address are spread.
type debt struct {
	lock  sync.Mutex
	until time.Time
}

func newSlower(hurry <-chan struct{}) *slower {
	addresses, _ := lru.New[netip.Prefix, *debt](maxAddresses) // fails for no size alone
	return &slower{addresses: addresses, hurry: hurry}
}

// hold waits before a request is answered from an error that says that its credentials are wrong. It
// returns the error, or another one when too many wait.
func (s *slower) hold(ec echo.Context, err error) error {
	var refused *contract.Error
	if !errors.As(err, &refused) || !refused.WrongCredentials() {
		return err
	}
	wait := s.failed(ec.RealIP())
	if wait <= 0 {
		return err
	}
	defer s.held.Add(-1)
	if s.held.Add(1) > maxHeld {
		return &statusError{status: http.StatusTooManyRequests, retryAfter: maxSlowed, close: true,
			sentence: "Too many wrong credentials at once."}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.hurry:
	}
	return err
}

// failed notes that an address sent wrong credentials, and returns how long its answer is held back.
func (s *slower) failed(address string) time.Duration {
	network := networkOf(address)
	d, ok := s.addresses.Get(network)
	if !ok {
		d = new(debt)
		if other, found, _ := s.addresses.PeekOrAdd(network, d); found {
			d = other
		}
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	now := time.Now()
	if d.until.Before(now) {
		d.until = now
	}
	const free = freeFailures * failurePace
	if d.until.Sub(now) < free+maxSlowed {
		d.until = d.until.Add(failurePace)
	}
	return min(d.until.Sub(now)-free, maxSlowed)
}

// networkOf returns what an address is watched as: itself, or its network of 64 bits where it is IPv6,
// as one subscriber has all of that.
func networkOf(address string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	network, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
