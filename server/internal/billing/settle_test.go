package billing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// newPurchase returns a service with one pending purchase, and its clock.
func newPurchase(t testing.TB) (*billing.Service, billing.Purchase, *atomic.Pointer[time.Time]) {
	t.Helper()
	var clock atomic.Pointer[time.Time]
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	clock.Store(&start)
	service, _ := newService(t, billing.WithClock(func() time.Time { return *clock.Load() }))
	purchase, err := service.Buy(context.Background(), activeAccount(t, service), 320)
	if err != nil {
		t.Fatal(err)
	}
	return service, purchase, &clock
}

func advance(clock *atomic.Pointer[time.Time], d time.Duration) {
	later := clock.Load().Add(d)
	clock.Store(&later)
}

func TestSettle(t *testing.T) {
	t.Parallel()
	pay := func(s *billing.Service, token string) (billing.Purchase, error) {
		return s.Pay(context.Background(), token)
	}
	cancel := func(s *billing.Service, token string) (billing.Purchase, error) {
		return s.Cancel(context.Background(), token)
	}
	for name, test := range map[string]settleTest{
		"paid":                         {nil, 0, pay, billing.StatusPaid, nil, 320},
		"cancelled":                    {nil, 0, cancel, billing.StatusCancelled, nil, 0},
		"paid at the last moment":      {nil, 24*time.Hour - time.Microsecond, pay, billing.StatusPaid, nil, 320},
		"paid too late":                {nil, 24 * time.Hour, pay, billing.StatusExpired, billing.ErrNotPending, 0},
		"cancelled too late":           {nil, 24 * time.Hour, cancel, billing.StatusExpired, billing.ErrNotPending, 0},
		"paid again":                   {pay, 0, pay, billing.StatusPaid, nil, 320},
		"paid again after its time":    {pay, 48 * time.Hour, pay, billing.StatusPaid, nil, 320},
		"cancelled again":              {cancel, 0, cancel, billing.StatusCancelled, nil, 0},
		"paid after cancellation":      {cancel, 0, pay, billing.StatusCancelled, billing.ErrNotPending, 0},
		"cancelled after payment":      {pay, 0, cancel, billing.StatusPaid, billing.ErrNotPending, 320},
		"cancelled long after payment": {pay, 48 * time.Hour, cancel, billing.StatusPaid, billing.ErrNotPending, 320},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.check(t)
		})
	}
}

type settleAction func(*billing.Service, string) (billing.Purchase, error)

// settleTest is a row of TestSettle: an action on a pending purchase, or on one that an earlier action settled.
type settleTest struct {
	before settleAction // nil: none
	wait   time.Duration
	act    settleAction
	status billing.Status // after the action
	err    error          // of the action
	paid   int64          // the balance after the action
}

func (test settleTest) check(t *testing.T) {
	t.Helper()
	service, purchase, clock := newPurchase(t)
	settled := *clock.Load()
	if test.before != nil {
		if _, err := test.before(service, purchase.Token); err != nil {
			t.Fatal(err)
		}
	}
	advance(clock, test.wait)
	if test.before == nil {
		settled = *clock.Load()
	}
	purchase.Status = test.status
	if test.status != billing.StatusExpired {
		purchase.SettledAt = settled
	}
	if got, err := test.act(service, purchase.Token); !errors.Is(err, test.err) || got != purchase {
		t.Errorf("got %v, %v; want %v, %v", got, err, purchase, test.err)
	}
	if got, err := service.Purchase(context.Background(), purchase.Token); err != nil || got != purchase {
		t.Errorf("Purchase = %v, %v; want %v", got, err, purchase)
	}
	for got, err := range service.Purchases(context.Background(), billing.Filter{}) {
		if err != nil || got != purchase {
			t.Errorf("Purchases contains %v, %v; want %v", got, err, purchase)
		}
	}
	if got := paid(t, service, purchase.AccountID); got != test.paid {
		t.Errorf("the balance is %d, want %d", got, test.paid)
	}
}

func TestSettleUnknown(t *testing.T) {
	t.Parallel()
	service, _, _ := newPurchase(t)
	for _, token := range []string{"", "x", strings.Repeat("a", 40)} {
		if _, err := service.Pay(context.Background(), token); !errors.Is(err, billing.ErrPurchaseNotFound) {
			t.Errorf("Pay(%q) = %v, want ErrPurchaseNotFound", token, err)
		}
		if _, err := service.Cancel(context.Background(), token); !errors.Is(err, billing.ErrPurchaseNotFound) {
			t.Errorf("Cancel(%q) = %v, want ErrPurchaseNotFound", token, err)
		}
	}
}

// TestConcurrentPayAndCancel checks that the first call decides the result of all.
func TestConcurrentPayAndCancel(t *testing.T) {
	t.Parallel()
	service, purchase, _ := newPurchase(t)
	var sum atomic.Int64 // +1 per successful Pay, -1 per successful Cancel
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			act, sign := service.Pay, int64(1)
			if i%2 == 1 {
				act, sign = service.Cancel, -1
			}
			_, err := act(context.Background(), purchase.Token)
			switch {
			case err == nil:
				sum.Add(sign)
			case !errors.Is(err, billing.ErrNotPending):
				t.Errorf("settling = %v", err)
			}
		})
	}
	group.Wait()
	got := paid(t, service, purchase.AccountID)
	if sum.Load() != 100 && sum.Load() != -100 || (sum.Load() > 0) != (got == 320) {
		t.Errorf("the sum of results is %d and the balance is %d", sum.Load(), got)
	}
}

// resetStore is a store that is reset before each call of Settle.
type resetStore struct{ billing.Store }

func (resetStore) Settle(context.Context, string, billing.Status, time.Time) (billing.Purchase, error) {
	return billing.Purchase{}, billing.ErrNotFound
}

func TestSettleAfterConcurrentReset(t *testing.T) {
	t.Parallel()
	_, store := newService(t)
	service, err := billing.New(resetStore{store})
	if err != nil {
		t.Fatal(err)
	}
	purchase, err := service.Buy(context.Background(), activeAccount(t, service), 320)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Pay(context.Background(), purchase.Token); !errors.Is(err, billing.ErrPurchaseNotFound) {
		t.Errorf("Pay = %v, want ErrPurchaseNotFound", err)
	}
}

func TestBalancesOfManyAccounts(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	const many = 1001 // more than two pages
	for i := range many {
		account := billing.Account{ID: fmt.Sprintf("account-%04d", i), Name: "Acme", Currency: "USD"}
		if err := store.PutAccount(context.Background(), account); err != nil {
			t.Fatal(err)
		}
	}
	last, listed := "", 0
	for balance, err := range service.Balances(context.Background()) {
		if err != nil || balance.Account.ID <= last {
			t.Fatalf("after %q the list contains %v, %v", last, balance, err)
		}
		last = balance.Account.ID
		listed++
	}
	if want := many + len(billing.DemoAccounts()); listed != want {
		t.Errorf("the list contains %d accounts, want %d", listed, want)
	}
	for range service.Balances(context.Background()) {
		break // a list can end early
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	service, purchase, _ := newPurchase(t)
	if _, err := service.Pay(context.Background(), purchase.Token); err != nil {
		t.Fatal(err)
	}
	seed := billing.DemoAccounts()
	seed[0].Account.ActivePlan = false
	if err := service.Reset(context.Background(), seed); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Pay(context.Background(), purchase.Token); !errors.Is(err, billing.ErrPurchaseNotFound) {
		t.Errorf("after a reset, Pay = %v, want ErrPurchaseNotFound", err)
	}
	account, err := service.Authenticate(context.Background(), billing.APIKey("sandbox-active-token"))
	if err != nil || account.ActivePlan {
		t.Errorf("after a reset the account is %v, %v; want the seeded account", account, err)
	}
	if got := paid(t, service, account.ID); got != 0 {
		t.Errorf("after a reset the balance is %d", got)
	}
}

// paid returns the balance of an account.
func paid(t testing.TB, service *billing.Service, id string) int64 {
	t.Helper()
	for balance, err := range service.Balances(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if balance.Account.ID == id {
			return balance.Paid
		}
	}
	t.Fatalf("the account %s is not found", id)
	return 0
}
