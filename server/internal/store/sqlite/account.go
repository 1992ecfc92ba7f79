package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Balance returns the account with an ID and what it has paid for, or billing.ErrNotFound.
func (s *Store) Balance(ctx context.Context, id string) (billing.Balance, error) {
	var b billing.Balance
	err := s.statements.balance.QueryRowContext(ctx, id).Scan(append(accountFields(&b.Account), &b.Paid)...)
	if err != nil {
		return billing.Balance{}, s.wrap(ctx, "find an account", notFound(err))
	}
	return b, nil
}

// Balances returns a page of accounts with their balances, by ID.
func (s *Store) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	balances, err := s.balances(ctx, after, limit)
	if err != nil {
		return nil, s.wrap(ctx, "list accounts", err)
	}
	return balances, nil
}

func (s *Store) balances(ctx context.Context, after string, limit int) (_ []billing.Balance, err error) {
	if limit <= 0 {
		return nil, fmt.Errorf("a page of %d accounts", limit)
	}
	rows, err := s.statements.balances.QueryContext(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // what it could say, Err says
	var balances []billing.Balance
	for rows.Next() {
		var b billing.Balance
		if err := rows.Scan(append(accountFields(&b.Account), &b.Paid)...); err != nil {
			return nil, err
		}
		balances = append(balances, b)
	}
	return balances, rows.Err()
}

const (
	insertAccount = "INSERT INTO accounts (id, name, currency, active, active_plan) VALUES (?, ?, ?, ?, ?)"
	insertKey     = "INSERT INTO keys (id, secret_hash, account_id, created_at) VALUES (?, ?, ?, ?)"
)

// PutAccount stores an account and gives it keys, in one transaction.
func (s *Store) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.wrap(ctx, "store an account", s.writeAccount(ctx, account, keys,
		insertAccount+` ON CONFLICT (id) DO UPDATE SET name = excluded.name, currency = excluded.currency,
			active = excluded.active, active_plan = excluded.active_plan`,
		insertKey+` ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash,
			account_id = excluded.account_id, created_at = excluded.created_at`))
}

// CreateAccount stores a new account and its new keys, in one transaction.
func (s *Store) CreateAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.wrap(ctx, "create an account", s.writeAccount(ctx, account, keys, insertAccount, insertKey))
}

func (s *Store) writeAccount(ctx context.Context, account billing.Account, keys []billing.Key, putAccount, putKey string) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, putAccount, account.ID, account.Name, account.Currency, account.Active, account.ActivePlan)
		if err != nil {
			return orTaken(err, billing.ErrAccountTaken)
		}
		for _, key := range keys {
			if key.AccountID != account.ID {
				return fmt.Errorf("the key %s is not of the account %s", key.ID, account.ID)
			}
			if _, err := tx.ExecContext(ctx, putKey, keyValues(key)...); err != nil {
				return orTaken(err, billing.ErrKeyTaken)
			}
		}
		return nil
	})
}

// UpdateAccount changes an account in one transaction.
func (s *Store) UpdateAccount(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error) {
	var account billing.Account
	err := s.transact(ctx, func(tx *sql.Tx) error {
		return notFound(tx.QueryRowContext(ctx, `
			UPDATE accounts SET active = coalesce(?, active), active_plan = coalesce(?, active_plan)
			WHERE id = ? RETURNING `+accountColumns, change.Active, change.ActivePlan, id).Scan(accountFields(&account)...))
	})
	if err != nil {
		return billing.Account{}, s.wrap(ctx, "change an account", err)
	}
	return account, nil
}

// accountFields are where accountColumns are read to.
func accountFields(a *billing.Account) []any {
	return []any{&a.ID, &a.Name, &a.Currency, &a.Active, &a.ActivePlan}
}

// notFound turns an empty result into billing's word for it.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return billing.ErrNotFound
	}
	return err
}

// orTaken turns a broken UNIQUE into billing's word for it.
func orTaken(err, taken error) error {
	switch resultCode(err) {
	case code.SQLITE_CONSTRAINT_UNIQUE, code.SQLITE_CONSTRAINT_PRIMARYKEY:
		return taken
	}
	return err
}
