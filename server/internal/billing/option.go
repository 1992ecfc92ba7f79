package billing

import (
	"crypto/rand"
	"errors"
	"io"
	"time"
)

// Option changes how a Service works.
type Option func(*settings)

type settings struct {
	now        func() time.Time
	random     io.Reader
	fresh      time.Duration
	maxWaiting int64
}

// WithClock sets what tells the time of a purchase. The default is time.Now. The time is kept in
// UTC, in whole microseconds.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.now = now }
}

// WithRandom sets where tokens come from. The default is crypto/rand.Reader; anything that can be
// guessed gives payment pages away, and is for tests alone.
func WithRandom(random io.Reader) Option {
	return func(s *settings) { s.random = random }
}

// WithFreshness sets for how long credentials that were accepted are accepted again without a look
// into the store: it is how late a revoked key or a disabled account may stop working. The default is
// 800 milliseconds; with 0 the store is asked every time.
func WithFreshness(d time.Duration) Option {
	return func(s *settings) { s.fresh = d }
}

// WithMaxWaiting sets how many calls may wait for the store at once; more fail with ErrUnavailable at
// once, instead of waiting in a line that grows. The default is 4,096.
func WithMaxWaiting(calls int) Option {
	return func(s *settings) { s.maxWaiting = int64(calls) }
}

func defaultSettings() settings {
	return settings{now: time.Now, random: rand.Reader, fresh: 800 * time.Millisecond, maxWaiting: 4096}
}

func (s settings) validate() error {
	if s.now == nil {
		return errors.New("billing: the clock is nil")
	}
	if s.random == nil {
		return errors.New("billing: the source of randomness is nil")
	}
	if s.fresh < 0 || s.maxWaiting <= 0 {
		return errors.New("billing: the freshness is negative, or nobody may wait")
	}
	return nil
}
