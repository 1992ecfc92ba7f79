package storetest

import (
	"context"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// defect is a store that does all but one thing right: a method that is set here stands in for the
// good store's.
type defect struct {
	billing.Store
	key            func(ctx context.Context, id string) (billing.Key, billing.Account, error)
	balance        func(ctx context.Context, id string) (billing.Balance, error)
	createAccount  func(ctx context.Context, account billing.Account, keys ...billing.Key) error
	updateAccount  func(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error)
	keys           func(ctx context.Context, accountID string) ([]billing.Key, error)
	addKey         func(ctx context.Context, key billing.Key) error
	deleteKey      func(ctx context.Context, id string) error
	putAccount     func(ctx context.Context, account billing.Account, keys ...billing.Key) error
	createPurchase func(ctx context.Context, purchase billing.Purchase) error
	purchase       func(ctx context.Context, token string) (billing.Purchase, error)
	purchases      func(ctx context.Context, page billing.Page) ([]billing.Purchase, error)
	settle         func(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error)
	balances       func(ctx context.Context, after string, limit int) ([]billing.Balance, error)
	reset          func(ctx context.Context) error
	ping           func(ctx context.Context) error
	close          func() error
}

func (d *defect) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	if d.key != nil {
		return d.key(ctx, id)
	}
	return d.Store.Key(ctx, id)
}

func (d *defect) Balance(ctx context.Context, id string) (billing.Balance, error) {
	if d.balance != nil {
		return d.balance(ctx, id)
	}
	return d.Store.Balance(ctx, id)
}

func (d *defect) CreateAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	if d.createAccount != nil {
		return d.createAccount(ctx, account, keys...)
	}
	return d.Store.CreateAccount(ctx, account, keys...)
}

func (d *defect) UpdateAccount(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error) {
	if d.updateAccount != nil {
		return d.updateAccount(ctx, id, change)
	}
	return d.Store.UpdateAccount(ctx, id, change)
}

func (d *defect) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	if d.keys != nil {
		return d.keys(ctx, accountID)
	}
	return d.Store.Keys(ctx, accountID)
}

func (d *defect) AddKey(ctx context.Context, key billing.Key) error {
	if d.addKey != nil {
		return d.addKey(ctx, key)
	}
	return d.Store.AddKey(ctx, key)
}

func (d *defect) DeleteKey(ctx context.Context, id string) error {
	if d.deleteKey != nil {
		return d.deleteKey(ctx, id)
	}
	return d.Store.DeleteKey(ctx, id)
}

func (d *defect) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	if d.putAccount != nil {
		return d.putAccount(ctx, account, keys...)
	}
	return d.Store.PutAccount(ctx, account, keys...)
}

func (d *defect) CreatePurchase(ctx context.Context, purchase billing.Purchase) error {
	if d.createPurchase != nil {
		return d.createPurchase(ctx, purchase)
	}
	return d.Store.CreatePurchase(ctx, purchase)
}

func (d *defect) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	if d.purchase != nil {
		return d.purchase(ctx, token)
	}
	return d.Store.Purchase(ctx, token)
}

func (d *defect) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	if d.purchases != nil {
		return d.purchases(ctx, page)
	}
	return d.Store.Purchases(ctx, page)
}

func (d *defect) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	if d.settle != nil {
		return d.settle(ctx, token, status, at)
	}
	return d.Store.Settle(ctx, token, status, at)
}

func (d *defect) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	if d.balances != nil {
		return d.balances(ctx, after, limit)
	}
	return d.Store.Balances(ctx, after, limit)
}

func (d *defect) Reset(ctx context.Context) error {
	if d.reset != nil {
		return d.reset(ctx)
	}
	return d.Store.Reset(ctx)
}

func (d *defect) Ping(ctx context.Context) error {
	if d.ping != nil {
		return d.ping(ctx)
	}
	return d.Store.Ping(ctx)
}

func (d *defect) Close() error {
	if d.close != nil {
		return d.close()
	}
	return d.Store.Close()
}
