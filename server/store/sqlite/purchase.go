package sqlite

import (
	"context"
	"fmt"
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
		p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt.UnixMicro())
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

// Purchases returns a page of purchases, oldest first.
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
	statement, arguments := s.statements.purchases, []any{page.After.CreatedAt.UnixMicro(), page.After.Token, page.Limit}
	if page.AccountID != "" {
		statement, arguments = s.statements.accountPurchases, append([]any{page.AccountID}, arguments...)
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
	var micros int64
	err := row.Scan(&p.Token, &p.AccountID, &p.Amount, &p.Currency, &p.Status, &micros)
	p.CreatedAt = time.UnixMicro(micros).UTC()
	return p, err
}
