package sqlite

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// busyTimeout is how long a statement waits for another program that writes. Within this one the
// single writer queues in database/sql instead, as long as the caller's context allows.
const busyTimeout = 5 * time.Second

// purpose is what the connections of a pool are for.
type purpose int

const (
	looking purpose = iota // at a database that may be somebody else's: changes nothing
	reading
	writing
)

// openPool returns a pool of at most size connections, none of which is made yet. The path is Memory
// or absolute, as connections are made anew when the process may have gone to another directory.
func openPool(path string, use purpose, size int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dataSourceName(path, use))
	if err != nil {
		return nil, err
	}
	// Connections are kept, as each costs its pragmas and its prepared statements again, and as one
	// in memory is the database.
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// dataSourceName returns the driver's name of a database with the settings of every connection to
// it, however often database/sql makes a new one.
func dataSourceName(path string, use purpose) string {
	name := path
	if path != Memory {
		// As a URI with everything escaped, for otherwise a path's ? would begin these settings and its
		// % an escape.
		name = "file:" + url.PathEscape(filepath.ToSlash(path))
	}
	settings := url.Values{
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_error_rc":     {"1"}, // no stale text of another error in a message
		"_dqs":          {"0"}, // a misspelt column is an error and not a text
	}
	if use != writing {
		settings.Set("_query_only", "1")
	}
	if use != looking {
		settings.Set("_foreign_keys", "1")
		settings.Set("_journal_mode", "WAL")
		// FULL flushes the log on every commit. NORMAL, usual beside WAL, would lose the last of them
		// in a power cut.
		settings.Set("_synchronous", "FULL")
		// On macOS a flush stops at the disk's own cache without it; elsewhere it says nothing.
		settings.Set("_pragma", "fullfsync(1)")
	}
	if use == writing {
		// A transaction takes its lock as it begins, and waits for it there, instead of failing when it
		// has read and another program has written since.
		settings.Set("_txlock", "immediate")
	}
	return name + "?" + settings.Encode()
}
