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

// TestServerFailures kills, restarts and pauses one server, because the start of a server takes seconds.
func TestServerFailures(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	for name, test := range map[string]func(*testing.T, *postgrestest.Server){
		"a killed server loses no purchase":          testKilledServer,
		"a restart of an idle server breaks no call": testRestartWhileIdle,
		"calls without a server are unavailable":     testServerDown,
		"Open waits for a server that starts":        testOpenDuringStart,
		"calls to a paused server end in time":       testPausedServer,
	} {
		t.Run(name, func(t *testing.T) { test(t, server) })
	}
}

// results are the purchases of concurrent buyers.
type results struct {
	lock    sync.Mutex
	stored  map[string]bool // CreatePurchase succeeded
	refused map[string]bool // CreatePurchase failed with ErrUnavailable
}

// buy stores purchases until done is closed, and continues after errors.
func (r *results) buy(store billing.Store, done <-chan struct{}) {
	for {
		token := rand.Text()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := store.CreatePurchase(ctx, purchase(token))
		cancel()
		pause := time.Duration(0)
		r.lock.Lock()
		switch {
		case err == nil:
			r.stored[token] = true
		case errors.Is(err, billing.ErrUnavailable):
			r.refused[token] = true
		}
		r.lock.Unlock()
		if err != nil {
			pause = 250 * time.Millisecond // so that the server can start
		}
		select {
		case <-done:
			return
		case <-time.After(pause):
		}
	}
}

func (r *results) count() int {
	r.lock.Lock()
	defer r.lock.Unlock()
	return len(r.stored)
}

// testKilledServer kills the server several times while a store is in use.
func testKilledServer(t *testing.T, server *postgrestest.Server) {
	const rounds, purchases = 3, 200
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store)
	r := &results{stored: map[string]bool{}, refused: map[string]bool{}}
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() { r.buy(store, done) })
	}
	for range rounds {
		before := r.count()
		eventually(t, func() bool { return r.count() >= before+purchases })
		server.Kill(t)
		server.Restart(t)
	}
	before := r.count()
	eventually(t, func() bool { return r.count() >= before+purchases })
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
	for token := range r.stored {
		if found[token] != 1 {
			t.Errorf("an acknowledged purchase is stored %d times", found[token])
		}
	}
	for token := range r.refused {
		if found[token] != 0 {
			t.Error("a purchase that failed with ErrUnavailable is stored")
		}
	}
	t.Logf("%d purchases were acknowledged, %d refused, %d are stored", len(r.stored), len(r.refused), len(found))
}

// testRestartWhileIdle restarts the server between calls: no call fails on the broken connections of the pool.
func testRestartWhileIdle(t *testing.T, server *postgrestest.Server) {
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store, "t0")
	for name, end := range map[string]func(testing.TB){"killed": server.Kill, "stopped": func(testing.TB) {}} {
		var group sync.WaitGroup
		for range 8 { // opens 8 connections
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

func testServerDown(t *testing.T, server *postgrestest.Server) {
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store)
	server.Kill(t)
	for name, err := range callAll(t.Context(), store) {
		if !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("%s = %v, want ErrUnavailable", name, err)
		}
	}
	server.Restart(t)
	if err := store.CreatePurchase(t.Context(), purchase("t")); err != nil {
		t.Errorf("after the restart CreatePurchase = %v", err)
	}
}

func testOpenDuringStart(t *testing.T, server *postgrestest.Server) {
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

func testPausedServer(t *testing.T, server *postgrestest.Server) {
	store := mustOpen(t, server.NewDatabase(t))
	mustFill(t, store, "t0")
	server.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	for name, err := range callAll(ctx, store) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s = %v, want context.DeadlineExceeded", name, err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("calls with a context of 300 ms took %v", took)
	}
	server.Resume(t)
	eventually(t, func() bool { return store.CreatePurchase(t.Context(), purchase(rand.Text())) == nil })
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("after the pause Ping = %v", err)
	}
}

// callAll makes concurrent calls, one of each kind, and returns their errors.
func callAll(ctx context.Context, store *Store) map[string]error {
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

// eventually waits until a condition is true.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	const limit = 60 * time.Second
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the condition is not true within %v", limit)
		}
	}
}
