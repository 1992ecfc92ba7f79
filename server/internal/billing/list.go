package billing

import (
	"context"
	"fmt"
	"iter"
)

// Filter says which purchases to list. Its zero value lists all of them, oldest first.
type Filter struct {
	// AccountID, unless it is empty, leaves only the purchases of that account.
	AccountID string
	// Newest lists the newest first.
	Newest bool
	// After begins the list after a purchase that an earlier list has ended with.
	After Cursor
}

// pageSize is how many purchases or accounts are held at a time while they are listed.
const pageSize = 500

// Purchases lists purchases like a ledger, by the page, so that neither memory nor the store is held
// by a long list. Purchases that are made meanwhile may be part of it. An error of the store ends the
// list as its last element.
func (s *Service) Purchases(ctx context.Context, filter Filter) iter.Seq2[Purchase, error] {
	return func(yield func(Purchase, error) bool) {
		page := Page{AccountID: filter.AccountID, Newest: filter.Newest, After: filter.After, Limit: pageSize}
		for {
			purchases, err := s.store.Purchases(ctx, page)
			if err != nil {
				yield(Purchase{}, fmt.Errorf("billing: list purchases: %w", err))
				return
			}
			for _, purchase := range purchases {
				if !yield(s.aged(purchase), nil) {
					return
				}
			}
			if len(purchases) < page.Limit {
				return
			}
			page.After = purchases[len(purchases)-1].Cursor()
		}
	}
}

// Balances lists all accounts with their balances, by ID. An error of the store ends the list as its
// last element.
func (s *Service) Balances(ctx context.Context) iter.Seq2[Balance, error] {
	return func(yield func(Balance, error) bool) {
		after := ""
		for {
			balances, err := s.store.Balances(ctx, after, pageSize)
			if err != nil {
				yield(Balance{}, fmt.Errorf("billing: list accounts: %w", err))
				return
			}
			for _, balance := range balances {
				if !yield(balance, nil) {
					return
				}
			}
			if len(balances) < pageSize {
				return
			}
			after = balances[len(balances)-1].Account.ID
		}
	}
}
