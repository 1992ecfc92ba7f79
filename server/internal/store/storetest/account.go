package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var accountTests = []test{
	{"an account is stored with all fields", testAccount},
	{"an unknown account is not found", testUnknownAccount},
	{"PutAccount overwrites an account and keeps its keys and its balance", testPutAccountAgain},
	{"PutAccount with a key of another account stores nothing", testPutAccountForeignKey},
	{"PutAccount refuses invalid accounts", testInvalidAccount},
	{"CreateAccount stores an account with its keys", testCreateAccount},
	{"CreateAccount with a taken ID stores nothing", testCreateAccountTaken},
	{"of concurrent new accounts with one ID one is stored", testCreateAccountRace},
	{"UpdateAccount changes the given fields", testUpdateAccount},
	{"concurrent changes of an account are all applied", testUpdateAccountRace},
	{"accounts are listed in pages", testBalances},
}

func testAccount(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	for _, want := range []billing.Account{acme, globex} {
		wantAccount(t, store, want)
	}
}

func testUnknownAccount(t testing.TB, store billing.Store) {
	put(t, store, acme, key("consumer:acme", 1, acme))
	no := false
	for _, id := range []string{"", "unknown", "ACME", "acme ", "acm_", "%", "consumer:acme"} {
		balance, err := store.Balance(t.Context(), id)
		wantError(t, fmt.Sprintf("Balance(%q)", id), err, billing.ErrNotFound)
		if balance != (billing.Balance{}) {
			t.Errorf("Balance(%q) = %v, want the zero value", id, balance)
		}
		_, err = store.UpdateAccount(t.Context(), id, billing.AccountChange{Active: &no})
		wantError(t, fmt.Sprintf("UpdateAccount(%q)", id), err, billing.ErrNotFound)
	}
}

func testPutAccountAgain(t testing.TB, store billing.Store) {
	k := key("consumer:acme", 1, acme)
	put(t, store, acme, k)
	put(t, store, acme, k)
	wantKey(t, store, k, acme)
	pay(t, store, purchase(0, noon))

	changed := globex
	changed.ID = acme.ID
	put(t, store, changed)
	wantAccount(t, store, changed)
	wantKey(t, store, k, changed)
	wantBalances(t, store, billing.Balance{Account: changed, Paid: 15})
}

func testPutAccountForeignKey(t testing.TB, store billing.Store) {
	put(t, store, globex)
	err := store.PutAccount(t.Context(), acme, key("api:acme", 1, acme), key("consumer:globex", 1, globex))
	if err == nil {
		t.Error("PutAccount accepts a key of another account")
	}
	wantNoAccount(t, store, acme.ID)
	wantNoKey(t, store, "api:acme")
}

func testInvalidAccount(t testing.TB, store billing.Store) {
	for _, invalid := range []billing.Account{
		{Name: "n", Currency: "USD"},
		{ID: "i", Currency: "USD"},
		{ID: "i", Name: "n"},
		{ID: "i", Name: "n", Currency: "usd"},
		{ID: "i", Name: "n", Currency: "USDT"},
	} {
		if err := store.PutAccount(t.Context(), invalid); err == nil {
			t.Errorf("PutAccount(%+v) = nil, want an error", invalid)
		}
	}
	if err := store.PutAccount(t.Context(), acme, key("", 1, acme)); err == nil {
		t.Error("PutAccount accepts a key without an ID")
	}
}

func testCreateAccount(t testing.TB, store billing.Store) {
	k := key("api:initech", 3, initech)
	wantError(t, "CreateAccount", store.CreateAccount(t.Context(), initech, k), nil)
	wantAccount(t, store, initech)
	wantKey(t, store, k, initech)
}

func testCreateAccountTaken(t testing.TB, store billing.Store) {
	put(t, store, acme, key("api:acme", 1, acme))
	changed := globex
	changed.ID = acme.ID
	err := store.CreateAccount(t.Context(), changed, key("api:new", 1, changed))
	wantError(t, "CreateAccount with a taken ID", err, billing.ErrAccountTaken)
	err = store.CreateAccount(t.Context(), initech, key("api:acme", 1, initech))
	wantError(t, "CreateAccount with a taken key", err, billing.ErrKeyTaken)
	if err := store.CreateAccount(t.Context(), initech, key("api:other", 1, acme)); err == nil {
		t.Error("CreateAccount accepts a key of another account")
	}
	wantAccount(t, store, acme)
	wantKey(t, store, key("api:acme", 1, acme), acme)
	wantNoAccount(t, store, initech.ID)
	wantNoKey(t, store, "api:new")
}

func testCreateAccountRace(t testing.TB, store billing.Store) {
	wantOneSuccess(t, billing.ErrAccountTaken, 16, func(int) error { return store.CreateAccount(t.Context(), initech) })
}

func testUpdateAccount(t testing.TB, store billing.Store) {
	put(t, store, acme, key("api:acme", 1, acme))
	put(t, store, globex)
	want := acme
	yes, no := true, false
	for _, step := range []struct {
		change       billing.AccountChange
		active, plan bool
	}{
		{billing.AccountChange{}, true, true},
		{billing.AccountChange{Active: &no}, false, true},
		{billing.AccountChange{ActivePlan: &no}, false, false},
		{billing.AccountChange{Active: &yes, ActivePlan: &no}, true, false},
		{billing.AccountChange{ActivePlan: &yes}, true, true},
	} {
		want.Active, want.ActivePlan = step.active, step.plan
		if got, err := store.UpdateAccount(t.Context(), acme.ID, step.change); err != nil || got != want {
			t.Errorf("UpdateAccount = %+v, %v; want %+v", got, err, want)
		}
		wantKey(t, store, key("api:acme", 1, acme), want)
	}
	wantAccount(t, store, globex)
}

func testUpdateAccountRace(t testing.TB, store billing.Store) {
	yes := true
	changes := []billing.AccountChange{{Active: &yes}, {ActivePlan: &yes}}
	want := globex
	want.Active, want.ActivePlan = true, true
	for range 10 {
		put(t, store, globex)
		concurrently(len(changes), func(i int) {
			_, err := store.UpdateAccount(t.Context(), globex.ID, changes[i])
			wantError(t, "UpdateAccount", err, nil)
		})
		wantAccount(t, store, want)
	}
}

func testBalances(t testing.TB, store billing.Store) {
	var want []billing.Balance
	for i := range 10 {
		account := acme
		account.ID = fmt.Sprintf("account-%c", 'j'-i) // stored in another order than listed
		put(t, store, account)
		want = append([]billing.Balance{{Account: account}}, want...)
	}
	for limit := 1; limit <= 11; limit++ {
		var got []billing.Balance
		for after := ""; ; after = got[len(got)-1].Account.ID {
			page := balances(t, store, after, limit)
			if len(page) == 0 {
				break
			}
			if len(page) > limit {
				t.Fatalf("a page of %d contains %d accounts", limit, len(page))
			}
			got = append(got, page...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d contain\n%v, want\n%v", limit, got, want)
		}
	}
	if got, err := store.Balances(t.Context(), "", 0); err == nil {
		t.Errorf("a page of 0 = %v, want an error", got)
	}
}

func wantAccount(t testing.TB, store billing.Store, want billing.Account) {
	t.Helper()
	if got, err := store.Balance(t.Context(), want.ID); err != nil || got.Account != want {
		t.Errorf("Balance(%q) = %+v, %v; want %+v", want.ID, got, err, want)
	}
}

func wantNoAccount(t testing.TB, store billing.Store, id string) {
	t.Helper()
	_, err := store.Balance(t.Context(), id)
	wantError(t, "Balance of an account that is not stored", err, billing.ErrNotFound)
}

func balances(t testing.TB, store billing.Store, after string, limit int) []billing.Balance {
	t.Helper()
	got, err := store.Balances(t.Context(), after, limit)
	if err != nil {
		t.Fatalf("Balances(%q, %d) = %v", after, limit, err)
	}
	return got
}

// wantBalances checks the balances of all accounts.
func wantBalances(t testing.TB, store billing.Store, want ...billing.Balance) {
	t.Helper()
	if got := balances(t, store, "", 100); !slices.Equal(got, want) {
		t.Errorf("Balances = %v, want %v", got, want)
	}
}
