package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// Key returns the key with an ID and its account, or billing.ErrNotFound.
func (s *Store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	var key billing.Key
	var account billing.Account
	err := s.read(ctx, func(conn *pgx.Conn) (err error) {
		key, err = scanKey(conn.QueryRow(ctx, schema.KeyByID, searchText(id)), schema.AccountFields(&account)...)
		return err
	})
	return key, account, s.wrap(ctx, "find a key", err)
}

// Keys returns the keys of an account, ordered by ID.
func (s *Store) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	keys, err := list(ctx, s, func(row schema.Row) (billing.Key, error) { return scanKey(row) }, schema.KeysOfAccount, searchText(accountID))
	return keys, s.wrap(ctx, "list keys", err)
}

// AddKey stores a new key.
func (s *Store) AddKey(ctx context.Context, key billing.Key) error {
	err := s.write(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, schema.InsertKey, keyValues(key)...)
		return err
	})
	return s.wrap(ctx, "add a key", constraintError(err, billing.ErrKeyTaken))
}

// DeleteKey deletes a key, or returns billing.ErrNotFound.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	err := s.write(ctx, func(conn *pgx.Conn) error {
		deleted, err := conn.Exec(ctx, schema.DeleteKey, searchText(id))
		if err == nil && deleted.RowsAffected() == 0 {
			return billing.ErrNotFound
		}
		return err
	})
	return s.wrap(ctx, "delete a key", err)
}

// keyValues returns the arguments of insertKey and putKey.
func keyValues(key billing.Key) []any {
	return []any{key.ID, key.SecretHash[:], key.AccountID, toNullable(key.CreatedAt)}
}

// scanKey reads keyColumns, and further columns into more.
func scanKey(row schema.Row, more ...any) (billing.Key, error) {
	var key billing.Key
	var hash []byte
	var created *time.Time
	err := row.Scan(append([]any{&key.ID, &hash, &key.AccountID, &created}, more...)...)
	copy(key.SecretHash[:], hash) // the table checks the length
	key.CreatedAt = fromNullable(created)
	return key, err
}

// toNullable returns the stored form of a time: NULL for the zero time.
func toNullable(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// fromNullable is the inverse of toNullable, in UTC.
func fromNullable(stored *time.Time) time.Time {
	if stored == nil {
		return time.Time{}
	}
	return stored.UTC()
}
