package sandboxtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

func TestParallel(t *testing.T) {
	t.Parallel()
	for range 200 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			box := sandboxtest.Start(t)
			buy(t, box)
			if n := len(box.Purchases()); n != 1 {
				t.Errorf("%d purchases, want 1", n)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	box := sandboxtest.Start(t)
	first, second, third := buy(t, box), buy(t, box), buy(t, box)
	if p := box.Pay(first); p.Status != control.Paid || p.URL != first || p.SettledAt.IsZero() {
		t.Errorf("paid: %+v", p)
	}
	if p := box.Cancel(second); p.Status != control.Cancelled {
		t.Errorf("cancelled: %+v", p)
	}
	box.Advance(24 * time.Hour)
	purchases := box.Purchases()
	for i, want := range []struct {
		link   string
		status control.PurchaseStatus
	}{{third, control.Expired}, {second, control.Cancelled}, {first, control.Paid}} {
		if got := purchases[i]; got.URL != want.link || got.Status != want.status || got.Account != "sandbox-active" || got.Amount != 320 {
			t.Errorf("the purchase %d is %+v, want %v", i, got, want)
		}
	}
	if accounts := box.Accounts(); len(accounts) != 3 || accounts[0].ID != "sandbox-active" || accounts[0].Balance != 320 {
		t.Errorf("the accounts are %+v", accounts)
	}
	if entries := box.Journal(); len(entries) != 3 || entries[0].ID != 3 || entries[0].Account != "sandbox-active" {
		t.Errorf("the journal is %+v", entries)
	}
	remove := box.Fail(control.Fault{Kind: control.FailStatus, Status: 500})
	remove()
	buy(t, box)
	box.Reset()
	if len(box.Purchases()) != 0 || len(box.Journal()) != 0 || box.Accounts()[0].Balance != 0 {
		t.Error("the reset did not delete everything")
	}
}

func TestDemoAccounts(t *testing.T) {
	t.Parallel()
	box := sandboxtest.Start(t)
	for name, test := range map[string]struct {
		options []client.Option
		has     func(error) bool
	}{
		"inactive": {box.Inactive, func(err error) bool { return client.HasCode(err, model.AccountIsInactive) }},
		"no plan":  {box.NoPlan, func(err error) bool { return client.HasCode(err, model.CanNotBuyExtraCreditWithoutActivePlan) }},
	} {
		c, err := client.New(test.options...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320}); !test.has(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, want := range []string{"sandbox-noplan", "sandbox-inactive"} {
		found := false
		for _, entry := range box.Journal() {
			found = found || entry.Account == want
		}
		if !found {
			t.Errorf("the journal has no entry of %s", want)
		}
	}
}

// failure is a testing.TB that panics instead of stopping the test.
type failure struct{ testing.TB }

var errStopped = errors.New("stopped")

func (failure) Fatalf(string, ...any) { panic(errStopped) }

func TestMethodsStopTheTest(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*sandboxtest.Sandbox){
		"a fault without a kind": func(s *sandboxtest.Sandbox) { s.Fail(control.Fault{}) },
		"a negative duration":    func(s *sandboxtest.Sandbox) { s.Advance(-time.Second) },
		"an unknown link":        func(s *sandboxtest.Sandbox) { s.Pay("http://127.0.0.1/checkout/x") },
	} {
		func() {
			box := sandboxtest.Start(failure{t})
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, errStopped) {
					t.Errorf("%s: the test was not stopped: %v", name, err)
				}
			}()
			act(box)
		}()
	}
}

// buy buys for 320 and returns the payment link.
func buy(t *testing.T, box *sandboxtest.Sandbox) string {
	t.Helper()
	c, err := client.New(box.Active...)
	if err != nil {
		t.Fatal(err)
	}
	payment, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Fatal(err)
	}
	return payment.URL
}
