package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// CreatePurchase stores a new purchase, together with those that arrive at the same time, and returns
// once it is on the disk.
//
// Its time is stored as an integer of microseconds since 1970 in UTC: that is all of what a Purchase
// holds, sorts as time does, takes 8 bytes in every index, and has one form only.
func (s *Store) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	return s.wrap(ctx, "store a purchase", s.commits.Do(ctx, p))
}

// createPurchases stores purchases in one transaction. One that breaks a rule is left out of it and
// alone gets an error: SQLite then undoes no more than its statement.
func (s *Store) createPurchases(ctx context.Context, purchases []billing.Purchase) ([]error, error) {
	if len(purchases) == 1 { // a statement is a transaction by itself
		return nil, createPurchase(ctx, s.statements.createPurchase, purchases[0])
	}
	errs := make([]error, len(purchases))
	return errs, s.transact(ctx, func(tx *sql.Tx) error {
		insert := tx.StmtContext(ctx, s.statements.createPurchase)
		defer func() { _ = insert.Close() }()
		for i, p := range purchases {
			// Only the transaction's end waits for the disk. Each statement's own watch over the context would
			// cost as much as the statement.
			errs[i] = createPurchase(context.WithoutCancel(ctx), insert, p)
			if errs[i] != nil && !broken(errs[i]) {
				return errs[i]
			}
		}
		return nil
	})
}

func createPurchase(ctx context.Context, insert *sql.Stmt, p billing.Purchase) error {
	_, err := insert.ExecContext(ctx,
		p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt.UnixMicro(), micros(p.SettledAt))
	switch resultCode(err) {
	case code.SQLITE_CONSTRAINT_UNIQUE, code.SQLITE_CONSTRAINT_PRIMARYKEY:
		return billing.ErrTokenTaken
	case code.SQLITE_CONSTRAINT_FOREIGNKEY:
		return billing.ErrUnknownAccount
	}
	return err
}

// broken reports whether a purchase broke a rule, which concerns no other purchase.
func broken(err error) bool {
	return errors.Is(err, billing.ErrTokenTaken) || errors.Is(err, billing.ErrUnknownAccount) ||
		resultCode(err)&0xff == code.SQLITE_CONSTRAINT
}

// Purchase returns the purchase with a token, or billing.ErrNotFound.
func (s *Store) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	purchase, err := scanPurchase(s.statements.purchase.QueryRowContext(ctx, token))
	if err != nil {
		return billing.Purchase{}, s.wrap(ctx, "find a purchase", notFound(err))
	}
	return purchase, nil
}

// Purchases returns a page of purchases.
func (s *Store) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	purchases, err := s.purchases(ctx, page)
	if err != nil {
		return nil, s.wrap(ctx, "list purchases", err)
	}
	return purchases, nil
}

func (s *Store) purchases(ctx context.Context, page billing.Page) (_ []billing.Purchase, err error) {
	if page.Limit <= 0 {
		return nil, fmt.Errorf("a page of %d purchases", page.Limit)
	}
	after := page.After.CreatedAt.UnixMicro()
	if page.Newest && page.After == (billing.Cursor{}) {
		after = math.MaxInt64
	}
	arguments := []any{after, page.After.Token, page.Limit}
	statement := s.statements.oldest
	if page.Newest {
		statement = s.statements.newest
	}
	if page.AccountID != "" {
		arguments = append([]any{page.AccountID}, arguments...)
		statement = s.statements.accountOldest
		if page.Newest {
			statement = s.statements.accountNewest
		}
	}
	rows, err := statement.QueryContext(ctx, arguments...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // what it could say, Err says
	var purchases []billing.Purchase
	for rows.Next() {
		purchase, err := scanPurchase(rows)
		if err != nil {
			return nil, err
		}
		purchases = append(purchases, purchase)
	}
	return purchases, rows.Err()
}

// scanPurchase reads purchaseColumns.
func scanPurchase(row interface{ Scan(into ...any) error }) (billing.Purchase, error) {
	var p billing.Purchase
	var created int64
	var settled sql.NullInt64
	err := row.Scan(&p.Token, &p.AccountID, &p.Amount, &p.Currency, &p.Status, &created, &settled)
	p.CreatedAt = time.UnixMicro(created).UTC()
	p.SettledAt = fromMicros(settled)
	return p, err
}

// micros is how a time is stored that may be none: NULL for the zero time.
func micros(at time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: at.UnixMicro(), Valid: !at.IsZero()}
}

// fromMicros is a time as micros stored it.
func fromMicros(stored sql.NullInt64) time.Time {
	if !stored.Valid {
		return time.Time{}
	}
	return time.UnixMicro(stored.Int64).UTC()
}
