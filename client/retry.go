package client

import (
	"context"
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

// backoff returns how long to wait before try number n+2, with jitter over the upper half, so that
// clients that were turned away together do not come back together.
func backoff(n int) time.Duration {
	d := lastBackoff
	if n < 8 { // Past that the shift is far beyond lastBackoff, and later would overflow.
		d = min(firstBackoff<<n, lastBackoff)
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // no secret
}

// retryAfter returns how long a response asks to wait, by its Retry-After header of RFC 9110 section
// 10.2.3: whole seconds or a date. ok is false where it is missing or cannot be read.
func retryAfter(h http.Header, now time.Time) (wait time.Duration, ok bool) {
	const longest = 365 * 24 * time.Hour // More would overflow.
	value := h.Get("Retry-After")
	if digits(value) {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(longest/time.Second) {
			return longest, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), longest), true
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
