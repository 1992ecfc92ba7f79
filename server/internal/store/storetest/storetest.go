// Package storetest is the suite that every billing.Store passes: what that interface's comments
// promise, checked through its methods alone. A store's own tests call Run, once for each way to
// open it.
package storetest

import (
	"context"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Run tests the stores that open returns. Each call of open returns a new, empty store, which Run
// closes.
func Run(t *testing.T, open func(t testing.TB) billing.Store) {
	t.Helper()
	for _, group := range [][]test{accountTests, adminTests, purchaseTests, settleTests, concurrencyTests, lifecycleTests} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				t.Cleanup(func() {
					if err := store.Close(); err != nil {
						t.Errorf("close the store: %v", err)
					}
				})
				test.run(t, store)
			})
		}
	}
}

// test is one promise of a store.
type test struct {
	name string
	run  func(t testing.TB, store billing.Store)
}

// acme is an account that tests put into their store first.
var acme = billing.Account{ID: "acme", Name: "Acme & Søns", Currency: "USD", Active: true, ActivePlan: true}

// globex is a second account, which differs from acme in everything.
var globex = billing.Account{ID: "globex", Name: "Globex", Currency: "EUR"}

// initech is an account that no test puts into its store first.
var initech = billing.Account{ID: "initech", Name: "Initech", Currency: "GBP", Active: true}

// put stores an account, and stops the test when that fails.
func put(t testing.TB, store billing.Store, account billing.Account, keys ...billing.Key) {
	t.Helper()
	if err := store.PutAccount(context.Background(), account, keys...); err != nil {
		t.Fatalf("PutAccount(%s) = %v", account.ID, err)
	}
}

// create stores a purchase, and stops the test when that fails.
func create(t testing.TB, store billing.Store, purchase billing.Purchase) {
	t.Helper()
	if err := store.CreatePurchase(context.Background(), purchase); err != nil {
		t.Fatalf("CreatePurchase(%s) = %v", purchase, err)
	}
}
