package billing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var acme = billing.Account{ID: "acme", Name: "Acme", Currency: "USD", Active: true, ActivePlan: true}

// credentialsOf returns the credentials of an issued key.
func credentialsOf(issued billing.IssuedKey) billing.Credentials {
	if issued.ConsumerKey != "" {
		return billing.ConsumerKey(issued.ConsumerKey, issued.Secret.Reveal())
	}
	return billing.APIKey(issued.Secret.Reveal())
}

func TestIssuedKeysAuthenticate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	clock := time.Date(2026, 11, 1, 12, 0, 0, 1234, time.UTC)
	service, _ := newService(t, billing.WithClock(func() time.Time { return clock }))
	issued, err := service.AddAccount(ctx, acme, billing.KindConsumerKey, billing.KindAPIKey)
	if err != nil {
		t.Fatal(err)
	}
	more, err := service.AddKey(ctx, acme.ID, billing.KindAPIKey)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, key := range append(issued, more) {
		if account, err := service.Authenticate(ctx, credentialsOf(key)); err != nil || account != acme {
			t.Errorf("%d: Authenticate = %v, %v", i, account, err)
		}
		if secret := key.Secret.Reveal(); len(secret) < 32 || seen[secret] {
			t.Errorf("%d: the secret has %d characters, or is not new", i, len(secret))
		}
		seen[key.Secret.Reveal()] = true
		if strings.Contains(key.Key.ID, key.Secret.Reveal()) || !key.Key.CreatedAt.Equal(clock.Truncate(time.Microsecond)) {
			t.Errorf("%d: the key is %v of %v", i, key.Key, key.Key.CreatedAt)
		}
	}
	if issued[0].Key.Kind() != billing.KindConsumerKey || issued[1].Key.Kind() != billing.KindAPIKey {
		t.Errorf("the issued keys are %v, want a consumer key and an API key", issued)
	}
	keys, err := service.Keys(ctx, acme.ID)
	if err != nil || len(keys) != 3 {
		t.Errorf("Keys = %v, %v; want 3", keys, err)
	}
}

func TestAdministrationErrors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	service, _ := newService(t)
	if _, err := service.AddAccount(ctx, acme); err != nil {
		t.Fatal(err)
	}
	_, again := service.AddAccount(ctx, acme)
	_, keys := service.Keys(ctx, "unknown")
	_, noKeys := service.Keys(ctx, "acme")
	_, key := service.AddKey(ctx, "unknown", billing.KindAPIKey)
	_, active := service.SetActive(ctx, "unknown", true)
	_, plan := service.SetActivePlan(ctx, "unknown", true)
	_, balance := service.Balance(ctx, "unknown")
	for name, test := range map[string]struct{ got, want error }{
		"add an account twice":  {again, billing.ErrAccountTaken},
		"keys, unknown account": {keys, billing.ErrAccountNotFound},
		"keys, none":            {noKeys, nil},
		"add key":               {key, billing.ErrAccountNotFound},
		"set active":            {active, billing.ErrAccountNotFound},
		"set active plan":       {plan, billing.ErrAccountNotFound},
		"balance":               {balance, billing.ErrAccountNotFound},
		"revoke key":            {service.RevokeKey(ctx, "api:unknown"), billing.ErrKeyNotFound},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	for _, invalid := range []billing.Account{
		{}, {ID: "x", Name: "x", Currency: "dollars"}, {ID: "x\x1b[2J", Name: "x", Currency: "USD"}, {ID: "x", Name: "a\u202eb", Currency: "USD"},
		{ID: "x\xff", Name: "x", Currency: "USD"}, {ID: strings.Repeat("x", 201), Name: "x", Currency: "USD"},
	} {
		if _, err := service.AddAccount(ctx, invalid, billing.KindAPIKey); err == nil {
			t.Errorf("AddAccount(%+v) = nil, want an error", invalid)
		}
	}
	if _, err := service.AddKey(ctx, acme.ID, "password"); err == nil {
		t.Error("AddKey accepts an unknown kind of key")
	}
}

func TestDisableAndEnableAccount(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	service, _ := newService(t)
	issued, err := service.AddAccount(ctx, acme, billing.KindAPIKey)
	if err != nil {
		t.Fatal(err)
	}
	want := acme
	for _, active := range []bool{false, true} {
		want.Active = active
		if got, err := service.SetActive(ctx, acme.ID, active); err != nil || got != want {
			t.Errorf("SetActive = %v, %v; want %v", got, err, want)
		}
		if _, err := service.Authenticate(ctx, credentialsOf(issued[0])); active != (err == nil) {
			t.Errorf("active %v: Authenticate = %v", active, err)
		}
	}
	want.ActivePlan = false
	if got, err := service.SetActivePlan(ctx, acme.ID, false); err != nil || got != want {
		t.Errorf("SetActivePlan = %v, %v; want %v", got, err, want)
	}
	account, err := service.Authenticate(ctx, credentialsOf(issued[0]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Buy(ctx, account, 320); !errors.Is(err, billing.ErrNoActivePlan) {
		t.Errorf("Buy without a plan = %v", err)
	}
}
