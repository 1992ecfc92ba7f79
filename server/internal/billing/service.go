// Package billing contains the accounts that buy email-validation credits, their purchases, and the rules for both. It
// is independent of HTTP and SQL.
package billing

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/semaphore"
)

// Service is the billing system. It is safe for concurrent use.
type Service struct {
	store  Store
	now    func() time.Time
	random io.Reader
	cache  *cache
	calls  *semaphore.Weighted // bounds the concurrent calls of the store, and so their memory if it is slow
}

// New returns a billing system whose accounts and purchases are in store. The caller closes the store.
func New(store Store, options ...Option) (*Service, error) {
	if store == nil {
		return nil, errors.New("billing: the store is nil")
	}
	s := defaultSettings()
	for _, option := range options {
		option(&s)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Service{
		store: store, now: s.now, random: s.random,
		cache: newCache(s.freshness), calls: semaphore.NewWeighted(s.maxWaiting),
	}, nil
}

// Authenticate returns the active account of credentials. It fails with ErrInvalidCredentials if they are unknown or
// wrong, with ErrAccountInactive and the account if they are right but the account is not active, and with
// ErrUnavailable if the store fails.
//
// Accepted credentials are cached, see WithFreshness. The duration of all other calls depends neither on how much of a
// secret is right nor on whether a key exists: credentials are hashed before the store is read, and the hashes are
// compared in constant time, for an unknown key with a hash of zeros.
func (s *Service) Authenticate(ctx context.Context, credentials Credentials) (Account, error) {
	if credentials.id == "" { // which matches no account
		return Account{}, ErrInvalidCredentials
	}
	if account, ok := s.cache.find(credentials); ok {
		return account, nil
	}
	if !s.calls.TryAcquire(1) {
		return Account{}, tooManyCalls("authenticate")
	}
	defer s.calls.Release(1)
	readAt := time.Now()
	key, account, err := s.store.Key(ctx, credentials.id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, readError("authenticate", err)
	}
	equal := subtle.ConstantTimeCompare(key.SecretHash[:], credentials.hash[:]) == 1
	switch {
	case err != nil || !equal:
		s.cache.remove(credentials)
		return Account{}, ErrInvalidCredentials
	case !account.Active:
		s.cache.remove(credentials)
		return account, ErrAccountInactive
	}
	s.cache.add(credentials, account, readAt)
	return account, nil
}

// Buy creates a purchase of amount, in whole units of the account's currency, and returns the pending purchase once it
// is durable. Nothing is charged. Buy fails with ErrAccountInactive or ErrNoActivePlan for an account that may not
// buy, and with ErrInvalidAmount for an amount that is not positive. The API document sets the limits of an amount, and
// its server checks them.
//
// An error that wraps ErrUnavailable reports that nothing was stored. After any other error of the store the purchase
// may be stored; its token is secret, so that it can be neither read nor paid.
func (s *Service) Buy(ctx context.Context, account Account, amount int64) (Purchase, error) {
	switch {
	case !account.Active:
		return Purchase{}, ErrAccountInactive
	case !account.ActivePlan:
		return Purchase{}, ErrNoActivePlan
	case amount <= 0:
		return Purchase{}, ErrInvalidAmount
	}
	now := s.timestamp()
	token, err := newToken(s.random, now)
	if err != nil {
		return Purchase{}, fmt.Errorf("billing: create a token: %w", err)
	}
	purchase := Purchase{
		Token:     token,
		AccountID: account.ID,
		Amount:    amount,
		Currency:  account.Currency,
		Status:    StatusPending,
		CreatedAt: now,
	}
	if !s.calls.TryAcquire(1) {
		return Purchase{}, tooManyCalls("buy")
	}
	defer s.calls.Release(1)
	if err := s.store.CreatePurchase(ctx, purchase); err != nil {
		return Purchase{}, fmt.Errorf("billing: buy: %w", err)
	}
	return purchase, nil
}

// Purchase returns the purchase with a token. It fails with ErrPurchaseNotFound for an unknown token, and does not read
// the store for a malformed one.
func (s *Service) Purchase(ctx context.Context, token string) (Purchase, error) {
	if !isToken(token) {
		return Purchase{}, ErrPurchaseNotFound
	}
	if !s.calls.TryAcquire(1) {
		return Purchase{}, tooManyCalls("find a purchase")
	}
	defer s.calls.Release(1)
	purchase, err := s.store.Purchase(ctx, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return Purchase{}, ErrPurchaseNotFound
	case err != nil:
		return Purchase{}, readError("find a purchase", err)
	}
	return s.withExpiry(purchase), nil
}

// Account returns the account with an ID. It fails with ErrAccountNotFound for an unknown ID.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	balance, err := s.Balance(ctx, id)
	return balance.Account, err
}

// Balance returns the account with an ID and the sum of its payments. It fails with ErrAccountNotFound for an unknown
// ID.
func (s *Service) Balance(ctx context.Context, id string) (Balance, error) {
	if !s.calls.TryAcquire(1) {
		return Balance{}, tooManyCalls("find an account")
	}
	defer s.calls.Release(1)
	balance, err := s.store.Balance(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Balance{}, ErrAccountNotFound
	case err != nil:
		return Balance{}, readError("find an account", err)
	}
	return balance, nil
}

// Ready fails while the store cannot be reached.
func (s *Service) Ready(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return fmt.Errorf("billing: not ready: %w", err)
	}
	return nil
}

// timestamp returns the current time as it is stored.
func (s *Service) timestamp() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// withExpiry returns a purchase with the status StatusExpired if it is pending after its Lifetime.
func (s *Service) withExpiry(purchase Purchase) Purchase {
	if purchase.Status == StatusPending && !s.now().Before(purchase.ExpiresAt()) {
		purchase.Status = StatusExpired
	}
	return purchase
}

// tooManyCalls returns the error of an action that the limit of WithMaxWaiting refuses.
func tooManyCalls(action string) error {
	return fmt.Errorf("billing: %s: %w: too many concurrent calls of the store", action, ErrUnavailable)
}

// readError returns the error of a read that failed. A read stores nothing and may succeed later, unless the store is
// closed.
func readError(action string, err error) error {
	if errors.Is(err, ErrStoreClosed) {
		return fmt.Errorf("billing: %s: %w", action, err)
	}
	return fmt.Errorf("billing: %s: %w: %w", action, ErrUnavailable, err)
}
