package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Settle ends a pending purchase and, when it is paid, adds its amount to the account's balance, in
// one transaction.
func (s *Store) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	purchase, err := s.settle(ctx, token, status, at)
	if err != nil && !errors.Is(err, billing.ErrSettled) {
		return billing.Purchase{}, s.wrap(ctx, "settle a purchase", err)
	}
	return purchase, err
}

func (s *Store) settle(ctx context.Context, token string, status billing.Status, at time.Time) (purchase billing.Purchase, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		purchase, err = scanPurchase(tx.QueryRowContext(ctx, `
			UPDATE purchases SET status = ?, settled_at = ? WHERE token = ? AND status = ? RETURNING `+purchaseColumns,
			string(status), at.UnixMicro(), token, string(billing.StatusPending)))
		if errors.Is(err, sql.ErrNoRows) {
			if purchase, err = scanPurchase(tx.QueryRowContext(ctx, purchaseByToken, token)); err != nil {
				return notFound(err)
			}
			return billing.ErrSettled
		}
		if err == nil && status == billing.StatusPaid {
			_, err = tx.ExecContext(ctx, "UPDATE accounts SET balance = balance + ? WHERE id = ?", purchase.Amount, purchase.AccountID)
		}
		return err
	})
	return purchase, err
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
