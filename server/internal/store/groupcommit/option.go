package groupcommit

import "time"

// Option changes how a Group works.
type Option func(*settings)

// WithParallel sets how many batches are written at a time. The default is 1; more only help where
// several writes can be under way at once.
func WithParallel(batches int) Option {
	return func(s *settings) { s.parallel = max(1, batches) }
}

// WithMaxBatch sets how many items a batch holds at most. The default is 256.
func WithMaxBatch(items int) Option {
	return func(s *settings) { s.maxBatch = max(1, items) }
}

// WithTimeLimit sets how long the writing of a batch may take. The default is 15 seconds.
func WithTimeLimit(d time.Duration) Option {
	return func(s *settings) { s.timeLimit = d }
}

// WithObserver sets what is told of each batch once it is written, before its callers are answered. By
// default nobody is.
func WithObserver(observe func(Batch)) Option {
	return func(s *settings) {
		if observe != nil {
			s.observe = observe
		}
	}
}

// Batch is what an observer is told.
type Batch struct {
	// Size is how many items were written together.
	Size int
	// Took is how long it took.
	Took time.Duration
	// Err is why none of them is durable. It is nil when any may be.
	Err error
}

type settings struct {
	parallel  int
	maxBatch  int
	timeLimit time.Duration
	observe   func(Batch)
}

func defaultSettings() settings {
	return settings{parallel: 1, maxBatch: 256, timeLimit: 15 * time.Second, observe: func(Batch) {}}
}
