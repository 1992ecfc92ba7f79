package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// Why Open refuses a file, for errors.Is.
var (
	// ErrNewerDatabase says that a later version of this program has been at the database.
	ErrNewerDatabase = schema.ErrNewerDatabase
	// ErrForeignDatabase says that the file is an SQLite database with other tables than ours.
	ErrForeignDatabase = schema.ErrForeignDatabase
	// ErrNotDatabase says that the file is something else than an SQLite database.
	ErrNotDatabase = errors.New("the file is not an SQLite database")
	// ErrReadOnly says that the file, or a file beside it that SQLite needs, cannot be written to.
	ErrReadOnly = errors.New("the database cannot be written to")
)

// explain puts before an error of SQLite what it means, where SQLite's own words do not say it.
func explain(err error) error {
	switch resultCode(err) & 0xff { // the primary code, without its extension
	case code.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrNotDatabase, err)
	case code.SQLITE_READONLY, code.SQLITE_CANTOPEN, code.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// passes reports whether SQLite has changed nothing, for a reason that passes: another program holds the
// database locked, the disk is full, or there are no more files to open. A full disk is found before the
// last page of a transaction is in the log, without which none of it counts.
func passes(err error) bool {
	switch resultCode(err) & 0xff {
	case code.SQLITE_BUSY, code.SQLITE_LOCKED, code.SQLITE_FULL, code.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// resultCode returns SQLite's extended result code, 0 when the error is not one of SQLite's.
func resultCode(err error) int {
	var failed *driver.Error
	if !errors.As(err, &failed) {
		return 0
	}
	return failed.Code()
}
