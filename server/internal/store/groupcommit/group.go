// Package groupcommit makes writes that arrive together durable together: one transaction and one flush
// to the disk for many, each caller answered only once its own write is durable. A write that comes
// alone begins at once; those that come while it is under way gather, and are the next batch. So the
// batches grow with the load by themselves, and nobody waits for a timer.
package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Write makes items durable, all in one step. It returns one error for each of them, in their order,
// nil for those that are durable; or none and one error that is every item's. Its context ends at the
// group's time limit, and not with that of a caller.
type Write[T any] func(ctx context.Context, items []T) ([]error, error)

// Group gathers the items of many callers for one Write. It is safe for concurrent use.
type Group[T any] struct {
	write    Write[T]
	settings settings

	lock    sync.Mutex
	queue   []*waiter[T]
	running int
	closed  bool
	idle    sync.Cond // nothing runs; with lock
}

// waiter is a caller of Do with its item.
type waiter[T any] struct {
	item  T
	taken bool // by a batch; with the group's lock
	done  chan error
}

// New returns a group that writes by write.
func New[T any](write Write[T], options ...Option) *Group[T] {
	g := &Group[T]{write: write, settings: defaultSettings()}
	for _, option := range options {
		option(&g.settings)
	}
	g.idle.L = &g.lock
	return g
}

// Do writes an item together with those of other callers, and returns once it is durable.
//
// When ctx ends before the item's batch has begun, it is not written: the error wraps ctx's and
// billing.ErrUnavailable. When it ends later, the batch goes on, and the error is ctx's alone: the item
// may become durable or not. After Close it fails with billing.ErrStoreClosed.
func (g *Group[T]) Do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return notBegun(err)
	}
	w := &waiter[T]{item: item, done: make(chan error, 1)}
	g.lock.Lock()
	if g.closed {
		g.lock.Unlock()
		return billing.ErrStoreClosed
	}
	g.queue = append(g.queue, w)
	if g.running < g.settings.parallel {
		g.running++
		go g.run()
	}
	g.lock.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
	}
	if g.withdraw(w) {
		return notBegun(ctx.Err())
	}
	select {
	case err := <-w.done: // just in time
		return err
	default:
		return ctx.Err()
	}
}

func notBegun(reason error) error {
	return fmt.Errorf("%w: the write had not begun: %w", billing.ErrUnavailable, reason)
}

// withdraw takes an item out of the queue, and reports false when a batch has taken it before.
func (g *Group[T]) withdraw(w *waiter[T]) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if w.taken {
		return false
	}
	for i, other := range g.queue {
		if other == w {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			break
		}
	}
	return true
}

// run writes batches until nobody waits.
func (g *Group[T]) run() {
	for {
		batch := g.take()
		if batch == nil {
			return
		}
		g.commit(batch)
	}
}

// take returns the next batch, nil when there is none.
func (g *Group[T]) take() []*waiter[T] {
	g.lock.Lock()
	defer g.lock.Unlock()
	if len(g.queue) == 0 {
		g.running--
		if g.running == 0 {
			g.idle.Broadcast()
		}
		return nil
	}
	n := min(len(g.queue), g.settings.maxBatch)
	batch := make([]*waiter[T], n)
	copy(batch, g.queue)
	rest := copy(g.queue, g.queue[n:])
	clear(g.queue[rest:])
	g.queue = g.queue[:rest]
	for _, w := range batch {
		w.taken = true
	}
	return batch
}

// commit writes a batch and answers everybody in it.
func (g *Group[T]) commit(batch []*waiter[T]) {
	items := make([]T, len(batch))
	for i, w := range batch {
		items[i] = w.item
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.settings.timeLimit)
	defer cancel()
	began := time.Now()
	each, err := g.safely(ctx, items)
	if err == nil && each != nil && len(each) != len(items) {
		err = fmt.Errorf("groupcommit: %d results for %d items", len(each), len(items))
	}
	g.settings.observe(Batch{Size: len(items), Took: time.Since(began), Err: err})
	for i, w := range batch {
		switch {
		case err != nil:
			w.done <- err
		case each == nil:
			w.done <- nil
		default:
			w.done <- each[i]
		}
	}
}

// errPanicked is the outcome of a batch whose write has panicked.
var errPanicked = errors.New("groupcommit: the write panicked")

// safely keeps a panic from leaving everybody in the batch without an answer.
func (g *Group[T]) safely(ctx context.Context, items []T) (each []error, err error) {
	defer func() {
		if v := recover(); v != nil {
			each, err = nil, fmt.Errorf("%w: %v", errPanicked, v)
		}
	}()
	return g.write(ctx, items)
}

// Close takes no new items, and returns when those that it has are answered. It can be called again.
func (g *Group[T]) Close() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.closed = true
	for g.running > 0 {
		g.idle.Wait()
	}
}
