package storetest

import (
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var settleTests = []test{
	{"a paid purchase is added to the balance of its account", testPay},
	{"a cancelled purchase is not added to the balance", testCancel},
	{"a purchase is settled once", testSettleAgain},
	{"an unknown purchase is not settled", testSettleUnknown},
	{"of a thousand concurrent payments one counts", func(t testing.TB, store billing.Store) { Shared(t, store) }},
	{"a reset keeps accounts and keys only", testReset},
}

func testPay(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	other := purchase(1, noon)
	create(t, store, other)
	for i, at := range []time.Time{noon.Add(time.Microsecond), noon.Add(23 * time.Hour).In(time.FixedZone("UTC+1", 60*60))} {
		paid := purchase(2+i, noon)
		create(t, store, paid)
		paid.Status, paid.SettledAt = billing.StatusPaid, at.UTC()
		wantSettled(t, store, paid, at)
	}
	wantBalances(t, store, billing.Balance{Account: acme, Paid: 17 + 18}, billing.Balance{Account: globex})
	wantPurchase(t, store, other)
}

func testCancel(t testing.TB, store billing.Store) {
	put(t, store, acme)
	cancelled := purchase(0, noon)
	create(t, store, cancelled)
	cancelled.Status, cancelled.SettledAt = billing.StatusCancelled, noon.Add(time.Second)
	wantSettled(t, store, cancelled, cancelled.SettledAt)
	wantBalances(t, store, billing.Balance{Account: acme})
}

// wantSettled settles a purchase, and checks the result.
func wantSettled(t testing.TB, store billing.Store, want billing.Purchase, at time.Time) {
	t.Helper()
	if got, err := store.Settle(t.Context(), want.Token, want.Status, at); err != nil || got != want {
		t.Errorf("Settle = %v, %v; want %v", got, err, want)
	}
	wantPurchase(t, store, want)
}

func testSettleAgain(t testing.TB, store billing.Store) {
	put(t, store, acme)
	statuses := []billing.Status{billing.StatusPaid, billing.StatusCancelled}
	for i, first := range statuses {
		p := purchase(i, noon)
		create(t, store, p)
		p.Status, p.SettledAt = first, noon.Add(time.Second)
		wantSettled(t, store, p, p.SettledAt)
		for _, second := range statuses {
			got, err := store.Settle(t.Context(), p.Token, second, noon.Add(time.Minute))
			wantError(t, "Settle of a settled purchase", err, billing.ErrSettled)
			if got != p {
				t.Errorf("Settle of a settled purchase = %v, want %v", got, p)
			}
			wantPurchase(t, store, p)
		}
	}
	wantBalances(t, store, billing.Balance{Account: acme, Paid: 15})
}

func testSettleUnknown(t testing.TB, store billing.Store) {
	put(t, store, acme)
	create(t, store, purchase(0, noon))
	for _, unknown := range []string{"", token(1), "%"} {
		got, err := store.Settle(t.Context(), unknown, billing.StatusPaid, noon)
		wantError(t, "Settle of an unknown purchase", err, billing.ErrNotFound)
		if got != (billing.Purchase{}) {
			t.Errorf("Settle(%q) = %v, want the zero value", unknown, got)
		}
	}
	wantBalances(t, store, billing.Balance{Account: acme})
}

func testReset(t testing.TB, store billing.Store) {
	stored := key("api:acme", 1, acme)
	put(t, store, acme, stored)
	pay(t, store, purchase(0, noon))
	create(t, store, purchase(1, noon))
	wantError(t, "Reset", store.Reset(t.Context()), nil)
	wantPurchases(t, store, billing.Page{Limit: 10}, nil)
	wantBalances(t, store, billing.Balance{Account: acme})
	wantKey(t, store, stored, acme)
	create(t, store, purchase(0, noon)) // its token is unused again
}

// pay stores a purchase and pays it, and stops the test if that fails.
func pay(t testing.TB, store billing.Store, p billing.Purchase) {
	t.Helper()
	create(t, store, p)
	if _, err := store.Settle(t.Context(), p.Token, billing.StatusPaid, p.CreatedAt.Add(time.Second)); err != nil {
		t.Fatalf("Settle(%s) = %v", p, err)
	}
}
