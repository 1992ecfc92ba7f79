package billing_test

import (
	"context"
	"errors"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

func TestDemoAccounts(t *testing.T) {
	t.Parallel()
	want := []struct {
		key, secret, token string
		active, plan       bool
	}{
		{"sandbox-active-key", "sandbox-active-secret", "sandbox-active-token", true, true},
		{"sandbox-inactive-key", "sandbox-inactive-secret", "sandbox-inactive-token", false, true},
		{"sandbox-noplan-key", "sandbox-noplan-secret", "sandbox-noplan-token", true, false},
	}
	demo := billing.DemoAccounts()
	if len(demo) != len(want) {
		t.Fatalf("there are %d demo accounts, want %d", len(demo), len(want))
	}
	for i, w := range want {
		got := demo[i]
		if got.ConsumerKey != w.key || got.ConsumerSecret.Reveal() != w.secret || got.APIKey.Reveal() != w.token ||
			got.Account.Active != w.active || got.Account.ActivePlan != w.plan || got.Account.Currency != "USD" {
			t.Errorf("demo account %d is %+v, want %+v", i, got, w)
		}
	}
}

func TestSeedAgainWritesNothing(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	if err := service.Seed(context.Background(), billing.DemoAccounts()); err != nil {
		t.Fatal(err)
	}
	if store.calls["PutAccount"] != 0 {
		t.Errorf("%d accounts were stored again", store.calls["PutAccount"])
	}
}

func TestSeedOverwritesChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*billing.SeedAccount){
		"the account":     func(s *billing.SeedAccount) { s.Account.Name = "Renamed" },
		"the plan":        func(s *billing.SeedAccount) { s.Account.ActivePlan = false },
		"the secret":      func(s *billing.SeedAccount) { s.ConsumerSecret = billing.NewSecret("new") },
		"the consumerkey": func(s *billing.SeedAccount) { s.ConsumerKey = "new" },
		"the API key":     func(s *billing.SeedAccount) { s.APIKey = billing.NewSecret("new") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, store := newService(t)
			demo := billing.DemoAccounts()
			change(&demo[0])
			if err := service.Seed(context.Background(), demo); err != nil {
				t.Fatal(err)
			}
			if store.calls["PutAccount"] != 1 {
				t.Errorf("%d accounts were stored, want 1", store.calls["PutAccount"])
			}
			for _, credentials := range []billing.Credentials{
				billing.ConsumerKey(demo[0].ConsumerKey, demo[0].ConsumerSecret.Reveal()), billing.APIKey(demo[0].APIKey.Reveal()),
			} {
				if account, err := service.Authenticate(context.Background(), credentials); err != nil || account != demo[0].Account {
					t.Errorf("Authenticate = %+v, %v; want %+v", account, err, demo[0].Account)
				}
			}
		})
	}
}

func TestSeedRefusesInvalidAccounts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*billing.SeedAccount){
		"no ID":                    func(s *billing.SeedAccount) { s.Account.ID = "" },
		"no name":                  func(s *billing.SeedAccount) { s.Account.Name = "" },
		"no currency":              func(s *billing.SeedAccount) { s.Account.Currency = "" },
		"a currency in lower case": func(s *billing.SeedAccount) { s.Account.Currency = "usd" },
		"a currency with a digit":  func(s *billing.SeedAccount) { s.Account.Currency = "US1" },
		"no credentials": func(s *billing.SeedAccount) {
			*s = billing.SeedAccount{Account: s.Account}
		},
		"a key without a secret": func(s *billing.SeedAccount) { s.ConsumerSecret = billing.Secret{} },
		"a secret without a key": func(s *billing.SeedAccount) { s.ConsumerKey = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, store := newService(t)
			accounts := []billing.SeedAccount{
				{Account: billing.Account{ID: "first", Name: "First", Currency: "EUR"}, APIKey: billing.NewSecret("first")},
				{Account: billing.Account{ID: "second", Name: "Second", Currency: "EUR"}, ConsumerKey: "k", ConsumerSecret: billing.NewSecret("s"), APIKey: billing.NewSecret("second")},
			}
			change(&accounts[1])
			if err := service.Seed(context.Background(), accounts); err == nil {
				t.Error("Seed = nil, want an error")
			}
			if len(store.calls) != 0 {
				t.Errorf("the store was called: %v", store.calls)
			}
		})
	}
}

func TestSeedWithOneKindOfCredentials(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	account := billing.Account{ID: "only", Name: "Only", Currency: "EUR", Active: true}
	for _, seed := range []billing.SeedAccount{
		{Account: account, APIKey: billing.NewSecret("a")},
		{Account: account, ConsumerKey: "k", ConsumerSecret: billing.NewSecret("s")},
	} {
		if err := service.Seed(context.Background(), []billing.SeedAccount{seed}); err != nil {
			t.Error(err)
		}
	}
	if _, err := service.Authenticate(context.Background(), billing.ConsumerKey("k", "s")); err != nil {
		t.Error(err)
	}
	if _, err := service.Authenticate(context.Background(), billing.APIKey("")); !errors.Is(err, billing.ErrInvalidCredentials) {
		t.Errorf("Authenticate with an empty key = %v", err)
	}
}
