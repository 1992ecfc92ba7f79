package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

func TestSingleWriteBeginsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(func(context.Context, []int) ([]error, error) { return nil, nil })
		began := time.Now()
		if err := g.Do(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it waited %v", waited)
		}
	})
}

func TestConcurrentWritesFormBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var batches [][]int
		var observed []Batch
		g := New(func(_ context.Context, items []int) ([]error, error) {
			batches = append(batches, items)
			time.Sleep(time.Second)
			return nil, nil
		}, WithMaxBatch(6), WithObserver(func(b Batch) { observed = append(observed, b) }))
		var group sync.WaitGroup
		for i := range 11 {
			group.Go(func() {
				began := time.Now()
				if err := g.Do(t.Context(), i); err != nil {
					t.Error(err)
				}
				want := time.Second // for its own batch, and for each batch before it
				for range (i + 5) / 6 {
					want += time.Second
				}
				if waited := time.Since(began); waited != want {
					t.Errorf("the item %d took %v, want %v", i, waited, want)
				}
			})
			synctest.Wait()
		}
		group.Wait()
		if got, want := fmt.Sprint(batches), "[[0] [1 2 3 4 5 6] [7 8 9 10]]"; got != want {
			t.Errorf("the batches are %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(observed), "[{1 1s <nil>} {6 1s <nil>} {4 1s <nil>}]"; got != want {
			t.Errorf("the observed batches are %s, want %s", got, want)
		}
	})
}

func TestParallelBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		g := New(func(context.Context, []int) ([]error, error) {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(time.Second)
			running.Add(-1)
			return nil, nil
		}, WithParallel(3))
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() { _ = g.Do(t.Context(), i) })
			synctest.Wait()
		}
		group.Wait()
		if most.Load() != 3 {
			t.Errorf("%d batches were written at a time, want 3", most.Load())
		}
	})
}

func TestEachItemHasItsOwnResult(t *testing.T) {
	t.Parallel()
	odd, all := errors.New("odd"), errors.New("all")
	for name, test := range map[string]struct {
		write func([]int) ([]error, error)
		want  func(item int) error
	}{
		"each": {func(items []int) ([]error, error) {
			errs := make([]error, len(items))
			for i, item := range items {
				if item%2 == 1 {
					errs[i] = odd
				}
			}
			return errs, nil
		}, func(item int) error {
			if item%2 == 1 {
				return odd
			}
			return nil
		}},
		"all":     {func([]int) ([]error, error) { return nil, all }, func(int) error { return all }},
		"panic":   {func([]int) ([]error, error) { panic("broken") }, func(int) error { return errPanicked }},
		"too few": {func([]int) ([]error, error) { return []error{}, nil }, nil},
	} {
		g := New(func(_ context.Context, items []int) ([]error, error) { return test.write(items) })
		var group sync.WaitGroup
		for i := range 64 {
			group.Go(func() {
				err := g.Do(context.Background(), i)
				if test.want == nil && err == nil || test.want != nil && !errors.Is(err, test.want(i)) {
					t.Errorf("%s: the item %d got %v", name, i, err)
				}
			})
		}
		group.Wait()
	}
}

func TestEndedContextWithdrawsAWaitingItem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var written []int
		g := New(func(_ context.Context, items []int) ([]error, error) {
			written = append(written, items...)
			time.Sleep(time.Minute)
			return nil, nil
		})
		ended, end := context.WithCancel(t.Context())
		end()
		if err := g.Do(ended, 0); !errors.Is(err, billing.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("Do with an ended context = %v", err)
		}
		var group sync.WaitGroup
		do := func(item int, limit time.Duration, wants func(error) bool) {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				if err := g.Do(ctx, item); !wants(err) {
					t.Errorf("the item %d got %v", item, err)
				}
			})
			synctest.Wait()
		}
		unknown := func(err error) bool {
			return errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, billing.ErrUnavailable)
		}
		withdrawn := func(err error) bool {
			return errors.Is(err, context.DeadlineExceeded) && errors.Is(err, billing.ErrUnavailable)
		}
		do(1, time.Second, unknown) // in the running batch
		do(2, time.Second, withdrawn)
		do(3, time.Hour, func(err error) bool { return err == nil })
		do(4, 2*time.Second, withdrawn)
		group.Wait()
		if got := fmt.Sprint(written); got != "[1 3]" {
			t.Errorf("%s were written, want [1 3]", got)
		}
	})
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(func(ctx context.Context, _ []int) ([]error, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		began := time.Now()
		if err := g.Do(t.Context(), 1); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != timeLimit {
			t.Errorf("it ended with %v after %v", err, time.Since(began))
		}
	})
}

func TestCloseWaitsForAcceptedItems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(func(context.Context, []int) ([]error, error) {
			time.Sleep(time.Second)
			return nil, nil
		})
		var ended atomic.Int64
		for i := range 5 {
			go func() {
				if err := g.Do(t.Context(), i); err != nil {
					t.Error(err)
				}
				ended.Add(1)
			}()
		}
		synctest.Wait()
		for range 2 {
			g.Close()
			synctest.Wait()
			if ended.Load() != 5 {
				t.Errorf("%d calls had ended when Close returned, want 5", ended.Load())
			}
		}
		if err := g.Do(t.Context(), 9); !errors.Is(err, billing.ErrStoreClosed) {
			t.Errorf("Do after Close = %v", err)
		}
	})
}
