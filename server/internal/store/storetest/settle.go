package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var settleTests = []test{
	{"a paid purchase is in its account's balance", testPay},
	{"a cancelled purchase is in no balance", testCancel},
	{"a purchase is settled once", testSettleAgain},
	{"an unknown purchase cannot be settled", testSettleUnknown},
	{"of a thousand payments at once one counts", testSettleAtOnce},
	{"balances are listed by the page", testBalancePages},
	{"an account put again keeps its balance", testPutKeepsBalance},
	{"a reset leaves accounts and keys, and nothing else", testReset},
}

func testPay(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	other := purchase(1, noon)
	create(t, store, other)
	for i, at := range []time.Time{noon.Add(time.Microsecond), noon.Add(23 * time.Hour).In(time.FixedZone("elsewhere", 60*60))} {
		paid := purchase(2+i, noon)
		create(t, store, paid)
		paid.Status, paid.SettledAt = billing.StatusPaid, at.UTC()
		if got, err := store.Settle(context.Background(), paid.Token, billing.StatusPaid, at); err != nil || got != paid {
			t.Errorf("Settle = %v, %v; want %v", got, err, paid)
		}
		if got, err := store.Purchase(context.Background(), paid.Token); err != nil || got != paid {
			t.Errorf("Purchase = %v, %v; want %v", got, err, paid)
		}
	}
	wantBalances(t, store, billing.Balance{Account: acme, Paid: 17 + 18}, billing.Balance{Account: globex})
	if got, err := store.Purchase(context.Background(), other.Token); err != nil || got != other {
		t.Errorf("another purchase became %v, %v; want %v", got, err, other)
	}
}

func testCancel(t testing.TB, store billing.Store) {
	put(t, store, acme)
	cancelled := purchase(0, noon)
	create(t, store, cancelled)
	cancelled.Status, cancelled.SettledAt = billing.StatusCancelled, noon.Add(time.Second)
	got, err := store.Settle(context.Background(), cancelled.Token, billing.StatusCancelled, cancelled.SettledAt)
	if err != nil || got != cancelled {
		t.Errorf("Settle = %v, %v; want %v", got, err, cancelled)
	}
	wantBalances(t, store, billing.Balance{Account: acme})
}

func testSettleAgain(t testing.TB, store billing.Store) {
	put(t, store, acme)
	statuses := []billing.Status{billing.StatusPaid, billing.StatusCancelled}
	for i, first := range statuses {
		p := purchase(i, noon)
		create(t, store, p)
		p.Status, p.SettledAt = first, noon.Add(time.Second)
		if _, err := store.Settle(context.Background(), p.Token, first, p.SettledAt); err != nil {
			t.Fatalf("Settle = %v", err)
		}
		for _, second := range statuses {
			got, err := store.Settle(context.Background(), p.Token, second, noon.Add(time.Minute))
			if !errors.Is(err, billing.ErrSettled) || got != p {
				t.Errorf("Settle again = %v, %v; want %v and ErrSettled", got, err, p)
			}
			if got, err := store.Purchase(context.Background(), p.Token); err != nil || got != p {
				t.Errorf("after it the purchase is %v, %v; want %v", got, err, p)
			}
		}
	}
	wantBalances(t, store, billing.Balance{Account: acme, Paid: 15})
}

func testSettleUnknown(t testing.TB, store billing.Store) {
	put(t, store, acme)
	create(t, store, purchase(0, noon))
	for _, unknown := range []string{"", token(1), "%"} {
		got, err := store.Settle(context.Background(), unknown, billing.StatusPaid, noon)
		if !errors.Is(err, billing.ErrNotFound) || got != (billing.Purchase{}) {
			t.Errorf("Settle(%q) = %v, %v; want ErrNotFound", unknown, got, err)
		}
	}
	wantBalances(t, store, billing.Balance{Account: acme})
}

func testSettleAtOnce(t testing.TB, store billing.Store) {
	const payments = 1000
	put(t, store, acme)
	p := purchase(0, noon)
	create(t, store, p)
	outcomes := make([]error, payments)
	var group sync.WaitGroup
	for i := range payments {
		group.Go(func() {
			_, outcomes[i] = store.Settle(context.Background(), p.Token, billing.StatusPaid, noon.Add(time.Duration(i)*time.Microsecond))
		})
	}
	group.Wait()
	paid := 0
	for _, err := range outcomes {
		switch {
		case err == nil:
			paid++
		case !errors.Is(err, billing.ErrSettled):
			t.Errorf("Settle = %v, want ErrSettled", err)
		}
	}
	if paid != 1 {
		t.Errorf("%d payments were told that they paid, want 1", paid)
	}
	wantBalances(t, store, billing.Balance{Account: acme, Paid: p.Amount})
}

func testBalancePages(t testing.TB, store billing.Store) {
	var want []billing.Balance
	for i := range 10 {
		account := acme
		account.ID = fmt.Sprintf("account-%c", 'j'-i) // put in another order than listed
		put(t, store, account)
		want = append([]billing.Balance{{Account: account}}, want...)
	}
	for limit := 1; limit <= 11; limit++ {
		var got []billing.Balance
		for after := ""; ; after = got[len(got)-1].Account.ID {
			part := balances(t, store, after, limit)
			if len(part) == 0 {
				break
			}
			if len(part) > limit {
				t.Fatalf("a page of %d holds %d", limit, len(part))
			}
			got = append(got, part...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d list\n%v, want\n%v", limit, got, want)
		}
	}
	if got, err := store.Balances(context.Background(), "", 0); err == nil {
		t.Errorf("a page of 0 = %v, want an error", got)
	}
}

func testPutKeepsBalance(t testing.TB, store billing.Store) {
	put(t, store, acme)
	pay(t, store, purchase(0, noon))
	renamed := acme
	renamed.Name, renamed.ActivePlan = "Acme again", false
	put(t, store, renamed)
	wantBalances(t, store, billing.Balance{Account: renamed, Paid: 15})
}

func testReset(t testing.TB, store billing.Store) {
	stored := key("api:acme", 1, acme)
	put(t, store, acme, stored)
	pay(t, store, purchase(0, noon))
	create(t, store, purchase(1, noon))
	if err := store.Reset(context.Background()); err != nil {
		t.Fatalf("Reset = %v", err)
	}
	if got := list(t, store, billing.Page{Limit: 10}); len(got) != 0 {
		t.Errorf("after a reset there is %v", got)
	}
	wantBalances(t, store, billing.Balance{Account: acme})
	if got, account, err := store.Key(context.Background(), stored.ID); err != nil || got != stored || account != acme {
		t.Errorf("after a reset the key is %v of %v, %v", got, account, err)
	}
	create(t, store, purchase(0, noon)) // its token is free again
}

// pay stores a purchase and pays it, and stops the test when that fails.
func pay(t testing.TB, store billing.Store, p billing.Purchase) {
	t.Helper()
	create(t, store, p)
	if _, err := store.Settle(context.Background(), p.Token, billing.StatusPaid, p.CreatedAt.Add(time.Second)); err != nil {
		t.Fatalf("Settle(%s) = %v", p, err)
	}
}

func balances(t testing.TB, store billing.Store, after string, limit int) []billing.Balance {
	t.Helper()
	got, err := store.Balances(context.Background(), after, limit)
	if err != nil {
		t.Fatalf("Balances(%q, %d) = %v", after, limit, err)
	}
	return got
}

// wantBalances checks the balances of all accounts.
func wantBalances(t testing.TB, store billing.Store, want ...billing.Balance) {
	t.Helper()
	if got := balances(t, store, "", 100); !slices.Equal(got, want) {
		t.Errorf("the balances are %v, want %v", got, want)
	}
}
