package sqlite

import (
	"context"
	"database/sql"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// Key returns the key with an ID and its account, or billing.ErrNotFound.
func (s *Store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	var account billing.Account
	key, err := scanKey(s.reader.QueryRowContext(ctx, schema.KeyByID, id), schema.AccountFields(&account)...)
	return key, account, s.wrap(ctx, "find a key", err)
}

// Keys returns the keys of an account, ordered by ID.
func (s *Store) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	keys, err := list(ctx, s, func(row schema.Row) (billing.Key, error) { return scanKey(row) }, schema.KeysOfAccount, accountID)
	return keys, s.wrap(ctx, "list keys", err)
}

// AddKey stores a new key.
func (s *Store) AddKey(ctx context.Context, key billing.Key) error {
	_, err := s.writer.ExecContext(ctx, schema.InsertKey, keyValues(key)...)
	return s.wrap(ctx, "add a key", constraintError(err, billing.ErrKeyTaken))
}

// DeleteKey deletes a key, or returns billing.ErrNotFound.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	deleted, err := s.writer.ExecContext(ctx, schema.DeleteKey, id)
	if err == nil {
		if n, _ := deleted.RowsAffected(); n == 0 { // SQLite always returns the number
			err = billing.ErrNotFound
		}
	}
	return s.wrap(ctx, "delete a key", err)
}

// keyValues returns the arguments of insertKey and putKey.
func keyValues(key billing.Key) []any {
	return []any{key.ID, key.SecretHash[:], key.AccountID, toMicroseconds(key.CreatedAt)}
}

// scanKey reads keyColumns, and further columns into more.
func scanKey(row schema.Row, more ...any) (billing.Key, error) {
	var key billing.Key
	var hash []byte
	var created sql.NullInt64
	err := row.Scan(append([]any{&key.ID, &hash, &key.AccountID, &created}, more...)...)
	copy(key.SecretHash[:], hash) // the table checks the length
	key.CreatedAt = fromMicroseconds(created)
	return key, err
}
