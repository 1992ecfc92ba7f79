package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
)

// TestMain runs a task if this binary is the second process of a test.
func TestMain(m *testing.M) {
	if task := os.Getenv(taskVariable); task != "" {
		os.Exit(runTask(task))
	}
	os.Exit(m.Run())
}

func TestStoreInFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) billing.Store { return mustOpen(t, newPath(t)) })
}

func TestStoreInMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) billing.Store { return mustOpen(t, Memory) })
}

// TestSharedFile opens one file four times, like several processes.
func TestSharedFile(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	storetest.Shared(t, mustOpen(t, path), mustOpen(t, path), mustOpen(t, path), mustOpen(t, path))
}

func TestMemoryIsPrivate(t *testing.T) {
	t.Parallel()
	first, second := mustOpen(t, Memory), mustOpen(t, Memory)
	mustFill(t, first, "t1")
	if tokens := tokensOf(t, second); len(tokens) != 0 {
		t.Errorf("an in-memory database contains the purchases of another: %v", tokens)
	}
	if _, err := os.Stat(Memory); err == nil {
		t.Errorf("an in-memory database created the file %s", Memory)
	}
}

func TestReadsDoNotWaitForAWriter(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newPath(t))
	mustFill(t, store, "t1")
	tx, err := store.writer.BeginTx(context.Background(), nil) // it takes the write lock
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "UPDATE purchases SET amount = 99"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), busyTimeout-time.Second)
	defer cancel()
	got, err := store.Purchase(ctx, "t1")
	if err != nil || got.Amount != 320 {
		t.Errorf("Purchase during a write = %v, %v; want the committed purchase", got, err)
	}
	if err := store.Ping(ctx); err != nil {
		t.Errorf("Ping during a write = %v", err)
	}
}

func TestOpenDoesNotWaitForAWriter(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	store := mustOpen(t, path)
	tx, err := store.writer.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	ctx, cancel := context.WithTimeout(context.Background(), busyTimeout-time.Second)
	defer cancel()
	second, err := Open(ctx, path)
	if err != nil {
		t.Fatalf("Open during a write = %v", err)
	}
	begin := time.Now()
	if err := second.Close(); err != nil {
		t.Errorf("Close during a write = %v", err)
	}
	if took := time.Since(begin); took > busyTimeout/2 {
		t.Errorf("Close during a write took %v", took)
	}
}

func TestWriterWaitsUntilTheEndOfItsContext(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	first, second := mustOpen(t, path), mustOpen(t, path) // like two processes
	mustFill(t, first, "t1")
	tx, err := first.writer.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := second.CreatePurchase(ctx, purchase("t2")); err == nil {
		t.Error("CreatePurchase succeeded during a write of another store")
	}
	if took := time.Since(begin); took > busyTimeout/2 {
		t.Errorf("CreatePurchase with a context of 50 ms took %v", took)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := second.CreatePurchase(context.Background(), purchase("t3")); err != nil {
		t.Errorf("CreatePurchase after the write = %v", err)
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	store, other := mustOpen(t, path), mustOpen(t, path) // the other store keeps SQLite from emptying its log
	mustFill(t, store, "t1", "t2")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	copied := newPath(t)
	bytes, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tokensOf(t, mustOpen(t, copied)); len(got) != 2 {
		t.Errorf("the file alone contains %v, want both purchases", got)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + suffix); !os.IsNotExist(err) {
			t.Errorf("the file %s%s still exists: %v", filepath.Base(path), suffix, err)
		}
	}
}

func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "sandbox.db")
}

func mustOpen(t testing.TB, path string) *Store {
	t.Helper()
	store, err := Open(context.Background(), path)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return store
}

// mustFill stores an account and its purchases.
func mustFill(t testing.TB, store billing.Store, tokens ...string) {
	t.Helper()
	if err := fill(store, tokens...); err != nil {
		t.Fatal(err)
	}
}

func fill(store billing.Store, tokens ...string) error {
	account := billing.Account{ID: "acme", Name: "Acme", Currency: "USD", Active: true, ActivePlan: true}
	if err := store.PutAccount(context.Background(), account); err != nil {
		return err
	}
	for _, token := range tokens {
		if err := store.CreatePurchase(context.Background(), purchase(token)); err != nil {
			return err
		}
	}
	return nil
}

func purchase(token string) billing.Purchase {
	return billing.Purchase{
		Token: token, AccountID: "acme", Amount: 320, Currency: "USD", Status: billing.StatusPending,
		CreatedAt: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	}
}

func tokensOf(t testing.TB, store billing.Store) map[string]int {
	t.Helper()
	purchases, err := store.Purchases(context.Background(), billing.Page{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]int{}
	for _, p := range purchases {
		tokens[p.Token]++
	}
	return tokens
}

// TestEndedTransaction checks the error of a transaction after the end of its context.
func TestEndedTransaction(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, Memory)
	ctx, cancel := context.WithCancel(t.Context())
	if err := store.wrap(ctx, "test", sql.ErrTxDone); errors.Is(err, context.Canceled) || !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("ErrTxDone without an ended context = %v", err)
	}
	cancel()
	if err := store.wrap(ctx, "test", sql.ErrTxDone); !errors.Is(err, context.Canceled) {
		t.Errorf("ErrTxDone with an ended context = %v", err)
	}
}
