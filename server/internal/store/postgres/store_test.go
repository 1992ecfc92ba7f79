package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
)

// TestMain opens a database if this binary is the second process of a test.
func TestMain(m *testing.M) {
	if address := os.Getenv(openVariable); address != "" {
		os.Exit(runOpen(address))
	}
	os.Exit(m.Run())
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) billing.Store { return mustOpen(t, newDatabase(t)) })
}

// TestSharedDatabase opens one database twice, like several processes.
func TestSharedDatabase(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	storetest.Shared(t, mustOpen(t, database), mustOpen(t, database))
}

// TestConcurrentPaymentsOfOneAccount pays many purchases of one account through two stores: the balance contains all.
func TestConcurrentPaymentsOfOneAccount(t *testing.T) {
	t.Parallel()
	const purchases = 200
	database := newDatabase(t)
	stores := []*Store{mustOpen(t, database), mustOpen(t, database)}
	mustFill(t, stores[0])
	var group sync.WaitGroup
	for i := range purchases {
		group.Go(func() {
			token := fmt.Sprintf("t%d", i)
			if err := stores[i%2].CreatePurchase(context.Background(), purchase(token)); err != nil {
				t.Error(err)
			}
			if _, err := stores[(i+1)%2].Settle(context.Background(), token, billing.StatusPaid, noon); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if balance, err := stores[0].Balance(t.Context(), "acme"); err != nil || balance.Paid != purchases*320 {
		t.Errorf("the balance is %v, %v; want %d", balance, err, purchases*320)
	}
}

// TestResetDuringPayments checks that the balance always equals the sum of the paid purchases.
func TestResetDuringPayments(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newDatabase(t))
	mustFill(t, store)
	done := make(chan struct{})
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				token := fmt.Sprintf("t%d-%d", worker, i)
				if err := store.CreatePurchase(context.Background(), purchase(token)); err != nil {
					t.Error(err)
					return
				}
				if _, err := store.Settle(context.Background(), token, billing.StatusPaid, noon); err != nil && !errors.Is(err, billing.ErrNotFound) {
					t.Error(err)
					return
				}
			}
		})
	}
	conn := connect(t, store.pool.Config().ConnString())
	for range 20 {
		if err := store.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		var balance, sum int64
		err := conn.QueryRow(t.Context(), `SELECT (SELECT balance FROM accounts),
			(SELECT coalesce(sum(amount), 0) FROM purchases WHERE status = 'paid')`).Scan(&balance, &sum)
		if err != nil || balance != sum {
			t.Errorf("the balance is %d, and the sum of the paid purchases is %d: %v", balance, sum, err)
		}
	}
	close(done)
	group.Wait()
}

func TestPoolStats(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	store := mustOpen(t, database)
	conn, err := store.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if inUse, _, most := store.PoolStats(); inUse != 1 || most != maxConns {
		t.Errorf("%d of %d are in use, want 1 of %d", inUse, most, maxConns)
	}
	conn.Release()
	if inUse, idle, _ := store.PoolStats(); inUse != 0 || idle != 1 {
		t.Errorf("%d are in use and %d idle, want 0 and 1", inUse, idle)
	}
	small := mustOpen(t, database+"&pool_max_conns=1")
	if _, _, most := small.PoolStats(); most != 1 {
		t.Errorf("there are at most %d connections, want 1 as in the URL", most)
	}
}

// TestOneConnection migrates a database with a pool of one connection.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	mustFill(t, mustOpen(t, newDatabase(t)+"&pool_max_conns=1"), "t1", "t2")
}

func TestConnectionSettings(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	unsafe := database + "&synchronous_commit=off&default_transaction_isolation=serializable"
	for address, want := range map[string]map[string]string{
		unsafe: {"synchronous_commit": "on", "transaction_isolation": "read committed", "application_name": "sandbox"},
		database + "&synchronous_commit=remote_apply&application_name=other": {"synchronous_commit": "remote_apply", "application_name": "other"},
	} {
		store := mustOpen(t, address)
		for setting, want := range want {
			var got string
			if err := store.pool.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
			}
		}
	}
}

func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]time.Duration{"": connectTimeout, "?connect_timeout=2": 2 * time.Second, "?connect_timeout=0": connectTimeout} {
		config, err := parseURL("postgres://h/db" + query)
		if err != nil || config.ConnConfig.ConnectTimeout != want {
			t.Errorf("%q: %v, %v; want %v", query, config.ConnConfig.ConnectTimeout, err, want)
		}
	}
}

// noon is the time of all purchases of these tests.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newDatabase(t testing.TB) string {
	t.Helper()
	return postgrestest.Shared(t).NewDatabase(t)
}

func mustOpen(t testing.TB, address string) *Store {
	t.Helper()
	store, err := Open(context.Background(), address)
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
	account := billing.Account{ID: "acme", Name: "Acme", Currency: "USD", Active: true, ActivePlan: true}
	if err := store.PutAccount(context.Background(), account); err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if err := store.CreatePurchase(context.Background(), purchase(token)); err != nil {
			t.Fatal(err)
		}
	}
}

func purchase(token string) billing.Purchase {
	return billing.Purchase{Token: token, AccountID: "acme", Amount: 320, Currency: "USD", Status: billing.StatusPending, CreatedAt: noon}
}

// connect returns a connection that belongs to no store.
func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.RawQuery = "sslmode=disable"
	conn, err := pgx.Connect(t.Context(), parsed.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
