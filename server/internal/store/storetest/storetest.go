// Package storetest is the conformance suite of billing.Store. It checks the comments of that interface through its
// methods alone. The tests of each store call Run, once per way to open the store.
package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// test checks one rule of a store.
type test struct {
	name string
	run  func(t testing.TB, store billing.Store)
}

func tests() []test {
	return slices.Concat(accountTests, keyTests, purchaseTests, settleTests, lifecycleTests)
}

// Run tests the stores that open returns. Each call of open returns a new, empty store, which Run closes.
func Run(t *testing.T, open func(t testing.TB) billing.Store) {
	t.Helper()
	for _, test := range tests() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
			test.run(t, store)
		})
	}
}

// Shared tests stores that are open on one empty database, as in several processes: of a thousand concurrent payments
// of one purchase one counts.
func Shared(t testing.TB, stores ...billing.Store) {
	t.Helper()
	const payments = 1000
	p := purchase(0, noon)
	put(t, stores[0], acme)
	create(t, stores[0], p)
	wantOneSuccess(t, billing.ErrSettled, payments, func(i int) error {
		got, err := stores[i%len(stores)].Settle(t.Context(), p.Token, billing.StatusPaid, noon)
		if got.Status != billing.StatusPaid {
			t.Errorf("Settle = %v, want a paid purchase", got)
		}
		return err
	})
	for _, store := range stores {
		wantBalances(t, store, billing.Balance{Account: acme, Paid: p.Amount})
	}
}

// acme is an account that most tests store first.
var acme = billing.Account{ID: "acme", Name: "Acme & Søns", Currency: "USD", Active: true, ActivePlan: true}

// globex is a second account, which differs from acme in every field.
var globex = billing.Account{ID: "globex", Name: "Globex", Currency: "EUR"}

// initech is an account that is not stored when a test begins.
var initech = billing.Account{ID: "initech", Name: "Initech", Currency: "GBP", Active: true}

// put stores an account, and stops the test if that fails.
func put(t testing.TB, store billing.Store, account billing.Account, keys ...billing.Key) {
	t.Helper()
	if err := store.PutAccount(t.Context(), account, keys...); err != nil {
		t.Fatalf("PutAccount(%s) = %v", account.ID, err)
	}
}

// create stores a purchase, and stops the test if that fails.
func create(t testing.TB, store billing.Store, purchase billing.Purchase) {
	t.Helper()
	if err := store.CreatePurchase(t.Context(), purchase); err != nil {
		t.Fatalf("CreatePurchase(%s) = %v", purchase, err)
	}
}

// wantError checks the result of a call that returns no value.
func wantError(t testing.TB, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}

// wantOneSuccess makes concurrent calls: one succeeds and all others fail with want.
func wantOneSuccess(t testing.TB, want error, calls int, call func(i int) error) {
	t.Helper()
	results := make([]error, calls)
	concurrently(calls, func(i int) { results[i] = call(i) })
	succeeded := 0
	for _, err := range results {
		if err == nil {
			succeeded++
		} else {
			wantError(t, "a concurrent call", err, want)
		}
	}
	if succeeded != 1 {
		t.Errorf("%d concurrent calls succeeded, want 1", succeeded)
	}
}

// concurrently calls do in n goroutines, and returns when all have ended.
func concurrently(n int, do func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { do(i) })
	}
	group.Wait()
}
