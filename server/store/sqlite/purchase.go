package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/billing"
)

// CreatePurchase stores a new purchase, and returns once it is on the disk.
//
// Its time is stored as an integer of microseconds since 1970 in UTC: that is all of what a Purchase
// holds, sorts as time does, takes 8 bytes in every index, and has one form only.
func (s *Store) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	_, err := s.statements.createPurchase.ExecContext(ctx,
		p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt.UnixMicro(), settledAt(p))
	switch resultCode(err) {
	case code.SQLITE_CONSTRAINT_UNIQUE, code.SQLITE_CONSTRAINT_PRIMARYKEY:
		err = billing.ErrTokenTaken
	case code.SQLITE_CONSTRAINT_FOREIGNKEY:
		err = billing.ErrUnknownAccount
	}
	return s.wrap(ctx, "store a purchase", err)
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
	if settled.Valid {
		p.SettledAt = time.UnixMicro(settled.Int64).UTC()
	}
	return p, err
}

// settledAt is how a purchase's SettledAt is stored.
func settledAt(p billing.Purchase) sql.NullInt64 {
	return sql.NullInt64{Int64: p.SettledAt.UnixMicro(), Valid: !p.SettledAt.IsZero()}
}
