package sandbox

import (
	"errors"
	"sync/atomic"
	"time"
)

// maxOffset is how far a clock can be ahead of the real time.
const maxOffset = 100 * 366 * 24 * time.Hour

// errClockRange reports that a clock would go back, or exceed maxOffset.
var errClockRange = errors.New("sandbox: the clock moves forward only, by at most a hundred years in total")

// clock is the time of a sandbox: the real time and an offset. It is safe for concurrent use.
type clock struct {
	base  func() time.Time
	ahead atomic.Int64 // the offset in nanoseconds
}

func (c *clock) now() time.Time { return c.base().Add(c.offset()) }

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *clock) advance(d time.Duration) error {
	for {
		before := c.ahead.Load()
		if d < 0 || d > maxOffset-time.Duration(before) {
			return errClockRange
		}
		if c.ahead.CompareAndSwap(before, before+int64(d)) {
			return nil
		}
	}
}

func (c *clock) reset() { c.ahead.Store(0) }
