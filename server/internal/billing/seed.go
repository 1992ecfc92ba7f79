package billing

import (
	"context"
	"errors"
	"fmt"
)

// SeedAccount is an account that Seed stores with its credentials.
type SeedAccount struct {
	Account Account
	// ConsumerKey and ConsumerSecret are set both or not at all.
	ConsumerKey    string
	ConsumerSecret Secret
	// APIKey may be empty if there is a consumer key.
	APIKey Secret
}

// DemoAccounts returns the demo accounts of the sandbox. Their secrets are public, so a server with these accounts
// accepts requests of everyone.
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

// Seed stores accounts and their credentials. It overwrites accounts that differ, and only reads those that are stored
// already, so that a call at every start is cheap. It stores nothing if one of the accounts is invalid.
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

// Reset deletes all purchases, sets all balances to zero, and seeds the given accounts again. It keeps other accounts
// and all keys.
func (s *Service) Reset(ctx context.Context, accounts []SeedAccount) error {
	if err := s.store.Reset(ctx); err != nil {
		return fmt.Errorf("billing: reset: %w", err)
	}
	if err := s.Seed(ctx, accounts); err != nil {
		// Not wrapped, because it may be ErrUnavailable, which reports that nothing was stored.
		return fmt.Errorf("billing: reset: the purchases are deleted, but the accounts are not seeded: %v", err) //nolint:errorlint // see above
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
			for i := range keys {
				keys[i].CreatedAt = s.timestamp()
			}
			defer s.cache.clear()
			return s.store.PutAccount(ctx, seed.Account, keys...)
		}
	}
	return nil
}

// keys returns the keys of the account. It fails if the account or its credentials are invalid.
func (a SeedAccount) keys() ([]Key, error) {
	if err := a.Account.Validate(); err != nil {
		return nil, err
	}
	var keys []Key
	if secret := a.ConsumerSecret.Reveal(); a.ConsumerKey != "" || secret != "" {
		credentials := ConsumerKey(a.ConsumerKey, secret)
		if credentials.id == "" {
			return nil, fmt.Errorf("billing: the consumer key or secret of the account %s is empty or malformed", a.Account.ID)
		}
		keys = append(keys, credentials.Key(a.Account.ID))
	}
	if key := a.APIKey.Reveal(); key != "" {
		keys = append(keys, APIKey(key).Key(a.Account.ID))
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("billing: the account %s has no credentials: set a consumer key or an API key", a.Account.ID)
	}
	return keys, nil
}
