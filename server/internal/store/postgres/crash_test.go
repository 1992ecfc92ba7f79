package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

// ledger is what was told of purchases that many make at once.
type ledger struct {
	lock   sync.Mutex
	stored map[string]bool // acknowledged
	not    map[string]bool // refused for sure
}

// buy stores purchases until it is done, whatever becomes of them.
func (l *ledger) buy(store billing.Store, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		token := rand.Text()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := store.CreatePurchase(ctx, purchase(token))
		cancel()
		l.lock.Lock()
		switch {
		case err == nil:
			l.stored[token] = true
		case errors.Is(err, billing.ErrUnavailable):
			l.not[token] = true
		}
		l.lock.Unlock()
		if err != nil { // a server that starts is not kept from it
			select {
			case <-done:
			case <-time.After(250 * time.Millisecond):
			}
		}
	}
}

func (l *ledger) count() int {
	l.lock.Lock()
	defer l.lock.Unlock()
	return len(l.stored)
}

// TestAKilledServerLosesNoPurchase kills the server while purchases are made, several times. The Store
// goes on by itself.
func TestAKilledServerLosesNoPurchase(t *testing.T) {
	t.Parallel()
	const rounds, purchases = 3, 200
	server := postgrestest.Start(t)
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store)
	l := &ledger{stored: map[string]bool{}, not: map[string]bool{}}
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() { l.buy(store, done) })
	}
	for range rounds {
		before := l.count()
		eventually(t, func() bool { return l.count() >= before+purchases })
		server.Kill(t)
		server.Restart(t)
	}
	before := l.count()
	eventually(t, func() bool { return l.count() >= before+purchases })
	close(done)
	group.Wait()
	found := map[string]int{}
	list, err := store.Purchases(t.Context(), billing.Page{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		found[p.Token]++
	}
	for token := range l.stored {
		if found[token] != 1 {
			t.Errorf("a purchase that was acknowledged is there %d times", found[token])
		}
	}
	for token := range l.not {
		if found[token] != 0 {
			t.Error("a purchase of which nothing was kept is there")
		}
	}
	t.Logf("%d purchases were acknowledged, %d refused, %d are there", len(l.stored), len(l.not), len(found))
}

// TestARestartIsNotNoticed restarts the server while nothing is under way: the connections that wait in
// the pool are dead, and no statement is lost on them.
func TestARestartIsNotNoticed(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store, "t0")
	for name, end := range map[string]func(testing.TB){"killed": server.Kill, "stopped": func(testing.TB) {}} {
		var group sync.WaitGroup
		for range 8 { // connections for them all
			group.Go(func() {
				if _, err := store.pool.Exec(context.Background(), "SELECT pg_sleep(0.05)"); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		end(t)
		server.Restart(t)
		for range 8 {
			if err := store.CreatePurchase(t.Context(), purchase(rand.Text())); err != nil {
				t.Errorf("%s: CreatePurchase = %v", name, err)
			}
			if _, err := store.Purchase(t.Context(), "t0"); err != nil {
				t.Errorf("%s: Purchase = %v", name, err)
			}
		}
	}
}

func TestAServerThatIsDownIsUnavailable(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store)
	server.Kill(t)
	for name, err := range calls(t.Context(), store) {
		if !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("%s = %v, want ErrUnavailable", name, err)
		}
	}
	server.Restart(t)
	if err := store.CreatePurchase(t.Context(), purchase("t")); err != nil {
		t.Errorf("after it CreatePurchase = %v", err)
	}
}

// TestOpenWaitsForAServerThatStarts opens while there is no server yet.
func TestOpenWaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	database := server.NewDatabase(t)
	server.Kill(t)
	opened := make(chan error, 1)
	go func() {
		store, err := Open(context.Background(), database)
		if err == nil {
			err = store.Close()
		}
		opened <- err
	}()
	server.Restart(t)
	if err := <-opened; err != nil {
		t.Errorf("Open = %v", err)
	}
}

// TestAPausedServerHoldsNobody stops the server in its tracks: calls end when their contexts do.
func TestAPausedServerHoldsNobody(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store, "t0")
	server.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	for name, err := range calls(ctx, store) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s = %v, want context.DeadlineExceeded", name, err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("calls with 300 ms took %v", took)
	}
	server.Resume(t)
	eventually(t, func() bool { return store.CreatePurchase(t.Context(), purchase(rand.Text())) == nil })
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("after the pause Ping = %v", err)
	}
}

// calls does one thing of each kind at once.
func calls(ctx context.Context, store *Store) map[string]error {
	var lock sync.Mutex
	var group sync.WaitGroup
	errs := map[string]error{}
	for name, call := range map[string]func() error{
		"Ping":           func() error { return store.Ping(ctx) },
		"Purchase":       func() error { _, err := store.Purchase(ctx, "t0"); return err },
		"CreatePurchase": func() error { return store.CreatePurchase(ctx, purchase(rand.Text())) },
		"Settle":         func() error { _, err := store.Settle(ctx, "t0", billing.StatusPaid, noon); return err },
		"Reset":          func() error { return store.Reset(ctx) },
		"Purchases":      func() error { _, err := store.Purchases(ctx, billing.Page{Limit: 1}); return err },
	} {
		group.Go(func() {
			err := call()
			lock.Lock()
			defer lock.Unlock()
			errs[name] = err
		})
	}
	group.Wait()
	return errs
}

// eventually waits until something is so.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("it did not happen within %v", patience)
		}
	}
}
