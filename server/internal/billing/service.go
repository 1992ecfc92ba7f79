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
	known  *cache
	line   *line
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
	return &Service{
		store: store, now: s.now, random: s.random,
		known: newCache(s.fresh), line: &line{max: s.maxWaiting},
	}, nil
}

// Authenticate returns the active account that credentials belong to. It fails with
// ErrInvalidCredentials when they are unknown or wrong, with ErrAccountInactive and the account when
// they are right but it is not active, and with ErrUnavailable and the store's error when it cannot
// tell.
//
// Credentials that were accepted a moment ago are accepted again without a look into the store; see
// WithFreshness. For all others, how long it takes does not depend on how much of a secret is right,
// nor on whether there is such a key: Credentials are hashed before the store is asked, and the hashes
// are compared in constant time, against one of zeros when the key is unknown.
func (s *Service) Authenticate(ctx context.Context, credentials Credentials) (Account, error) {
	if !credentials.usable() {
		return Account{}, ErrInvalidCredentials
	}
	if account, ok := s.known.find(credentials); ok {
		return account, nil
	}
	if err := s.line.enter(); err != nil {
		return Account{}, fmt.Errorf("billing: authenticate: %w", err)
	}
	defer s.line.leave()
	asked := time.Now()
	key, account, err := s.store.Key(ctx, credentials.id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, notDone("authenticate", err)
	}
	equal := subtle.ConstantTimeCompare(key.SecretHash[:], credentials.hash[:]) == 1
	switch {
	case err != nil || !equal:
		s.known.forget(credentials)
		return Account{}, ErrInvalidCredentials
	case !account.Active:
		s.known.forget(credentials)
		return account, ErrAccountInactive
	}
	s.known.keep(credentials, account, asked)
	return account, nil
}

// Buy orders credits for amount, in whole units of the account's currency, and returns the pending
// purchase once the store has made it durable. Nothing is charged. It fails with ErrAccountInactive
// or ErrNoActivePlan for an account that may not buy, and with ErrInvalidAmount for an amount that
// is not positive; the limits of an order are the API document's, and checked by who serves it.
//
// An error that wraps ErrUnavailable says that nothing was kept. Any other error of the store leaves
// that open; its token was given to nobody, so that a purchase that was kept can be neither seen nor
// paid.
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
		return Purchase{}, fmt.Errorf("billing: make a token: %w", err)
	}
	purchase := Purchase{
		Token:     token,
		AccountID: account.ID,
		Amount:    amount,
		Currency:  account.Currency,
		Status:    StatusPending,
		CreatedAt: now,
	}
	if err := s.line.enter(); err != nil {
		return Purchase{}, fmt.Errorf("billing: buy: %w", err)
	}
	defer s.line.leave()
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
	if err := s.line.enter(); err != nil {
		return Purchase{}, fmt.Errorf("billing: find a purchase: %w", err)
	}
	defer s.line.leave()
	purchase, err := s.store.Purchase(ctx, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return Purchase{}, ErrPurchaseNotFound
	case err != nil:
		return Purchase{}, notDone("find a purchase", err)
	}
	return s.aged(purchase), nil
}

// notDone is the error of a read that failed. It has done nothing, whatever it was, and may succeed later
// unless the store is closed.
func notDone(action string, err error) error {
	if errors.Is(err, ErrStoreClosed) {
		return fmt.Errorf("billing: %s: %w", action, err)
	}
	return fmt.Errorf("billing: %s: %w: %w", action, ErrUnavailable, err)
}

// timestamp is this time as it is stored.
func (s *Service) timestamp() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// aged returns a purchase as it is at this time: one that nobody has paid in time has expired.
func (s *Service) aged(purchase Purchase) Purchase {
	if purchase.Status == StatusPending && !s.now().Before(purchase.ExpiresAt()) {
		purchase.Status = StatusExpired
	}
	return purchase
}

// Account returns the account with an ID. It fails with ErrAccountNotFound when there is none.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	balance, err := s.Balance(ctx, id)
	return balance.Account, err
}

// Balance returns the account with an ID and what it has paid for. It fails with ErrAccountNotFound
// when there is none.
func (s *Service) Balance(ctx context.Context, id string) (Balance, error) {
	if err := s.line.enter(); err != nil {
		return Balance{}, fmt.Errorf("billing: find an account: %w", err)
	}
	defer s.line.leave()
	balance, err := s.store.Balance(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Balance{}, ErrAccountNotFound
	case err != nil:
		return Balance{}, notDone("find an account", err)
	}
	return balance, nil
}

// Ready returns an error while the store cannot be reached.
func (s *Service) Ready(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return fmt.Errorf("billing: not ready: %w", err)
	}
	return nil
}
