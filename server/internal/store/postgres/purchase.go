package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// CreatePurchase stores a new purchase, in one commit with concurrent ones, and returns once the purchase is on disk.
func (s *Store) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	return s.wrap(ctx, "store a purchase", s.commits.Do(ctx, p))
}

// createPurchases stores purchases in one statement, and so in one transaction. If a purchase violates a constraint,
// the statement stores nothing. Then createPurchases stores one purchase at a time, so that only that one fails.
func (s *Store) createPurchases(ctx context.Context, purchases []billing.Purchase) ([]error, error) {
	err := s.insertPurchases(ctx, purchases)
	if err == nil || !isConstraintError(err) {
		return nil, err
	}
	if len(purchases) == 1 {
		return []error{constraintError(err, billing.ErrTokenTaken)}, nil
	}
	errs := make([]error, len(purchases))
	for i := range purchases {
		err := s.insertPurchases(ctx, purchases[i:i+1])
		errs[i] = constraintError(err, billing.ErrTokenTaken)
		if err != nil && !isConstraintError(err) {
			for rest := i + 1; rest < len(purchases); rest++ {
				errs[rest] = unavailable(err) // not attempted
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
		created[i], settled[i] = p.CreatedAt, toNullable(p.SettledAt)
	}
	return s.write(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, insertPurchases, tokens, accounts, amounts, currencies, statuses, created, settled)
		return err
	})
}

// Purchase returns the purchase with a token, or billing.ErrNotFound.
func (s *Store) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	var purchase billing.Purchase
	err := s.read(ctx, func(conn *pgx.Conn) (err error) {
		purchase, err = scanPurchase(conn.QueryRow(ctx, schema.PurchaseByToken, searchText(token)))
		return err
	})
	return purchase, s.wrap(ctx, "find a purchase", err)
}

// Purchases returns a page of purchases.
func (s *Store) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	if page.Limit <= 0 {
		return nil, fmt.Errorf("postgres: list purchases: the limit %d is not positive", page.Limit)
	}
	after := pgtype.Timestamptz{Time: page.After.CreatedAt, Valid: true}
	if page.After == (billing.Cursor{}) {
		after = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
		if page.Newest {
			after.InfinityModifier = pgtype.Infinity
		}
	}
	query, arguments := schema.PageOf(page, after, searchText(page.AccountID))
	purchases, err := list(ctx, s, scanPurchase, query, arguments...)
	return purchases, s.wrap(ctx, "list purchases", err)
}

// Settle ends a pending purchase and, if it is paid, adds its amount to the balance of the account, in one statement.
func (s *Store) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	var purchase billing.Purchase
	err := s.write(ctx, func(conn *pgx.Conn) (err error) {
		purchase, err = scanPurchase(conn.QueryRow(ctx, settlePurchase, searchText(token), string(status), at))
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		// The statement changed nothing, so this call only reads.
		if purchase, err = scanPurchase(conn.QueryRow(ctx, schema.PurchaseByToken, searchText(token))); err != nil {
			return readError(conn, err)
		}
		return billing.ErrSettled
	})
	return purchase, s.wrap(ctx, "settle a purchase", err)
}

// Reset deletes all purchases and sets all balances to zero, in one transaction. The lock excludes concurrent
// purchases and payments: a payment between the two statements would be in no balance.
func (s *Store) Reset(ctx context.Context) error {
	return s.wrap(ctx, "reset", s.transact(ctx, func(tx pgx.Tx) error {
		for _, statement := range []string{
			"LOCK TABLE purchases IN EXCLUSIVE MODE",
			"DELETE FROM purchases",
			"UPDATE accounts SET balance = 0 WHERE balance <> 0",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

// scanPurchase reads purchaseColumns.
func scanPurchase(row schema.Row) (billing.Purchase, error) {
	var p billing.Purchase
	var settled *time.Time
	err := row.Scan(&p.Token, &p.AccountID, &p.Amount, &p.Currency, &p.Status, &p.CreatedAt, &settled)
	p.CreatedAt, p.SettledAt = p.CreatedAt.UTC(), fromNullable(settled)
	return p, err
}
