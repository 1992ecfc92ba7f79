package billing_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var errBroken = errors.New("the disk is on fire")

// probe is a store in memory that counts what it is asked, and fails when told to.
type probe struct {
	billing.Store
	fail  error
	slow  time.Duration
	lock  sync.Mutex // of calls
	calls map[string]int
}

func (p *probe) ask(method string) error {
	time.Sleep(p.slow)
	p.lock.Lock()
	defer p.lock.Unlock()
	p.calls[method]++
	return p.fail
}

func (p *probe) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	if err := p.ask("Key"); err != nil {
		return billing.Key{}, billing.Account{}, err
	}
	return p.Store.Key(ctx, id)
}

func (p *probe) Balance(ctx context.Context, id string) (billing.Balance, error) {
	if err := p.ask("Balance"); err != nil {
		return billing.Balance{}, err
	}
	return p.Store.Balance(ctx, id)
}

func (p *probe) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	if err := p.ask("PutAccount"); err != nil {
		return err
	}
	return p.Store.PutAccount(ctx, account, keys...)
}

func (p *probe) CreatePurchase(ctx context.Context, purchase billing.Purchase) error {
	if err := p.ask("CreatePurchase"); err != nil {
		return err
	}
	return p.Store.CreatePurchase(ctx, purchase)
}

func (p *probe) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	if err := p.ask("Purchase"); err != nil {
		return billing.Purchase{}, err
	}
	return p.Store.Purchase(ctx, token)
}

func (p *probe) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	if err := p.ask("Purchases"); err != nil {
		return nil, err
	}
	return p.Store.Purchases(ctx, page)
}

func (p *probe) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	if err := p.ask("Settle"); err != nil {
		return billing.Purchase{}, err
	}
	return p.Store.Settle(ctx, token, status, at)
}

func (p *probe) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	if err := p.ask("Balances"); err != nil {
		return nil, err
	}
	return p.Store.Balances(ctx, after, limit)
}

func (p *probe) Reset(ctx context.Context) error {
	if err := p.ask("Reset"); err != nil {
		return err
	}
	return p.Store.Reset(ctx)
}

func (p *probe) Ping(ctx context.Context) error {
	if err := p.ask("Ping"); err != nil {
		return err
	}
	return p.Store.Ping(ctx)
}
