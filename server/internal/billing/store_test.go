package billing_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var errBroken = errors.New("the disk is on fire")

// testStore is an in-memory store that counts calls, and can delay them or fail.
type testStore struct {
	billing.Store
	fail  error
	delay time.Duration
	lock  sync.Mutex // of calls
	calls map[string]int
}

func (s *testStore) call(method string) error {
	time.Sleep(s.delay)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.calls[method]++
	return s.fail
}

func (s *testStore) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	if err := s.call("Key"); err != nil {
		return billing.Key{}, billing.Account{}, err
	}
	return s.Store.Key(ctx, id)
}

func (s *testStore) Balance(ctx context.Context, id string) (billing.Balance, error) {
	if err := s.call("Balance"); err != nil {
		return billing.Balance{}, err
	}
	return s.Store.Balance(ctx, id)
}

func (s *testStore) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	if err := s.call("PutAccount"); err != nil {
		return err
	}
	return s.Store.PutAccount(ctx, account, keys...)
}

func (s *testStore) CreatePurchase(ctx context.Context, purchase billing.Purchase) error {
	if err := s.call("CreatePurchase"); err != nil {
		return err
	}
	return s.Store.CreatePurchase(ctx, purchase)
}

func (s *testStore) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	if err := s.call("Purchase"); err != nil {
		return billing.Purchase{}, err
	}
	return s.Store.Purchase(ctx, token)
}

func (s *testStore) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	if err := s.call("Purchases"); err != nil {
		return nil, err
	}
	return s.Store.Purchases(ctx, page)
}

func (s *testStore) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	if err := s.call("Settle"); err != nil {
		return billing.Purchase{}, err
	}
	return s.Store.Settle(ctx, token, status, at)
}

func (s *testStore) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	if err := s.call("Balances"); err != nil {
		return nil, err
	}
	return s.Store.Balances(ctx, after, limit)
}

func (s *testStore) Reset(ctx context.Context) error {
	if err := s.call("Reset"); err != nil {
		return err
	}
	return s.Store.Reset(ctx)
}

func (s *testStore) Ping(ctx context.Context) error {
	if err := s.call("Ping"); err != nil {
		return err
	}
	return s.Store.Ping(ctx)
}
