package sqlite

import (
	"context"
	"database/sql"

	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Key returns the key with an ID and its account, or billing.ErrNotFound.
func (s *Store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	var stored storedKey
	var account billing.Account
	fields := append(stored.fields(), accountFields(&account)...)
	if err := s.statements.key.QueryRowContext(ctx, id).Scan(fields...); err != nil {
		return billing.Key{}, billing.Account{}, s.wrap(ctx, "find a key", notFound(err))
	}
	return stored.key(), account, nil
}

// Keys returns the keys of an account, by ID.
func (s *Store) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	keys, err := s.keys(ctx, accountID)
	if err != nil {
		return nil, s.wrap(ctx, "list keys", err)
	}
	return keys, nil
}

func (s *Store) keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	rows, err := s.statements.keys.QueryContext(ctx, accountID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // what it could say, Err says
	var keys []billing.Key
	for rows.Next() {
		var stored storedKey
		if err := rows.Scan(stored.fields()...); err != nil {
			return nil, err
		}
		keys = append(keys, stored.key())
	}
	return keys, rows.Err()
}

// AddKey stores a new key.
func (s *Store) AddKey(ctx context.Context, key billing.Key) error {
	_, err := s.writer.ExecContext(ctx, insertKey, keyValues(key)...)
	if resultCode(err) == code.SQLITE_CONSTRAINT_FOREIGNKEY {
		err = billing.ErrUnknownAccount
	}
	return s.wrap(ctx, "add a key", orTaken(err, billing.ErrKeyTaken))
}

// DeleteKey deletes a key, or returns billing.ErrNotFound.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	deleted, err := s.writer.ExecContext(ctx, "DELETE FROM keys WHERE id = ?", id)
	if err == nil {
		if n, _ := deleted.RowsAffected(); n == 0 { // which SQLite always knows
			err = billing.ErrNotFound
		}
	}
	return s.wrap(ctx, "delete a key", err)
}

// keyValues are what insertKey is given.
func keyValues(key billing.Key) []any {
	return []any{key.ID, key.SecretHash[:], key.AccountID, micros(key.CreatedAt)}
}

// storedKey is a key as keyColumns have it.
type storedKey struct {
	id, accountID string
	hash          []byte
	created       sql.NullInt64
}

func (k *storedKey) fields() []any { return []any{&k.id, &k.hash, &k.accountID, &k.created} }

func (k *storedKey) key() billing.Key {
	key := billing.Key{ID: k.id, AccountID: k.accountID, CreatedAt: fromMicros(k.created)}
	copy(key.SecretHash[:], k.hash) // of that length, as the table's check says
	return key
}
