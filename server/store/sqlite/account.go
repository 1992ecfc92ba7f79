package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/turbosmtp-go/billing/server/billing"
)

// Key returns the key with an ID and its account, or billing.ErrNotFound.
func (s *Store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	var hash []byte
	var account billing.Account
	fields := append([]any{&hash}, accountFields(&account)...)
	if err := s.statements.key.QueryRowContext(ctx, id).Scan(fields...); err != nil {
		return billing.Key{}, billing.Account{}, s.wrap(ctx, "find a key", notFound(err))
	}
	key := billing.Key{ID: id, AccountID: account.ID}
	copy(key.SecretHash[:], hash) // of that length, as the table's check says
	return key, account, nil
}

// Account returns the account with an ID, or billing.ErrNotFound.
func (s *Store) Account(ctx context.Context, id string) (billing.Account, error) {
	var account billing.Account
	err := s.statements.account.QueryRowContext(ctx, id).Scan(accountFields(&account)...)
	if err != nil {
		return billing.Account{}, s.wrap(ctx, "find an account", notFound(err))
	}
	return account, nil
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

// PutAccount stores an account and gives it keys, in one transaction.
func (s *Store) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.wrap(ctx, "store an account", s.putAccount(ctx, account, keys))
}

func (s *Store) putAccount(ctx context.Context, account billing.Account, keys []billing.Key) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	_, err = tx.ExecContext(ctx, `
		INSERT INTO accounts (id, name, currency, active, active_plan) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, currency = excluded.currency,
			active = excluded.active, active_plan = excluded.active_plan`,
		account.ID, account.Name, account.Currency, account.Active, account.ActivePlan)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if key.AccountID != account.ID {
			return fmt.Errorf("the key %s is not of the account %s", key.ID, account.ID)
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO keys (id, secret_hash, account_id) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash, account_id = excluded.account_id`,
			key.ID, key.SecretHash[:], key.AccountID)
		if err != nil {
			return err
		}
	}
	return tx.Commit()
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
