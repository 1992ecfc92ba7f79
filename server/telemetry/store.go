package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Store returns inner with each operation counted and timed in metrics, and traced by tracer within a
// request that is. Either may be nil, and inner itself is returned when both are. No argument and no
// error's text goes into a label or a span.
//
// The inner store is found by a method Unwrap() billing.Store.
func Store(inner billing.Store, metrics *Metrics, tracer trace.Tracer) billing.Store {
	if metrics == nil && tracer == nil {
		return inner
	}
	s := &store{inner: inner, tracer: tracer}
	if metrics != nil {
		s.metrics = metrics.store
	}
	return s
}

type store struct {
	inner   billing.Store
	metrics *storeMetrics
	tracer  trace.Tracer
}

var _ billing.Store = (*store)(nil)

// Unwrap returns the inner store.
func (s *store) Unwrap() billing.Store { return s.inner }

func (s *store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	ctx, c := s.begin(ctx, opKey)
	key, account, err := s.inner.Key(ctx, id)
	return key, account, c.end(err)
}

func (s *store) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	ctx, c := s.begin(ctx, opKeys)
	keys, err := s.inner.Keys(ctx, accountID)
	return keys, c.end(err)
}

func (s *store) AddKey(ctx context.Context, key billing.Key) error {
	ctx, c := s.begin(ctx, opAddKey)
	return c.end(s.inner.AddKey(ctx, key))
}

func (s *store) DeleteKey(ctx context.Context, id string) error {
	ctx, c := s.begin(ctx, opDeleteKey)
	return c.end(s.inner.DeleteKey(ctx, id))
}

func (s *store) Balance(ctx context.Context, id string) (billing.Balance, error) {
	ctx, c := s.begin(ctx, opBalance)
	balance, err := s.inner.Balance(ctx, id)
	return balance, c.end(err)
}

func (s *store) CreateAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	ctx, c := s.begin(ctx, opCreateAccount)
	return c.end(s.inner.CreateAccount(ctx, account, keys...))
}

func (s *store) UpdateAccount(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error) {
	ctx, c := s.begin(ctx, opUpdateAccount)
	account, err := s.inner.UpdateAccount(ctx, id, change)
	return account, c.end(err)
}

func (s *store) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	ctx, c := s.begin(ctx, opPutAccount)
	return c.end(s.inner.PutAccount(ctx, account, keys...))
}

func (s *store) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	ctx, c := s.begin(ctx, opBalances)
	balances, err := s.inner.Balances(ctx, after, limit)
	return balances, c.end(err)
}

func (s *store) CreatePurchase(ctx context.Context, purchase billing.Purchase) error {
	ctx, c := s.begin(ctx, opCreatePurchase)
	return c.end(s.inner.CreatePurchase(ctx, purchase))
}

func (s *store) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	ctx, c := s.begin(ctx, opPurchase)
	purchase, err := s.inner.Purchase(ctx, token)
	return purchase, c.end(err)
}

func (s *store) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	ctx, c := s.begin(ctx, opSettle)
	purchase, err := s.inner.Settle(ctx, token, status, at)
	return purchase, c.end(err)
}

func (s *store) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	ctx, c := s.begin(ctx, opPurchases)
	purchases, err := s.inner.Purchases(ctx, page)
	return purchases, c.end(err)
}

func (s *store) Reset(ctx context.Context) error {
	ctx, c := s.begin(ctx, opReset)
	return c.end(s.inner.Reset(ctx))
}

func (s *store) Ping(ctx context.Context) error {
	ctx, c := s.begin(ctx, opPing)
	return c.end(s.inner.Ping(ctx))
}

func (s *store) Close() error {
	_, c := s.begin(context.Background(), opClose) // which no request does
	return c.end(s.inner.Close())
}
