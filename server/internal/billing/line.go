package billing

import (
	"fmt"
	"sync/atomic"
)

// line counts who waits for the store. What would make it longer than it may be is refused at once: a
// store that is slow then costs a bounded amount of memory, and a request that is refused can be sent
// again.
type line struct {
	max     int64
	waiting atomic.Int64
}

// enter fails with ErrUnavailable when too many wait. Whoever has entered leaves.
func (l *line) enter() error {
	if n := l.waiting.Add(1); n > l.max {
		l.leave()
		return fmt.Errorf("%w: %d wait for the store already", ErrUnavailable, l.max)
	}
	return nil
}

func (l *line) leave() { l.waiting.Add(-1) }
