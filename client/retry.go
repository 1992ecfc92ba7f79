package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// clock reads the time and waits. Tests replace it.
type clock struct {
	now func() time.Time
	// wait returns nil after d, or the error of ctx as soon as that is done.
	wait func(ctx context.Context, d time.Duration) error
}

func systemClock() clock {
	return clock{
		now: func() time.Time { return time.Now().UTC() },
		wait: func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

const (
	firstBackoff = 250 * time.Millisecond
	lastBackoff  = 5 * time.Second
)

// backoff returns how long to wait before try number n+2. Its jitter spreads clients that failed together.
func backoff(n int) time.Duration {
	d := min(firstBackoff<<min(n, 8), lastBackoff) // A longer shift would overflow one day.
	return d/2 + rand.N(d/2+1)                     //nolint:gosec // no secret
}

// retryAfter returns how long a response asks to wait, by its Retry-After header of RFC 9110 section
// 10.2.3: whole seconds or a date. ok is false where it is missing or cannot be read.
func retryAfter(h http.Header, now time.Time) (wait time.Duration, ok bool) {
	const longest = 365 * 24 * time.Hour // More would overflow.
	value := h.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // Out of range, it is the largest number.
		return time.Duration(min(seconds, uint64(longest/time.Second))) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), longest), true
}
