package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
)

// patience is how long one step may take on a busy machine.
const patience = 60 * time.Second

// TestMain makes this binary the second process of the tests that need one.
func TestMain(m *testing.M) {
	if address := os.Getenv(openVariable); address != "" {
		os.Exit(runOpen(address))
	}
	os.Exit(m.Run())
}

func TestStore(t *testing.T) {
	t.Parallel()
	databases := &emptied{suite: t}
	storetest.Run(t, func(t testing.TB) billing.Store { return databases.open(t) })
}

// TestPaymentsByManyStores pays one purchase through two stores of one database, as several processes
// that share it do: it counts once.
func TestPaymentsByManyStores(t *testing.T) {
	t.Parallel()
	const payments = 1000
	database := newDatabase(t)
	stores := []*Store{mustOpen(t, database), mustOpen(t, database)}
	mustFill(t, stores[0], "t")
	var paid atomic.Int64
	var group sync.WaitGroup
	for i := range payments {
		group.Go(func() {
			got, err := stores[i%2].Settle(context.Background(), "t", billing.StatusPaid, noon)
			switch {
			case err == nil:
				paid.Add(1)
			case !errors.Is(err, billing.ErrSettled):
				t.Errorf("Settle = %v, want ErrSettled", err)
			}
			if got.Status != billing.StatusPaid {
				t.Errorf("the purchase is %v", got)
			}
		})
	}
	group.Wait()
	for _, store := range stores {
		if balance, err := store.Balance(t.Context(), "acme"); err != nil || paid.Load() != 1 || balance.Paid != 320 {
			t.Errorf("%d were told that they paid, and the balance is %v, %v", paid.Load(), balance, err)
		}
	}
}

// TestPaymentsOfOneAccountAddUp pays many purchases of one account at once: each waits for the account
// that the one before it has changed, and adds to what that has left.
func TestPaymentsOfOneAccountAddUp(t *testing.T) {
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

// TestAResetLeavesNoHalf resets while purchases are made and paid: balances are what is paid at any time.
func TestAResetLeavesNoHalf(t *testing.T) {
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
			t.Errorf("the balance is %d, and %d are paid: %v", balance, sum, err)
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
		t.Errorf("there are at most %d, want what the URL says", most)
	}
}

// TestOneConnectionIsEnough makes the tables by a pool of one.
func TestOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	mustFill(t, mustOpen(t, newDatabase(t)+"&pool_max_conns=1"), "t1", "t2")
}

func TestConnectionsAreSafe(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	weak := database + "&synchronous_commit=off&default_transaction_isolation=serializable"
	for address, want := range map[string]map[string]string{
		weak: {"synchronous_commit": "on", "transaction_isolation": "read committed", "application_name": "sandbox"},
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

func TestTheTimeIsLimited(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]time.Duration{"": connectTimeout, "?connect_timeout=2": 2 * time.Second, "?connect_timeout=0": connectTimeout} {
		config, err := parseURL("postgres://h/db" + query)
		if err != nil || config.ConnConfig.ConnectTimeout != want {
			t.Errorf("%q: %v, %v; want %v", query, config.ConnConfig.ConnectTimeout, err, want)
		}
	}
}

// noon is when purchases of these tests are made.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newDatabase(t testing.TB) string {
	t.Helper()
	return postgrestest.Shared(t).NewDatabase(t)
}

// emptied are databases for tests that want one in which there is nothing. One that a test before is done
// with is emptied and used again, as making one and its tables takes longer than most tests do.
type emptied struct {
	suite *testing.T // which outlives the tests

	lock sync.Mutex
	done []string
}

func (e *emptied) open(t testing.TB) *Store {
	t.Helper()
	address, used := e.take(t)
	t.Cleanup(func() { // once the store is closed
		if t.Failed() {
			return
		}
		e.lock.Lock()
		defer e.lock.Unlock()
		e.done = append(e.done, address)
	})
	store := mustOpen(t, address)
	if !used {
		return store
	}
	const all = `SELECT string_agg(quote_ident(relname), ', ') FROM pg_class
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname <> $1`
	var tables string
	err := store.pool.QueryRow(t.Context(), all, schema.VersionTable).Scan(&tables)
	if err == nil {
		_, err = store.pool.Exec(t.Context(), "TRUNCATE "+tables+" RESTART IDENTITY")
	}
	if err != nil {
		t.Fatalf("empty a database: %v", err)
	}
	return store
}

// take returns the address of a database that no other test uses.
func (e *emptied) take(t testing.TB) (address string, used bool) {
	t.Helper()
	e.lock.Lock()
	defer e.lock.Unlock()
	if last := len(e.done) - 1; last >= 0 {
		address, e.done = e.done[last], e.done[:last]
		return address, true
	}
	return newDatabase(e.suite), false
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

// mustFill stores an account and purchases of it.
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

// connect returns a connection beside all stores.
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
