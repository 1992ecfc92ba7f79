package sandbox

import (
	"errors"
	"sync/atomic"
	"time"
)

// maxAhead is how far a sandbox's clock can be moved in all.
const maxAhead = 100 * 366 * 24 * time.Hour

// errTooFarAhead says that a clock was moved by less than nothing, or past what a calendar holds.
var errTooFarAhead = errors.New("sandbox: the clock goes forward only, and by a hundred years in all")

// clock is a sandbox's time: that of another clock, and how far it was moved forward. Its zero value
// has no other clock; it is safe for concurrent use.
type clock struct {
	base  func() time.Time
	ahead atomic.Int64 // nanoseconds
}

func (c *clock) now() time.Time { return c.base().Add(c.offset()) }

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *clock) advance(d time.Duration) error {
	for {
		before := c.ahead.Load()
		if d < 0 || d > maxAhead-time.Duration(before) {
			return errTooFarAhead
		}
		if c.ahead.CompareAndSwap(before, before+int64(d)) {
			return nil
		}
	}
}

func (c *clock) reset() { c.ahead.Store(0) }
