package billing

import (
	"context"
	"fmt"
	"iter"
)

// Filter selects the purchases of a list. They are ordered by time, and within one microsecond by token. The zero value
// selects all, oldest first.
type Filter struct {
	// AccountID selects the purchases of one account. The empty ID selects all.
	AccountID string
	// Newest lists the newest purchases first.
	Newest bool
	// After begins the list after a position, in the order of the list. The zero Cursor is before all purchases.
	After Cursor
}

// pageSize is the number of purchases or accounts that a list reads at a time.
const pageSize = 500

// Purchases lists purchases. It reads them in pages, so that a long list occupies neither memory nor the store.
// Concurrent purchases may be part of the list. An error of the store is the last element.
func (s *Service) Purchases(ctx context.Context, filter Filter) iter.Seq2[Purchase, error] {
	return list("list purchases", func(last *Purchase) ([]Purchase, error) {
		page := Page{Filter: filter, Limit: pageSize}
		if last != nil {
			page.After = last.Cursor()
		}
		purchases, err := s.store.Purchases(ctx, page)
		for i := range purchases {
			purchases[i] = s.withExpiry(purchases[i])
		}
		return purchases, err
	})
}

// Balances lists all accounts with their balances, ordered by ID. An error of the store is the last element.
func (s *Service) Balances(ctx context.Context) iter.Seq2[Balance, error] {
	return list("list accounts", func(last *Balance) ([]Balance, error) {
		after := ""
		if last != nil {
			after = last.Account.ID
		}
		return s.store.Balances(ctx, after, pageSize)
	})
}

// list returns the items of all pages. page returns the page after an item, or the first page for nil.
func list[T any](action string, page func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			items, err := page(last)
			if err != nil {
				yield(*new(T), fmt.Errorf("billing: %s: %w", action, err))
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if len(items) < pageSize {
				return
			}
			last = &items[len(items)-1]
		}
	}
}
