// Package billing holds the accounts that may buy email-validation credits, the purchases that they
// make, and the rules between the two. It knows nothing of HTTP and nothing of SQL: what carries a
// request to it, and the Store that keeps what it decides, are other packages' work.
package billing

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"time"
)

// Service is the billing system. It is safe for concurrent use.
type Service struct {
	store  Store
	now    func() time.Time
	random io.Reader
}

// New returns a billing system that keeps its accounts and purchases in store, which stays the
// caller's to close.
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
	return &Service{store: store, now: s.now, random: s.random}, nil
}

// Authenticate returns the active account that credentials belong to. It fails with
// ErrInvalidCredentials when they are unknown or wrong, with ErrAccountInactive and the account when
// they are right but it is not active, and with the store's error when it cannot tell.
//
// How long it takes does not depend on how much of a secret is right, nor on whether there is such
// a key: Credentials are hashed before the store is asked, and the hashes are compared in constant
// time, against one of zeros when the key is unknown.
func (s *Service) Authenticate(ctx context.Context, credentials Credentials) (Account, error) {
	if !credentials.usable() {
		return Account{}, ErrInvalidCredentials
	}
	key, account, err := s.store.Key(ctx, credentials.id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, fmt.Errorf("billing: authenticate: %w", err)
	}
	equal := subtle.ConstantTimeCompare(key.SecretHash[:], credentials.hash[:]) == 1
	switch {
	case err != nil || !equal:
		return Account{}, ErrInvalidCredentials
	case !account.Active:
		return account, ErrAccountInactive
	}
	return account, nil
}

// Buy orders credits for amount, in whole units of the account's currency, and returns the pending
// purchase once the store has made it durable. Nothing is charged. It fails with ErrAccountInactive
// or ErrNoActivePlan for an account that may not buy, and with ErrInvalidAmount for an amount that
// is not positive; the limits of an order are the API document's, and checked by who serves it.
//
// An error of the store leaves open whether the purchase was kept. Its token was given to nobody,
// so that a purchase that was kept can be neither seen nor paid.
func (s *Service) Buy(ctx context.Context, account Account, amount int64) (Purchase, error) {
	switch {
	case !account.Active:
		return Purchase{}, ErrAccountInactive
	case !account.ActivePlan:
		return Purchase{}, ErrNoActivePlan
	case amount <= 0:
		return Purchase{}, ErrInvalidAmount
	}
	token, err := newToken(s.random)
	if err != nil {
		return Purchase{}, fmt.Errorf("billing: make a token: %w", err)
	}
	purchase := Purchase{
		Token:     token,
		AccountID: account.ID,
		Amount:    amount,
		Currency:  account.Currency,
		Status:    StatusPending,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}
	if err := s.store.CreatePurchase(ctx, purchase); err != nil {
		return Purchase{}, fmt.Errorf("billing: buy: %w", err)
	}
	return purchase, nil
}

// Purchase returns the purchase behind a token. It fails with ErrPurchaseNotFound when there is
// none; for a text that is no token it does so without asking the store.
func (s *Service) Purchase(ctx context.Context, token string) (Purchase, error) {
	if !validToken(token) {
		return Purchase{}, ErrPurchaseNotFound
	}
	purchase, err := s.store.Purchase(ctx, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return Purchase{}, ErrPurchaseNotFound
	case err != nil:
		return Purchase{}, fmt.Errorf("billing: find a purchase: %w", err)
	}
	return s.aged(purchase), nil
}

// aged returns a purchase as it is at this time: one that nobody has paid in time has expired.
func (s *Service) aged(purchase Purchase) Purchase {
	if purchase.Status == StatusPending && !s.now().Before(purchase.ExpiresAt()) {
		purchase.Status = StatusExpired
	}
	return purchase
}

// Account returns the account with an ID. It fails with ErrAccountNotFound when there is none.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	account, err := s.store.Account(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Account{}, ErrAccountNotFound
	case err != nil:
		return Account{}, fmt.Errorf("billing: find an account: %w", err)
	}
	return account, nil
}

// Ready returns an error while the store cannot be reached.
func (s *Service) Ready(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return fmt.Errorf("billing: not ready: %w", err)
	}
	return nil
}
