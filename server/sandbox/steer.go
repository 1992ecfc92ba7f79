package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// What follows is the sandbox's control for Go programs. The operations of the control API do the
// same over HTTP, and mean the same by the same types.

// Journal returns at most limit of the requests that arrived, newest first; with before, which is not
// 0, only older ones than the entry with that id.
func (s *Sandbox) Journal(limit int, before int64) []control.JournalEntry {
	return s.journal.List(limit, before)
}

// Fail makes requests to the API fail, as the document of the control API says, and returns the fault
// with its ID. It fails for a fault that makes no sense.
func (s *Sandbox) Fail(fault control.Fault) (control.Fault, error) {
	return s.faults.Add(fault)
}

// Faults returns the faults, in the order in which they were added.
func (s *Sandbox) Faults() []control.Fault { return s.faults.All() }

// RemoveFault removes the fault with an ID, and reports whether there was one.
func (s *Sandbox) RemoveFault(id string) bool { return s.faults.Remove(id) }

// Advance moves the sandbox's clock forward. It fails when d is negative, or the clock would be more
// than a hundred years ahead.
func (s *Sandbox) Advance(d time.Duration) error { return s.clock.advance(d) }

// Now is the sandbox's time.
func (s *Sandbox) Now() time.Time { return s.clock.now().UTC() }

// PurchaseFilter says which purchases to list. Its zero value lists all of them.
type PurchaseFilter struct {
	// Account, unless it is empty, leaves only the purchases of the account with this ID.
	Account string
	// Before, unless it is empty, leaves only those that come after the purchase with this token in the
	// list.
	Before string
	// Limit, unless it is 0, is how many there are at most.
	Limit int
}

// Purchases lists what was bought, newest first. It fails with billing.ErrPurchaseNotFound when there
// is no purchase to begin after.
func (s *Sandbox) Purchases(ctx context.Context, filter PurchaseFilter) ([]control.Purchase, error) {
	which := billing.Filter{AccountID: filter.Account, Newest: true}
	if filter.Before != "" {
		before, err := s.billing.Purchase(ctx, filter.Before)
		if err != nil {
			return nil, err
		}
		which.After = before.Cursor()
	}
	list := []control.Purchase{}
	for purchase, err := range s.billing.Purchases(ctx, which) {
		if err != nil {
			return nil, err
		}
		list = append(list, s.describe(purchase))
		if filter.Limit > 0 && len(list) == filter.Limit {
			break
		}
	}
	return list, nil
}

// Settle pays or cancels the purchase with a token, as its page does: see billing.Service.Pay.
func (s *Sandbox) Settle(ctx context.Context, token string, status control.SettlementStatus) (control.Purchase, error) {
	var purchase billing.Purchase
	var err error
	switch status {
	case control.SettlePaid:
		purchase, err = s.billing.Pay(ctx, token)
	case control.SettleCancelled:
		purchase, err = s.billing.Cancel(ctx, token)
	default:
		err = fmt.Errorf("sandbox: a purchase is not settled as %q", status)
	}
	return s.describe(purchase), err
}

// Accounts lists the accounts with their balances, by ID.
func (s *Sandbox) Accounts(ctx context.Context) ([]control.Account, error) {
	list := []control.Account{}
	for balance, err := range s.billing.Balances(ctx) {
		if err != nil {
			return nil, err
		}
		account := balance.Account
		list = append(list, control.Account{
			ID: account.ID, Name: account.Name, Currency: account.Currency,
			Active: account.Active, ActivePlan: account.ActivePlan, Balance: balance.Paid,
		})
	}
	return list, nil
}

// Reset deletes all purchases, sets all balances to zero and the demo accounts to what they were,
// empties the journal, removes all faults, and sets the clock back.
func (s *Sandbox) Reset(ctx context.Context) error {
	var seed []billing.SeedAccount
	if s.settings.demo {
		seed = billing.DemoAccounts()
	}
	if err := s.billing.Reset(ctx, seed); err != nil {
		return err
	}
	s.faults.Clear()
	s.clock.reset()
	s.journal.Forget()
	return nil
}

// describe returns a purchase as the control API has it.
func (s *Sandbox) describe(p billing.Purchase) control.Purchase {
	return control.Purchase{
		Token: p.Token, URL: s.link(p.Token), Account: p.AccountID, Amount: p.Amount, Currency: p.Currency,
		Status: control.PurchaseStatus(p.Status), CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt(), SettledAt: p.SettledAt,
	}
}
