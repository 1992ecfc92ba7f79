package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// Balance returns the account with an ID and the sum of its payments, or billing.ErrNotFound.
func (s *Store) Balance(ctx context.Context, id string) (billing.Balance, error) {
	balance, err := schema.ScanBalance(s.reader.QueryRowContext(ctx, schema.BalanceByID, id))
	return balance, s.wrap(ctx, "find an account", err)
}

// Balances returns a page of accounts with their balances, ordered by ID.
func (s *Store) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("sqlite: list accounts: the limit %d is not positive", limit)
	}
	balances, err := list(ctx, s, schema.ScanBalance, schema.BalancesByPage, after, limit)
	return balances, s.wrap(ctx, "list accounts", err)
}

// PutAccount stores or overwrites an account and its keys in one transaction.
func (s *Store) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.wrap(ctx, "store an account", s.writeAccount(ctx, account, keys, schema.PutAccount, schema.PutKey))
}

// CreateAccount stores a new account and its new keys in one transaction.
func (s *Store) CreateAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.wrap(ctx, "create an account", s.writeAccount(ctx, account, keys, schema.InsertAccount, schema.InsertKey))
}

func (s *Store) writeAccount(ctx context.Context, account billing.Account, keys []billing.Key, writeAccount, writeKey string) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, writeAccount, account.ID, account.Name, account.Currency, account.Active, account.ActivePlan)
		if err != nil {
			return constraintError(err, billing.ErrAccountTaken)
		}
		for _, key := range keys {
			if key.AccountID != account.ID {
				return fmt.Errorf("the key %s does not belong to the account %s", key.ID, account.ID)
			}
			if _, err := tx.ExecContext(ctx, writeKey, keyValues(key)...); err != nil {
				return constraintError(err, billing.ErrKeyTaken)
			}
		}
		return nil
	})
}

// UpdateAccount changes an account in one transaction, whose commit reports an error that a query would not.
func (s *Store) UpdateAccount(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error) {
	var account billing.Account
	err := s.transact(ctx, func(tx *sql.Tx) error {
		updated := tx.QueryRowContext(ctx, schema.UpdateAccount, id, change.Active, change.ActivePlan)
		return updated.Scan(schema.AccountFields(&account)...)
	})
	return account, s.wrap(ctx, "change an account", err)
}
