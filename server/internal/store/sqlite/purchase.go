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
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// CreatePurchase stores a new purchase, in one commit with concurrent ones, and returns once the purchase is on disk.
func (s *Store) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	return s.wrap(ctx, "store a purchase", s.commits.Do(ctx, p))
}

// createPurchases stores purchases in one transaction. A purchase that violates a constraint is left out and gets an
// error of its own: SQLite then undoes its statement only.
func (s *Store) createPurchases(ctx context.Context, purchases []billing.Purchase) ([]error, error) {
	if len(purchases) == 1 { // one statement is a transaction by itself
		return nil, createPurchase(ctx, s.insert, purchases[0])
	}
	errs := make([]error, len(purchases))
	return errs, s.transact(ctx, func(tx *sql.Tx) error {
		insert := tx.StmtContext(ctx, s.insert)
		defer func() { _ = insert.Close() }()
		for i, p := range purchases {
			// Only the commit waits for the disk. Watching the context during each statement would cost as much as
			// the statement.
			errs[i] = createPurchase(context.WithoutCancel(ctx), insert, p)
			if errs[i] != nil && !isConstraintError(errs[i]) {
				return errs[i]
			}
		}
		return nil
	})
}

func createPurchase(ctx context.Context, insert *sql.Stmt, p billing.Purchase) error {
	_, err := insert.ExecContext(ctx,
		p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt.UnixMicro(), toMicroseconds(p.SettledAt))
	return constraintError(err, billing.ErrTokenTaken)
}

// isConstraintError reports whether a purchase violates a constraint, which does not concern other purchases.
func isConstraintError(err error) bool {
	return errors.Is(err, billing.ErrTokenTaken) || errors.Is(err, billing.ErrUnknownAccount) ||
		resultCode(err)&0xff == code.SQLITE_CONSTRAINT
}

// Purchase returns the purchase with a token, or billing.ErrNotFound.
func (s *Store) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	purchase, err := scanPurchase(s.reader.QueryRowContext(ctx, schema.PurchaseByToken, token))
	return purchase, s.wrap(ctx, "find a purchase", err)
}

// Purchases returns a page of purchases.
func (s *Store) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	if page.Limit <= 0 {
		return nil, fmt.Errorf("sqlite: list purchases: the limit %d is not positive", page.Limit)
	}
	after := page.After.CreatedAt.UnixMicro()
	if page.Newest && page.After == (billing.Cursor{}) {
		after = math.MaxInt64
	}
	query, arguments := schema.PageOf(page, after, page.AccountID)
	purchases, err := list(ctx, s, scanPurchase, query, arguments...)
	return purchases, s.wrap(ctx, "list purchases", err)
}

// Settle ends a pending purchase and, if it is paid, adds its amount to the balance of the account, in one
// transaction.
func (s *Store) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	var purchase billing.Purchase
	err := s.transact(ctx, func(tx *sql.Tx) (err error) {
		purchase, err = scanPurchase(tx.QueryRowContext(ctx, settlePurchase, token, string(status), at.UnixMicro()))
		if errors.Is(err, sql.ErrNoRows) {
			if purchase, err = scanPurchase(tx.QueryRowContext(ctx, schema.PurchaseByToken, token)); err != nil {
				return err
			}
			return billing.ErrSettled
		}
		if err == nil && status == billing.StatusPaid {
			_, err = tx.ExecContext(ctx, addToBalance, purchase.AccountID, purchase.Amount)
		}
		return err
	})
	return purchase, s.wrap(ctx, "settle a purchase", err)
}

// Reset deletes all purchases and sets all balances to zero, in one transaction.
func (s *Store) Reset(ctx context.Context) error {
	return s.wrap(ctx, "reset", s.transact(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{"DELETE FROM purchases", "UPDATE accounts SET balance = 0 WHERE balance <> 0"} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

// scanPurchase reads purchaseColumns.
func scanPurchase(row schema.Row) (billing.Purchase, error) {
	var p billing.Purchase
	var created, settled sql.NullInt64
	err := row.Scan(&p.Token, &p.AccountID, &p.Amount, &p.Currency, &p.Status, &created, &settled)
	p.CreatedAt, p.SettledAt = fromMicroseconds(created), fromMicroseconds(settled)
	return p, err
}

// toMicroseconds returns the stored form of a time: microseconds since 1970 in UTC, NULL for the zero time. The form
// is as precise as a purchase, sorts like time, and takes 8 bytes in each index.
func toMicroseconds(at time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: at.UnixMicro(), Valid: !at.IsZero()}
}

// fromMicroseconds is the inverse of toMicroseconds.
func fromMicroseconds(stored sql.NullInt64) time.Time {
	if !stored.Valid {
		return time.Time{}
	}
	return time.UnixMicro(stored.Int64).UTC()
}
