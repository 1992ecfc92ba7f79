package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Reasons why Open does not open a file, for errors.Is. Package schema has more.
var (
	// ErrNotDatabase reports that the file is not an SQLite database.
	ErrNotDatabase = errors.New("the file is not an SQLite database")
	// ErrReadOnly reports that the file, or a file beside it that SQLite needs, is not writable.
	ErrReadOnly = errors.New("the database cannot be written to: check the permissions of the file and of its directory")
)

// wrap adds the failed action to an error. An empty result is billing.ErrNotFound. wrap adds the reason if the store is closed or the context has ended: after the
// end of its context database/sql only reports that a transaction is done.
func (s *Store) wrap(ctx context.Context, action string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = billing.ErrNotFound
	}
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return fmt.Errorf("sqlite: %s: %w", action, billing.ErrStoreClosed)
	case errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil:
		return fmt.Errorf("sqlite: %s: %w", action, ctx.Err())
	case isTransient(err):
		return fmt.Errorf("sqlite: %s: %w: %w", action, billing.ErrUnavailable, err)
	}
	return fmt.Errorf("sqlite: %s: %w", action, explain(err))
}

// explain adds the meaning of an SQLite error whose own text does not explain it.
func explain(err error) error {
	switch resultCode(err) & 0xff { // the primary code
	case code.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrNotDatabase, err)
	case code.SQLITE_READONLY, code.SQLITE_CANTOPEN, code.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// isTransient reports whether SQLite has changed nothing and may succeed later: another program locks the database,
// the disk is full, or no more files can be opened. SQLite detects a full disk before the last page of a transaction
// is in the log, so no transaction is half stored.
func isTransient(err error) bool {
	switch resultCode(err) & 0xff {
	case code.SQLITE_BUSY, code.SQLITE_LOCKED, code.SQLITE_FULL, code.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// constraintError returns billing's error for a violated constraint: taken for a unique key, ErrUnknownAccount for a
// foreign key. It returns other errors as they are.
func constraintError(err, taken error) error {
	switch resultCode(err) {
	case code.SQLITE_CONSTRAINT_UNIQUE, code.SQLITE_CONSTRAINT_PRIMARYKEY:
		return taken
	case code.SQLITE_CONSTRAINT_FOREIGNKEY:
		return billing.ErrUnknownAccount
	}
	return err
}

// resultCode returns the extended result code of an SQLite error, 0 for other errors.
func resultCode(err error) int {
	var failed *driver.Error
	if !errors.As(err, &failed) {
		return 0
	}
	return failed.Code()
}
