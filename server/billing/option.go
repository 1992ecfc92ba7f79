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
	now    func() time.Time
	random io.Reader
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

func defaultSettings() settings {
	return settings{now: time.Now, random: rand.Reader}
}

func (s settings) validate() error {
	if s.now == nil {
		return errors.New("billing: the clock is nil")
	}
	if s.random == nil {
		return errors.New("billing: the source of randomness is nil")
	}
	return nil
}
