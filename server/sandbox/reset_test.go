package sandbox_test

import (
	"slices"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

func TestControlResets(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(func() time.Time { return began }))
	addAccount(t, r, "acme-key-of-a-test")
	for _, key := range []string{"sandbox-active-token", "acme-key-of-a-test"} {
		if _, err := r.Settle(t.Context(), order(t, r, key), control.SettlePaid); err != nil {
			t.Fatal(err)
		}
		order(t, r, key) // stays pending
	}
	demo := billing.DemoAccounts()[0]
	changed := billing.Account{ID: demo.Account.ID, Name: "Changed", Currency: "EUR"}
	if err := r.store.PutAccount(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Fail(control.Fault{Kind: control.FailStatus}); err != nil {
		t.Fatal(err)
	}
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	last := r.Journal(1, 0)[0].ID

	answer, err := steer(t, r).ResetWithResponse(t.Context())
	if err != nil || answer.StatusCode() != 204 || len(answer.Body) != 0 {
		t.Fatalf("%v %d %s", err, answer.StatusCode(), answer.Body)
	}
	accounts, err := r.Accounts(t.Context())
	want := []control.Account{
		{ID: "acme", Name: "Acme", Currency: "EUR", Active: true, ActivePlan: true},
		{ID: "sandbox-active", Name: "Active demo account", Currency: "USD", Active: true, ActivePlan: true},
		{ID: "sandbox-inactive", Name: "Inactive demo account", Currency: "USD", ActivePlan: true},
		{ID: "sandbox-noplan", Name: "Demo account without a plan", Currency: "USD", Active: true},
	}
	if err != nil || !slices.Equal(accounts, want) {
		t.Errorf("the accounts are %+v, %v", accounts, err)
	}
	if n := len(purchases(t, r)); n != 0 {
		t.Errorf("%d purchases are left", n)
	}
	if n := len(r.Journal(1000, 0)); n != 0 {
		t.Errorf("%d entries are left", n)
	}
	if n := len(r.Faults()); n != 0 {
		t.Errorf("%d faults are left", n)
	}
	if now := r.Now(); !now.Equal(began) {
		t.Errorf("it is %v", now)
	}
	order(t, r, "sandbox-active-token")
	order(t, r, "acme-key-of-a-test") // whose key has stayed
	if entries := r.Journal(1000, 0); len(entries) != 2 || entries[1].ID != last+1 {
		t.Errorf("after a reset, with %d before it, the journal is %+v", last, entries)
	}
	if fault, err := r.Fail(control.Fault{Kind: control.FailStatus}); err != nil || fault.ID != "2" {
		t.Errorf("a fault after a reset: %+v, %v", fault, err)
	}
}

// TestResetWithoutDemoAccounts leaves accounts alone that are not the sandbox's.
func TestResetWithoutDemoAccounts(t *testing.T) {
	t.Parallel()
	with := start(t)
	changed := billing.Account{ID: "sandbox-active", Name: "Changed", Currency: "EUR"}
	if err := with.store.PutAccount(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(t.Context(), with.store, "http://sandbox.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if account, err := with.store.Balance(t.Context(), "sandbox-active"); err != nil || account.Account != changed {
		t.Errorf("%+v, %v", account, err)
	}
}
