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
	freshness  time.Duration
	maxWaiting int64
}

// WithClock sets the clock for the times of purchases and keys. The default is time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.now = now }
}

// WithRandom sets the source of randomness for tokens and secrets. The default is crypto/rand.Reader. A predictable
// source makes them guessable and is for tests only.
func WithRandom(random io.Reader) Option {
	return func(s *settings) { s.random = random }
}

// WithFreshness sets how long accepted credentials are cached. A key that another process revokes, or an account that
// it disables, works for at most this long. The default is 800 milliseconds; 0 disables the cache.
func WithFreshness(d time.Duration) Option {
	return func(s *settings) { s.freshness = d }
}

// WithMaxWaiting sets the maximum number of concurrent calls of the store. Further calls fail with ErrUnavailable at
// once instead of waiting. The default is 4,096.
func WithMaxWaiting(calls int) Option {
	return func(s *settings) { s.maxWaiting = int64(calls) }
}

func defaultSettings() settings {
	return settings{now: time.Now, random: rand.Reader, freshness: 800 * time.Millisecond, maxWaiting: 4096}
}

func (s settings) validate() error {
	if s.now == nil {
		return errors.New("billing: the clock is nil")
	}
	if s.random == nil {
		return errors.New("billing: the source of randomness is nil")
	}
	if s.freshness < 0 || s.maxWaiting <= 0 {
		return errors.New("billing: the freshness is negative, or the number of concurrent calls is not positive")
	}
	return nil
}
