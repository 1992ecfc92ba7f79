// Package instrument records metrics and traces of a billing.Store. It records no argument of an operation
// and no text of an error.
package instrument

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Wrap returns a store that calls inner, counts each operation by its outcome, and records its duration in
// seconds. It starts a span for each operation whose context contains a span that is recorded. A nil
// metrics or tracer turns that part off; if both are nil, Wrap returns inner.
func Wrap(inner billing.Store, metrics *Metrics, tracer trace.Tracer) billing.Store {
	if metrics == nil && tracer == nil {
		return inner
	}
	return &store{inner: inner, metrics: metrics, tracer: tracer}
}

type store struct {
	inner   billing.Store
	metrics *Metrics
	tracer  trace.Tracer
}

func (s *store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	ctx, end := s.observe(ctx, "Key")
	key, account, err := s.inner.Key(ctx, id)
	return key, account, end(err)
}

func (s *store) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	ctx, end := s.observe(ctx, "Keys")
	keys, err := s.inner.Keys(ctx, accountID)
	return keys, end(err)
}

func (s *store) AddKey(ctx context.Context, key billing.Key) error {
	ctx, end := s.observe(ctx, "AddKey")
	return end(s.inner.AddKey(ctx, key))
}

func (s *store) DeleteKey(ctx context.Context, id string) error {
	ctx, end := s.observe(ctx, "DeleteKey")
	return end(s.inner.DeleteKey(ctx, id))
}

func (s *store) Balance(ctx context.Context, id string) (billing.Balance, error) {
	ctx, end := s.observe(ctx, "Balance")
	balance, err := s.inner.Balance(ctx, id)
	return balance, end(err)
}

func (s *store) CreateAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	ctx, end := s.observe(ctx, "CreateAccount")
	return end(s.inner.CreateAccount(ctx, account, keys...))
}

func (s *store) UpdateAccount(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error) {
	ctx, end := s.observe(ctx, "UpdateAccount")
	account, err := s.inner.UpdateAccount(ctx, id, change)
	return account, end(err)
}

func (s *store) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	ctx, end := s.observe(ctx, "PutAccount")
	return end(s.inner.PutAccount(ctx, account, keys...))
}

func (s *store) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	ctx, end := s.observe(ctx, "Balances")
	balances, err := s.inner.Balances(ctx, after, limit)
	return balances, end(err)
}

func (s *store) CreatePurchase(ctx context.Context, purchase billing.Purchase) error {
	ctx, end := s.observe(ctx, "CreatePurchase")
	return end(s.inner.CreatePurchase(ctx, purchase))
}

func (s *store) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	ctx, end := s.observe(ctx, "Purchase")
	purchase, err := s.inner.Purchase(ctx, token)
	return purchase, end(err)
}

func (s *store) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	ctx, end := s.observe(ctx, "Settle")
	purchase, err := s.inner.Settle(ctx, token, status, at)
	return purchase, end(err)
}

func (s *store) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	ctx, end := s.observe(ctx, "Purchases")
	purchases, err := s.inner.Purchases(ctx, page)
	return purchases, end(err)
}

func (s *store) Reset(ctx context.Context) error {
	ctx, end := s.observe(ctx, "Reset")
	return end(s.inner.Reset(ctx))
}

func (s *store) Ping(ctx context.Context) error {
	ctx, end := s.observe(ctx, "Ping")
	return end(s.inner.Ping(ctx))
}

func (s *store) Close() error {
	_, end := s.observe(context.Background(), "Close")
	return end(s.inner.Close())
}
