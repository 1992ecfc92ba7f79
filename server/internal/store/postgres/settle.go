package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Settle ends a pending purchase and, when it is paid, adds its amount to the account's balance, in one
// statement.
func (s *Store) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	var purchase billing.Purchase
	err := s.write(ctx, func(conn *pgx.Conn) (err error) {
		purchase, err = scanPurchase(conn.QueryRow(ctx, settlePurchase, lookup(token), string(status), at))
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		// Nothing was changed, so that what happens to this query is harmless.
		if purchase, err = scanPurchase(conn.QueryRow(ctx, purchaseByToken, lookup(token))); err != nil {
			return harmless(conn, notFound(err))
		}
		return billing.ErrSettled
	})
	if errors.Is(err, billing.ErrSettled) {
		return purchase, err
	}
	if err != nil {
		return billing.Purchase{}, s.wrap(ctx, "settle a purchase", err)
	}
	return purchase, nil
}

// Reset deletes all purchases and sets all balances to zero, in one transaction. It keeps purchases from
// being made or settled meanwhile, as one that is paid between the two would be in no balance.
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
