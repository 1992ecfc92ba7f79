package billing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
)

// newService returns a service with the demo accounts, and its store.
func newService(t testing.TB, options ...billing.Option) (*billing.Service, *testStore) {
	t.Helper()
	store, err := sqlite.Open(context.Background(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	counted := &testStore{Store: store, calls: map[string]int{}}
	service, err := billing.New(counted, options...)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Seed(context.Background(), billing.DemoAccounts()); err != nil {
		t.Fatal(err)
	}
	clear(counted.calls)
	return service, counted
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, store := newService(t)
	for name, test := range map[string]struct {
		store   billing.Store
		options []billing.Option
	}{
		"no store":      {nil, nil},
		"no clock":      {store, []billing.Option{billing.WithClock(nil)}},
		"no randomness": {store, []billing.Option{billing.WithRandom(nil)}},
	} {
		if _, err := billing.New(test.store, test.options...); err == nil {
			t.Errorf("New with %s = nil, want an error", name)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	long := strings.Repeat("k", 257)
	for name, test := range map[string]struct {
		credentials billing.Credentials
		account     string
		want        error
	}{
		"active, consumer key":     {billing.ConsumerKey("sandbox-active-key", "sandbox-active-secret"), "sandbox-active", nil},
		"active, API key":          {billing.APIKey("sandbox-active-token"), "sandbox-active", nil},
		"no plan, consumer key":    {billing.ConsumerKey("sandbox-noplan-key", "sandbox-noplan-secret"), "sandbox-noplan", nil},
		"no plan, API key":         {billing.APIKey("sandbox-noplan-token"), "sandbox-noplan", nil},
		"inactive, consumer key":   {billing.ConsumerKey("sandbox-inactive-key", "sandbox-inactive-secret"), "sandbox-inactive", billing.ErrAccountInactive},
		"inactive, API key":        {billing.APIKey("sandbox-inactive-token"), "sandbox-inactive", billing.ErrAccountInactive},
		"inactive, wrong secret":   {billing.ConsumerKey("sandbox-inactive-key", "x"), "", billing.ErrInvalidCredentials},
		"wrong secret":             {billing.ConsumerKey("sandbox-active-key", "sandbox-active-secreT"), "", billing.ErrInvalidCredentials},
		"longer secret":            {billing.ConsumerKey("sandbox-active-key", "sandbox-active-secret "), "", billing.ErrInvalidCredentials},
		"shorter secret":           {billing.ConsumerKey("sandbox-active-key", "sandbox-active-secre"), "", billing.ErrInvalidCredentials},
		"another's secret":         {billing.ConsumerKey("sandbox-active-key", "sandbox-noplan-secret"), "", billing.ErrInvalidCredentials},
		"its API key for a secret": {billing.ConsumerKey("sandbox-active-key", "sandbox-active-token"), "", billing.ErrInvalidCredentials},
		"unknown consumer key":     {billing.ConsumerKey("sandbox-active-keY", "sandbox-active-secret"), "", billing.ErrInvalidCredentials},
		"moved boundary":           {billing.ConsumerKey("sandbox-active-keys", "andbox-active-secret"), "", billing.ErrInvalidCredentials},
		"unknown API key":          {billing.APIKey("sandbox-active-tokeN"), "", billing.ErrInvalidCredentials},
		"consumer key as API key":  {billing.APIKey("sandbox-active-key"), "", billing.ErrInvalidCredentials},
		"secret as API key":        {billing.APIKey("sandbox-active-secret"), "", billing.ErrInvalidCredentials},
		"bearer":                   {billing.APIKey("Bearer sandbox-active-token"), "", billing.ErrInvalidCredentials},
		"no secret":                {billing.ConsumerKey("sandbox-active-key", ""), "", billing.ErrInvalidCredentials},
		"no consumer key":          {billing.ConsumerKey("", "sandbox-active-secret"), "", billing.ErrInvalidCredentials},
		"no API key":               {billing.APIKey(""), "", billing.ErrInvalidCredentials},
		"none":                     {billing.Credentials{}, "", billing.ErrInvalidCredentials},
		"not UTF-8":                {billing.ConsumerKey("\xff\xfe", "x"), "", billing.ErrInvalidCredentials},
		"a NUL":                    {billing.ConsumerKey("a\x00b", "x"), "", billing.ErrInvalidCredentials},
		"too long":                 {billing.ConsumerKey(long, "x"), "", billing.ErrInvalidCredentials},
	} {
		account, err := service.Authenticate(context.Background(), test.credentials)
		if !errors.Is(err, test.want) || account.ID != test.account {
			t.Errorf("%s: Authenticate = %q, %v; want %q, %v", name, account.ID, err, test.account, test.want)
		}
	}
}

func TestUnusableCredentialsDoNotReachTheStore(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	for _, credentials := range []billing.Credentials{
		{}, billing.APIKey(""), billing.ConsumerKey("", "x"), billing.ConsumerKey("x", ""),
		billing.ConsumerKey("\xff", "x"), billing.ConsumerKey("\x00", "x"), billing.ConsumerKey(strings.Repeat("k", 257), "x"),
	} {
		if _, err := service.Authenticate(context.Background(), credentials); !errors.Is(err, billing.ErrInvalidCredentials) {
			t.Errorf("Authenticate = %v, want ErrInvalidCredentials", err)
		}
	}
	if len(store.calls) != 0 {
		t.Errorf("the store was called: %v", store.calls)
	}
}

func TestBuy(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 1, 13, 0, 0, 123456789, time.FixedZone("elsewhere", 3600))
	service, store := newService(t, billing.WithClock(func() time.Time { return clock }))
	account := activeAccount(t, service)
	purchase, err := service.Buy(context.Background(), account, 320)
	if err != nil {
		t.Fatal(err)
	}
	want := billing.Purchase{
		Token: purchase.Token, AccountID: "sandbox-active", Amount: 320, Currency: "USD", Status: "pending",
		CreatedAt: time.Date(2026, 11, 1, 12, 0, 0, 123456000, time.UTC),
	}
	if purchase != want {
		t.Errorf("Buy = %v, want %v", purchase, want)
	}
	if stored, err := service.Purchase(context.Background(), purchase.Token); err != nil || stored != want {
		t.Errorf("Purchase = %v, %v; want %v", stored, err, want)
	}
	if store.calls["CreatePurchase"] != 1 {
		t.Errorf("the store was called %d times", store.calls["CreatePurchase"])
	}
}

func TestBuyRefuses(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	for name, test := range map[string]struct {
		account billing.Account
		amount  int64
		want    error
	}{
		"no plan":    {billing.Account{ID: "sandbox-noplan", Currency: "USD", Active: true}, 320, billing.ErrNoActivePlan},
		"inactive":   {billing.Account{ID: "sandbox-inactive", Currency: "USD", ActivePlan: true}, 320, billing.ErrAccountInactive},
		"no account": {billing.Account{}, 320, billing.ErrAccountInactive},
		"zero":       {billing.DemoAccounts()[0].Account, 0, billing.ErrInvalidAmount},
		"negative":   {billing.DemoAccounts()[0].Account, -320, billing.ErrInvalidAmount},
	} {
		if purchase, err := service.Buy(context.Background(), test.account, test.amount); !errors.Is(err, test.want) || purchase != (billing.Purchase{}) {
			t.Errorf("%s: Buy = %v, %v; want %v", name, purchase, err, test.want)
		}
	}
	if len(store.calls) != 0 {
		t.Errorf("the store was called: %v", store.calls)
	}
	unknown := billing.Account{ID: "unknown", Currency: "USD", Active: true, ActivePlan: true}
	if _, err := service.Buy(context.Background(), unknown, 320); !errors.Is(err, billing.ErrUnknownAccount) {
		t.Errorf("Buy for an account that is not stored = %v, want ErrUnknownAccount", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	account := activeAccount(t, service)
	form := regexp.MustCompile(`^[a-z2-7]{40}$`) // the time and 160 random bits
	seen := map[string]bool{}
	for range 200 {
		purchase, err := service.Buy(context.Background(), account, 15)
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(purchase.Token) || seen[purchase.Token] {
			t.Errorf("the token %q is malformed or not new", purchase.Token)
		}
		seen[purchase.Token] = true
	}
}

func TestTokenContainsTimeAndRandomness(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 12, 0, 0, 123_456_789, time.UTC)
	random := []byte("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01\x02\x03\x04")
	service, _ := newService(t, billing.WithRandom(bytes.NewReader(random)), billing.WithClock(func() time.Time { return at }))
	account := activeAccount(t, service)
	purchase, err := service.Buy(context.Background(), account, 15)
	if want := "uglpwft3" + "aaisem2ekvthpcezvk54zxpo74aqeaye"; err != nil || purchase.Token != want {
		t.Errorf("the token is %q, %v; want %q", purchase.Token, err, want)
	}
	if _, err := service.Buy(context.Background(), account, 15); !errors.Is(err, io.EOF) {
		t.Errorf("without randomness, Buy = %v, want io.EOF", err)
	}
}

func TestPurchaseNotFound(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	for _, malformed := range []string{
		"", "x", strings.Repeat("a", 31), strings.Repeat("a", 33), strings.Repeat("a", 39), strings.Repeat("a", 41), strings.Repeat("A", 40), strings.Repeat("a", 39) + "1",
		strings.Repeat("a", 39) + "8", strings.Repeat("a", 39) + "-", strings.Repeat("a", 38) + "ø", strings.Repeat("a", 39) + "\x00", "../../etc/passwd",
	} {
		if _, err := service.Purchase(context.Background(), malformed); !errors.Is(err, billing.ErrPurchaseNotFound) {
			t.Errorf("Purchase(%q) = %v, want ErrPurchaseNotFound", malformed, err)
		}
	}
	if len(store.calls) != 0 {
		t.Errorf("the store was called: %v", store.calls)
	}
	if _, err := service.Purchase(context.Background(), strings.Repeat("az27", 10)); !errors.Is(err, billing.ErrPurchaseNotFound) {
		t.Errorf("Purchase of an unknown token = %v, want ErrPurchaseNotFound", err)
	}
	if store.calls["Purchase"] != 1 {
		t.Errorf("the store was called: %v", store.calls)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	if account, err := service.Account(context.Background(), "sandbox-active"); err != nil || account != billing.DemoAccounts()[0].Account {
		t.Errorf("Account = %+v, %v", account, err)
	}
	if _, err := service.Account(context.Background(), "unknown"); !errors.Is(err, billing.ErrAccountNotFound) {
		t.Errorf("Account of an unknown ID = %v, want ErrAccountNotFound", err)
	}
}

func TestPurchasesAreListedOldestFirst(t *testing.T) {
	t.Parallel()
	const total = 1203 // more than two pages
	clock := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	service, store := newService(t, billing.WithClock(func() time.Time {
		clock = clock.Add(time.Microsecond)
		return clock
	}))
	account := activeAccount(t, service)
	other := billing.Account{ID: "sandbox-noplan", Currency: "USD", Active: true, ActivePlan: true}
	for i := range total {
		buyer := account
		if i%10 == 0 {
			buyer = other
		}
		if _, err := service.Buy(context.Background(), buyer, int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	next := int64(1)
	for purchase, err := range service.Purchases(context.Background(), billing.Filter{}) {
		if err != nil || purchase.Amount != next {
			t.Fatalf("the list contains %v, %v; want the amount %d", purchase, err, next)
		}
		next++
	}
	if next != total+1 || store.calls["Purchases"] != 3 {
		t.Errorf("%d purchases were listed, want %d; in %d pages, want 3", next-1, total, store.calls["Purchases"])
	}
	count := 0
	for purchase, err := range service.Purchases(context.Background(), billing.Filter{AccountID: other.ID}) {
		if err != nil || purchase.AccountID != other.ID {
			t.Fatalf("the list contains %v, %v", purchase, err)
		}
		count++
	}
	if count != 121 {
		t.Errorf("%d purchases of the account were listed, want 121", count)
	}
	clear(store.calls)
	for _, err := range service.Purchases(context.Background(), billing.Filter{}) {
		if err != nil {
			t.Error(err)
		}
		// The list holds no connection between its pages.
		if _, err := service.Account(context.Background(), account.ID); err != nil {
			t.Error(err)
		}
		break
	}
	if store.calls["Purchases"] != 1 {
		t.Errorf("a list that ends early reads %d pages, want 1", store.calls["Purchases"])
	}
}

func TestStoreErrors(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	account := billing.DemoAccounts()[0].Account
	store.fail = errBroken
	ctx := context.Background()
	errs := map[string]error{}
	_, errs["Authenticate"] = service.Authenticate(ctx, billing.APIKey("sandbox-active-token"))
	_, errs["Buy"] = service.Buy(ctx, account, 320)
	_, errs["Purchase"] = service.Purchase(ctx, strings.Repeat("a", 40))
	_, errs["Account"] = service.Account(ctx, account.ID)
	errs["Seed"] = service.Seed(ctx, billing.DemoAccounts())
	_, errs["Pay"] = service.Pay(ctx, strings.Repeat("a", 40))
	errs["Reset"] = service.Reset(ctx, billing.DemoAccounts())
	errs["Ready"] = service.Ready(ctx)
	for _, err := range service.Balances(ctx) {
		errs["Balances"] = err
	}
	listed := 0
	for _, err := range service.Purchases(ctx, billing.Filter{}) {
		errs["Purchases"] = err
		listed++
	}
	for method, err := range errs {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s = %v, want the store's error", method, err)
		}
		for _, rule := range []error{billing.ErrInvalidCredentials, billing.ErrPurchaseNotFound, billing.ErrAccountNotFound, billing.ErrNoActivePlan} {
			if errors.Is(err, rule) {
				t.Errorf("%s = %v, which is also %v", method, err, rule)
			}
		}
	}
	if listed != 1 {
		t.Errorf("a failed list contains %d elements, want 1", listed)
	}
	store.fail = nil
	if err := service.Ready(ctx); err != nil {
		t.Errorf("Ready = %v", err)
	}
}

func activeAccount(t testing.TB, service *billing.Service) billing.Account {
	t.Helper()
	account, err := service.Authenticate(context.Background(), billing.APIKey("sandbox-active-token"))
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func Example() {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	service, err := billing.New(store)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := service.Seed(ctx, billing.DemoAccounts()); err != nil {
		fmt.Println(err)
		return
	}

	account, err := service.Authenticate(ctx, billing.ConsumerKey("sandbox-active-key", "sandbox-active-secret"))
	fmt.Println(account.Name, err)
	purchase, err := service.Buy(ctx, account, 320)
	fmt.Println(purchase.Amount, purchase.Currency, purchase.Status, err)
	_, err = service.Authenticate(ctx, billing.APIKey("a wrong key"))
	fmt.Println(errors.Is(err, billing.ErrInvalidCredentials))
	// Output:
	// Active demo account <nil>
	// 320 USD pending <nil>
	// true
}
