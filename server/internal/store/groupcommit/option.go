package groupcommit

import "time"

// Option changes how a Group works.
type Option func(*settings)

// WithParallel sets how many batches are written at a time. The default is 1; more help only where several writes can
// run at once.
func WithParallel(batches int) Option {
	return func(s *settings) { s.parallel = max(1, batches) }
}

// WithMaxBatch sets the maximum number of items in a batch. The default is 256.
func WithMaxBatch(items int) Option {
	return func(s *settings) { s.maxBatch = max(1, items) }
}

// WithObserver sets a function that is called after the writing of each batch, before its callers get their results.
// The default does nothing.
func WithObserver(observe func(Batch)) Option {
	return func(s *settings) {
		if observe != nil {
			s.observe = observe
		}
	}
}

// Batch describes a written batch.
type Batch struct {
	// Size is the number of items.
	Size int
	// Took is the duration of the write.
	Took time.Duration
	// Err is the error that concerns all items. It is nil if any item may be durable.
	Err error
}

type settings struct {
	parallel int
	maxBatch int
	observe  func(Batch)
}

func defaultSettings() settings {
	return settings{parallel: 1, maxBatch: 256, observe: func(Batch) {}}
}
