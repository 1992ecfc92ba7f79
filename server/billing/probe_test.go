package billing_test

import (
	"context"
	"errors"

	"github.com/turbosmtp-go/billing/server/billing"
)

var errBroken = errors.New("the disk is on fire")

// probe is a store in memory that counts what it is asked, and fails when told to.
type probe struct {
	billing.Store
	fail  error
	calls map[string]int
}

func (p *probe) ask(method string) error {
	p.calls[method]++
	return p.fail
}

func (p *probe) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	if err := p.ask("Key"); err != nil {
		return billing.Key{}, billing.Account{}, err
	}
	return p.Store.Key(ctx, id)
}

func (p *probe) Account(ctx context.Context, id string) (billing.Account, error) {
	if err := p.ask("Account"); err != nil {
		return billing.Account{}, err
	}
	return p.Store.Account(ctx, id)
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

func (p *probe) Ping(ctx context.Context) error {
	if err := p.ask("Ping"); err != nil {
		return err
	}
	return p.Store.Ping(ctx)
}
