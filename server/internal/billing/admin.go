package billing

import (
	"context"
	"errors"
	"fmt"
)

// IssuedKey is a key that was just made, with the secret that nobody can show again.
type IssuedKey struct {
	// Key is what is stored.
	Key Key
	// ConsumerKey is the public part of a consumer key. It is empty for an API key.
	ConsumerKey string
	// Secret is the consumer key's secret, or the API key itself.
	Secret Secret
}

// AddAccount stores a new account and makes a key of each given kind for it. It fails with
// ErrAccountTaken when there is an account with its ID, and with another error when the account breaks
// the rules of Validate.
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

// SetActive says whether an account is let in, and returns it. It fails with ErrAccountNotFound when
// there is none with that ID. An account that is disabled is let in no more, at the latest after the
// time of WithFreshness in every process that serves it.
func (s *Service) SetActive(ctx context.Context, id string, active bool) (Account, error) {
	return s.update(ctx, id, AccountChange{Active: &active})
}

// SetActivePlan says whether an account has a plan and may buy, and returns it. It fails and takes
// effect like SetActive.
func (s *Service) SetActivePlan(ctx context.Context, id string, plan bool) (Account, error) {
	return s.update(ctx, id, AccountChange{ActivePlan: &plan})
}

func (s *Service) update(ctx context.Context, id string, change AccountChange) (Account, error) {
	defer s.known.clear()
	account, err := s.store.UpdateAccount(ctx, id, change)
	switch {
	case errors.Is(err, ErrNotFound):
		return Account{}, ErrAccountNotFound
	case err != nil:
		return Account{}, fmt.Errorf("billing: change an account: %w", err)
	}
	return account, nil
}

// AddKey makes another key for an account. It fails with ErrAccountNotFound when there is none with
// that ID.
func (s *Service) AddKey(ctx context.Context, accountID string, kind KeyKind) (IssuedKey, error) {
	issued, err := s.issue(accountID, kind)
	if err != nil {
		return IssuedKey{}, err
	}
	switch err := s.store.AddKey(ctx, issued.Key); {
	case errors.Is(err, ErrUnknownAccount):
		return IssuedKey{}, ErrAccountNotFound
	case err != nil:
		return IssuedKey{}, fmt.Errorf("billing: add a key: %w", err)
	}
	return issued, nil
}

// Keys returns the keys of an account, by ID. It fails with ErrAccountNotFound when there is none with
// that ID.
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

// RevokeKey takes a key away for good. It fails with ErrKeyNotFound when there is none with that ID,
// and takes effect like SetActive.
func (s *Service) RevokeKey(ctx context.Context, id string) error {
	defer s.known.clear()
	switch err := s.store.DeleteKey(ctx, id); {
	case errors.Is(err, ErrNotFound):
		return ErrKeyNotFound
	case err != nil:
		return fmt.Errorf("billing: revoke a key: %w", err)
	}
	return nil
}

// issue makes a key whose secret is as random as a payment's token: too long to be guessed.
func (s *Service) issue(accountID string, kind KeyKind) (IssuedKey, error) {
	var issued IssuedKey
	secret, err := newText(s.random)
	if err != nil {
		return issued, fmt.Errorf("billing: make a secret: %w", err)
	}
	switch kind {
	case KindConsumerKey:
		public, err := newText(s.random)
		if err != nil {
			return issued, fmt.Errorf("billing: make a consumer key: %w", err)
		}
		issued.ConsumerKey = "ck_" + public[:len(public)/2]
		issued.Secret = NewSecret("cs_" + secret)
		issued.Key = ConsumerKey(issued.ConsumerKey, issued.Secret.Reveal()).Key(accountID)
	case KindAPIKey:
		issued.Secret = NewSecret("ak_" + secret)
		issued.Key = APIKey(issued.Secret.Reveal()).Key(accountID)
	default:
		return issued, fmt.Errorf("billing: no such kind of key: %q", kind)
	}
	issued.Key.CreatedAt = s.timestamp()
	return issued, nil
}
