package billing

import (
	"context"
	"errors"
	"fmt"
)

// SeedAccount is an account that is put into a store together with its credentials.
type SeedAccount struct {
	Account Account
	// ConsumerKey and ConsumerSecret are the first of the two kinds of credentials; both or none.
	ConsumerKey    string
	ConsumerSecret Secret
	// APIKey is the second kind. At least one of the two is there.
	APIKey Secret
}

// DemoAccounts returns the accounts that everybody can try the sandbox with. Their secrets are
// public: whoever serves them lets everybody in.
func DemoAccounts() []SeedAccount {
	return []SeedAccount{
		demoAccount("active", "Active demo account", true, true),
		demoAccount("inactive", "Inactive demo account", false, true),
		demoAccount("noplan", "Demo account without a plan", true, false),
	}
}

func demoAccount(name, title string, active, plan bool) SeedAccount {
	prefix := "sandbox-" + name
	return SeedAccount{
		Account:        Account{ID: prefix, Name: title, Currency: "USD", Active: active, ActivePlan: plan},
		ConsumerKey:    prefix + "-key",
		ConsumerSecret: NewSecret(prefix + "-secret"),
		APIKey:         NewSecret(prefix + "-token"),
	}
}

// Seed puts accounts and their credentials into the store. Those that are there already are set to
// what is given, and nothing is written for those that are there just so: seeding at every start
// costs a few look-ups. It fails before anything is written when an account is not fit to be stored.
func (s *Service) Seed(ctx context.Context, accounts []SeedAccount) error {
	for _, seed := range accounts {
		if _, err := seed.keys(); err != nil {
			return err
		}
	}
	for _, seed := range accounts {
		if err := s.seed(ctx, seed); err != nil {
			return fmt.Errorf("billing: seed the account %s: %w", seed.Account.ID, err)
		}
	}
	return nil
}

// Reset deletes all purchases, sets all balances to zero, and sets the given accounts to what they
// were seeded as. Other accounts and all keys stay.
func (s *Service) Reset(ctx context.Context, accounts []SeedAccount) error {
	if err := s.store.Reset(ctx); err != nil {
		return fmt.Errorf("billing: reset: %w", err)
	}
	if err := s.Seed(ctx, accounts); err != nil {
		// Not wrapped, as it may say that nothing was done.
		return fmt.Errorf("billing: reset: the purchases are deleted, but accounts not set back: %v", err) //nolint:errorlint // said above
	}
	return nil
}

func (s *Service) seed(ctx context.Context, seed SeedAccount) error {
	keys, err := seed.keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		storedKey, storedAccount, err := s.store.Key(ctx, key.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err != nil || storedKey.SecretHash != key.SecretHash || storedAccount != seed.Account {
			return s.put(ctx, seed.Account, keys)
		}
	}
	return nil
}

// put stores an account and its keys, which are new from now on.
func (s *Service) put(ctx context.Context, account Account, keys []Key) error {
	for i := range keys {
		keys[i].CreatedAt = s.timestamp()
	}
	defer s.known.clear()
	return s.store.PutAccount(ctx, account, keys...)
}

// keys returns what is stored of the account's credentials, and an error for an account that is not
// fit to be stored.
func (a SeedAccount) keys() ([]Key, error) {
	if err := a.Account.Validate(); err != nil {
		return nil, err
	}
	var keys []Key
	if secret := a.ConsumerSecret.Reveal(); a.ConsumerKey != "" || secret != "" {
		credentials := ConsumerKey(a.ConsumerKey, secret)
		if !credentials.usable() {
			return nil, fmt.Errorf("billing: the account %s has a consumer key or secret that cannot be used", a.Account.ID)
		}
		keys = append(keys, credentials.Key(a.Account.ID))
	}
	if key := a.APIKey.Reveal(); key != "" {
		keys = append(keys, APIKey(key).Key(a.Account.ID))
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("billing: the account %s has no credentials", a.Account.ID)
	}
	return keys, nil
}
