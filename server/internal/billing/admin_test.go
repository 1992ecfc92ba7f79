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

// credentialsOf are what somebody presents who was shown an issued key.
func credentialsOf(issued billing.IssuedKey) billing.Credentials {
	if issued.ConsumerKey != "" {
		return billing.ConsumerKey(issued.ConsumerKey, issued.Secret.Reveal())
	}
	return billing.APIKey(issued.Secret.Reveal())
}

func TestAnIssuedKeyLetsIn(t *testing.T) {
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
			t.Errorf("%d: the secret has %d characters, or is another's", i, len(secret))
		}
		seen[key.Secret.Reveal()] = true
		if strings.Contains(key.Key.ID, key.Secret.Reveal()) || !key.Key.CreatedAt.Equal(clock.Truncate(time.Microsecond)) {
			t.Errorf("%d: the key is %v of %v", i, key.Key, key.Key.CreatedAt)
		}
	}
	if issued[0].Key.Kind() != billing.KindConsumerKey || issued[1].Key.Kind() != billing.KindAPIKey {
		t.Errorf("the kinds are %v", issued)
	}
	keys, err := service.Keys(ctx, acme.ID)
	if err != nil || len(keys) != 3 {
		t.Errorf("Keys = %v, %v; want 3", keys, err)
	}
}

func TestAdministrationFindsNobody(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	service, _ := newService(t)
	if _, err := service.AddAccount(ctx, acme); err != nil {
		t.Fatal(err)
	}
	_, again := service.AddAccount(ctx, acme)
	_, keys := service.Keys(ctx, "nobody")
	_, noKeys := service.Keys(ctx, "acme")
	_, key := service.AddKey(ctx, "nobody", billing.KindAPIKey)
	_, active := service.SetActive(ctx, "nobody", true)
	_, plan := service.SetActivePlan(ctx, "nobody", true)
	_, balance := service.Balance(ctx, "nobody")
	for name, test := range map[string]struct{ got, want error }{
		"an account twice":        {again, billing.ErrAccountTaken},
		"keys of nobody":          {keys, billing.ErrAccountNotFound},
		"no keys":                 {noKeys, nil},
		"a key for nobody":        {key, billing.ErrAccountNotFound},
		"nobody is active":        {active, billing.ErrAccountNotFound},
		"nobody has a plan":       {plan, billing.ErrAccountNotFound},
		"nobody has a balance":    {balance, billing.ErrAccountNotFound},
		"a key that is not there": {service.RevokeKey(ctx, "api:nobody"), billing.ErrKeyNotFound},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	for _, broken := range []billing.Account{
		{}, {ID: "x", Name: "x", Currency: "dollars"}, {ID: "x\x1b[2J", Name: "x", Currency: "USD"}, {ID: "x", Name: "a\u202eb", Currency: "USD"},
		{ID: "x\xff", Name: "x", Currency: "USD"}, {ID: strings.Repeat("x", 201), Name: "x", Currency: "USD"},
	} {
		if _, err := service.AddAccount(ctx, broken, billing.KindAPIKey); err == nil {
			t.Errorf("the account %+v was added", broken)
		}
	}
	if _, err := service.AddKey(ctx, acme.ID, "password"); err == nil {
		t.Error("a key of no known kind was made")
	}
}

func TestAnAccountIsDisabledAndEnabled(t *testing.T) {
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
