package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// CreatePurchase stores a new purchase, together with those that arrive at the same time, and returns
// once it is on the disk.
func (s *Store) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	return s.wrap(ctx, "store a purchase", s.commits.Do(ctx, p))
}

// createPurchases stores purchases in one statement, and so in one transaction. When one of them breaks a
// rule, none is stored by it, and they are stored one by one: only that one gets an error.
func (s *Store) createPurchases(ctx context.Context, purchases []billing.Purchase) ([]error, error) {
	err := s.insertPurchases(ctx, purchases)
	if err == nil || !itsOwn(err) {
		return nil, err
	}
	errs := make([]error, len(purchases))
	if len(purchases) == 1 {
		errs[0] = refusal(err)
		return errs, nil
	}
	for i := range purchases {
		err := s.insertPurchases(ctx, purchases[i:i+1])
		errs[i] = refusal(err)
		if err != nil && !itsOwn(err) {
			for rest := i + 1; rest < len(purchases); rest++ {
				errs[rest] = unavailable(err) // it was not tried
			}
			break
		}
	}
	return errs, nil
}

func (s *Store) insertPurchases(ctx context.Context, purchases []billing.Purchase) error {
	n := len(purchases)
	tokens, accounts, currencies, statuses := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	amounts, created, settled := make([]int64, n), make([]time.Time, n), make([]*time.Time, n)
	for i, p := range purchases {
		tokens[i], accounts[i], amounts[i], currencies[i], statuses[i] = p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status)
		created[i], settled[i] = p.CreatedAt, orNull(p.SettledAt)
	}
	return s.write(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, insertPurchases, tokens, accounts, amounts, currencies, statuses, created, settled)
		return err
	})
}

// refusal is what a purchase that breaks a rule is told.
func refusal(err error) error { return orTaken(orUnknown(err), billing.ErrTokenTaken) }

// Purchase returns the purchase with a token, or billing.ErrNotFound.
func (s *Store) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	var purchase billing.Purchase
	err := s.read(ctx, func(conn *pgx.Conn) (err error) {
		purchase, err = scanPurchase(conn.QueryRow(ctx, purchaseByToken, lookup(token)))
		return notFound(err)
	})
	if err != nil {
		return billing.Purchase{}, s.wrap(ctx, "find a purchase", err)
	}
	return purchase, nil
}

// Purchases returns a page of purchases.
func (s *Store) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	if page.Limit <= 0 {
		return nil, s.wrap(ctx, "list purchases", fmt.Errorf("a page of %d purchases", page.Limit))
	}
	query, after := oldest, pgtype.Timestamptz{Time: page.After.CreatedAt, Valid: true}
	if page.Newest {
		query = newest
	}
	if page.After == (billing.Cursor{}) {
		after = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
		if page.Newest {
			after.InfinityModifier = pgtype.Infinity
		}
	}
	arguments := []any{after, page.After.Token, page.Limit}
	if page.AccountID != "" {
		query = accountOldest
		if page.Newest {
			query = accountNewest
		}
		arguments = append(arguments, lookup(page.AccountID))
	}
	purchases, err := list(ctx, s, scanPurchase, query, arguments...)
	return purchases, s.wrap(ctx, "list purchases", err)
}

// scanPurchase reads purchaseColumns.
func scanPurchase(row pgx.Row) (billing.Purchase, error) {
	var p billing.Purchase
	var settled *time.Time
	err := row.Scan(&p.Token, &p.AccountID, &p.Amount, &p.Currency, &p.Status, &p.CreatedAt, &settled)
	p.CreatedAt, p.SettledAt = p.CreatedAt.UTC(), orZero(settled)
	return p, err
}
