package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Key returns the key with an ID and its account, or billing.ErrNotFound.
func (s *Store) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	var stored storedKey
	var account billing.Account
	err := s.read(ctx, func(conn *pgx.Conn) error {
		fields := append(stored.fields(), accountFields(&account)...)
		return notFound(conn.QueryRow(ctx, keyByID, lookup(id)).Scan(fields...))
	})
	if err != nil {
		return billing.Key{}, billing.Account{}, s.wrap(ctx, "find a key", err)
	}
	return stored.key(), account, nil
}

// Keys returns the keys of an account, by ID.
func (s *Store) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	keys, err := list(ctx, s, func(row pgx.Row) (billing.Key, error) {
		var stored storedKey
		err := row.Scan(stored.fields()...)
		return stored.key(), err
	}, keysOfAccount, lookup(accountID))
	return keys, s.wrap(ctx, "list keys", err)
}

// AddKey stores a new key.
func (s *Store) AddKey(ctx context.Context, key billing.Key) error {
	err := s.write(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, insertKey, keyValues(key)...)
		return err
	})
	return s.wrap(ctx, "add a key", orTaken(orUnknown(err), billing.ErrKeyTaken))
}

// DeleteKey deletes a key, or returns billing.ErrNotFound.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	err := s.write(ctx, func(conn *pgx.Conn) error {
		deleted, err := conn.Exec(ctx, deleteKey, lookup(id))
		if err == nil && deleted.RowsAffected() == 0 {
			return billing.ErrNotFound
		}
		return err
	})
	return s.wrap(ctx, "delete a key", err)
}

// keyValues are what insertKey is given.
func keyValues(key billing.Key) []any {
	return []any{key.ID, key.SecretHash[:], key.AccountID, orNull(key.CreatedAt)}
}

// storedKey is a key as keyColumns have it.
type storedKey struct {
	id, accountID string
	hash          []byte
	created       *time.Time
}

func (k *storedKey) fields() []any { return []any{&k.id, &k.hash, &k.accountID, &k.created} }

func (k *storedKey) key() billing.Key {
	key := billing.Key{ID: k.id, AccountID: k.accountID, CreatedAt: orZero(k.created)}
	copy(key.SecretHash[:], k.hash) // of that length, as the table's check says
	return key
}

// orNull is how a time is stored that may be none: NULL for the zero time.
func orNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// orZero is a time as orNull stored it, in UTC.
func orZero(stored *time.Time) time.Time {
	if stored == nil {
		return time.Time{}
	}
	return stored.UTC()
}
