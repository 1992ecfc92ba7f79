// Package groupcommit combines concurrent writes into batches: one transaction and one flush to disk serve many
// callers, and each caller waits until its own write is durable. A single write begins at once. Writes that arrive
// during a batch form the next batch, so batches grow with the load and no write waits for a timer.
package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// timeLimit is the time limit for the writing of a batch.
const timeLimit = 15 * time.Second

// Write makes items durable in one step. It returns one error per item, in the order of the items and nil for durable
// ones, or an error that concerns all items. Its context ends after 15 seconds and is independent of
// the contexts of the callers.
type Write[T any] func(ctx context.Context, items []T) ([]error, error)

// Group collects the items of many callers for one Write. It is safe for concurrent use.
type Group[T any] struct {
	write    Write[T]
	settings settings
	workers  sync.WaitGroup

	lock    sync.Mutex // of the fields below
	queue   []*entry[T]
	running int // workers
	closed  bool
}

// entry is an item and the result that its caller waits for.
type entry[T any] struct {
	item   T
	result chan error
}

// New returns a group that writes with write.
func New[T any](write Write[T], options ...Option) *Group[T] {
	g := &Group[T]{write: write, settings: defaultSettings()}
	for _, option := range options {
		option(&g.settings)
	}
	return g
}

// Do writes an item together with those of other callers, and returns once the item is durable.
//
// If ctx ends before the batch of the item begins, the item is not written, and the error wraps the error of ctx and
// billing.ErrUnavailable. If ctx ends later, the batch continues: Do returns the error of ctx alone, and the item may
// become durable. After Close Do fails with billing.ErrStoreClosed.
func (g *Group[T]) Do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return notBegun(err)
	}
	e := &entry[T]{item: item, result: make(chan error, 1)}
	if !g.enqueue(e) {
		return billing.ErrStoreClosed
	}
	select {
	case err := <-e.result:
		return err
	case <-ctx.Done():
	}
	if g.withdraw(e) {
		return notBegun(ctx.Err())
	}
	select {
	case err := <-e.result: // the batch has just ended
		return err
	default:
		return ctx.Err()
	}
}

func notBegun(reason error) error {
	return fmt.Errorf("%w: the write has not begun: %w", billing.ErrUnavailable, reason)
}

// enqueue adds an entry, and starts another worker if the settings allow it. It returns false after Close.
func (g *Group[T]) enqueue(e *entry[T]) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.closed {
		return false
	}
	g.queue = append(g.queue, e)
	if g.running < g.settings.parallel {
		g.running++
		g.workers.Go(g.work)
	}
	return true
}

// withdraw removes an entry from the queue. It returns false if a batch contains the entry.
func (g *Group[T]) withdraw(e *entry[T]) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	i := slices.Index(g.queue, e)
	if i < 0 {
		return false
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	return true
}

// work writes batches until the queue is empty.
func (g *Group[T]) work() {
	for batch := g.next(); len(batch) > 0; batch = g.next() {
		g.commit(batch)
	}
}

// next removes the next batch from the queue. If the queue is empty, the worker ends.
func (g *Group[T]) next() []*entry[T] {
	g.lock.Lock()
	defer g.lock.Unlock()
	n := min(len(g.queue), g.settings.maxBatch)
	if n == 0 {
		g.running--
		return nil
	}
	batch := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	return batch
}

// commit writes a batch and sends the results to its callers.
func (g *Group[T]) commit(batch []*entry[T]) {
	items := make([]T, len(batch))
	for i, e := range batch {
		items[i] = e.item
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	began := time.Now()
	each, err := g.recoverWrite(ctx, items)
	if err == nil && each != nil && len(each) != len(items) {
		err = fmt.Errorf("groupcommit: the write returned %d results for %d items", len(each), len(items))
	}
	g.settings.observe(Batch{Size: len(items), Took: time.Since(began), Err: err})
	for i, e := range batch {
		if err == nil && each != nil {
			e.result <- each[i]
		} else {
			e.result <- err
		}
	}
}

// errPanicked is the error of a batch whose write panicked.
var errPanicked = errors.New("groupcommit: the write panicked")

// recoverWrite turns a panic of the write into an error, so that the callers of the batch get a result.
func (g *Group[T]) recoverWrite(ctx context.Context, items []T) (each []error, err error) {
	defer func() {
		if v := recover(); v != nil {
			each, err = nil, fmt.Errorf("%w: %v", errPanicked, v)
		}
	}()
	return g.write(ctx, items)
}

// Close accepts no further items, and returns when the accepted ones have their results. Further calls wait too.
func (g *Group[T]) Close() {
	g.lock.Lock()
	g.closed = true
	g.lock.Unlock()
	g.workers.Wait()
}
