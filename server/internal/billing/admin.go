package billing

import (
	"context"
	"errors"
	"fmt"
)

// IssuedKey is a new key with its secret, which cannot be retrieved later.
type IssuedKey struct {
	// Key is the stored form.
	Key Key
	// ConsumerKey is the public part of a consumer key. It is empty for an API key.
	ConsumerKey string
	// Secret is the consumer key's secret, or the API key itself.
	Secret Secret
}

// AddAccount stores a new account with a new key of each given kind. It fails with ErrAccountTaken if the ID exists,
// and with the error of Validate for an invalid account.
func (s *Service) AddAccount(ctx context.Context, account Account, kinds ...KeyKind) ([]IssuedKey, error) {
	if err := account.Validate(); err != nil {
		return nil, err
	}
	var issued []IssuedKey
	var keys []Key
	for _, kind := range kinds {
		key, err := s.issue(account.ID, kind)
		if err != nil {
			return nil, err
		}
		issued, keys = append(issued, key), append(keys, key.Key)
	}
	if err := s.store.CreateAccount(ctx, account, keys...); err != nil {
		return nil, fmt.Errorf("billing: add an account: %w", err)
	}
	return issued, nil
}

// SetActive enables or disables an account, and returns it. It fails with ErrAccountNotFound for an unknown ID. Other
// processes with the same store apply the change after the time of WithFreshness at the latest.
func (s *Service) SetActive(ctx context.Context, id string, active bool) (Account, error) {
	return s.update(ctx, id, AccountChange{Active: &active})
}

// SetActivePlan sets whether an account has an active plan and may buy, and returns it. It fails and takes effect like
// SetActive.
func (s *Service) SetActivePlan(ctx context.Context, id string, plan bool) (Account, error) {
	return s.update(ctx, id, AccountChange{ActivePlan: &plan})
}

func (s *Service) update(ctx context.Context, id string, change AccountChange) (Account, error) {
	defer s.cache.clear()
	account, err := s.store.UpdateAccount(ctx, id, change)
	return account, wrap("change an account", err, ErrNotFound, ErrAccountNotFound)
}

// AddKey adds a new key to an account. It fails with ErrAccountNotFound for an unknown account.
func (s *Service) AddKey(ctx context.Context, accountID string, kind KeyKind) (IssuedKey, error) {
	issued, err := s.issue(accountID, kind)
	if err != nil {
		return IssuedKey{}, err
	}
	if err := s.store.AddKey(ctx, issued.Key); err != nil {
		return IssuedKey{}, wrap("add a key", err, ErrUnknownAccount, ErrAccountNotFound)
	}
	return issued, nil
}

// Keys returns the keys of an account, ordered by ID. It fails with ErrAccountNotFound for an unknown account.
func (s *Service) Keys(ctx context.Context, accountID string) ([]Key, error) {
	keys, err := s.store.Keys(ctx, accountID)
	if err != nil {
		return nil, fmt.Errorf("billing: list keys: %w", err)
	}
	if len(keys) == 0 {
		if _, err := s.Account(ctx, accountID); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// RevokeKey deletes a key permanently. It fails with ErrKeyNotFound for an unknown ID, and takes effect like SetActive.
func (s *Service) RevokeKey(ctx context.Context, id string) error {
	defer s.cache.clear()
	return wrap("revoke a key", s.store.DeleteKey(ctx, id), ErrNotFound, ErrKeyNotFound)
}

// wrap adds the failed action to an error of the store. It replaces the error missing by the error of the Service.
func wrap(action string, err, missing, replacement error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, missing):
		return replacement
	}
	return fmt.Errorf("billing: %s: %w", action, err)
}

// issue creates a key. Its secret has 160 random bits, like a token.
func (s *Service) issue(accountID string, kind KeyKind) (IssuedKey, error) {
	var issued IssuedKey
	secret, err := randomText(s.random)
	if err != nil {
		return issued, fmt.Errorf("billing: create a secret: %w", err)
	}
	switch kind {
	case KindConsumerKey:
		public, err := randomText(s.random)
		if err != nil {
			return issued, fmt.Errorf("billing: create a consumer key: %w", err)
		}
		issued.ConsumerKey = "ck_" + public[:len(public)/2]
		issued.Secret = NewSecret("cs_" + secret)
		issued.Key = ConsumerKey(issued.ConsumerKey, issued.Secret.Reveal()).Key(accountID)
	case KindAPIKey:
		issued.Secret = NewSecret("ak_" + secret)
		issued.Key = APIKey(issued.Secret.Reveal()).Key(accountID)
	default:
		return issued, fmt.Errorf("billing: unknown kind of key %q: use %q or %q", kind, KindConsumerKey, KindAPIKey)
	}
	issued.Key.CreatedAt = s.timestamp()
	return issued, nil
}
