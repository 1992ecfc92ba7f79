package sqlite

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// busyTimeout is how long a statement waits for another program that writes. The writer of a Store waits in
// database/sql instead, as long as the context of the call allows.
const busyTimeout = 5 * time.Second

// purpose is the use of the connections of a pool.
type purpose int

const (
	inspecting purpose = iota // a database that may belong to another program: changes nothing
	reading
	writing
)

// openPool returns a pool of at most size connections, none of them open yet. path is Memory or absolute, because
// connections are opened later, when the working directory may have changed.
func openPool(path string, use purpose, size int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dataSourceName(path, use))
	if err != nil {
		return nil, err
	}
	// Idle connections stay open: each new one has to run its pragmas again, and one in memory is the database.
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// dataSourceName returns the data source name of a database. It contains the settings of every connection, because
// database/sql opens connections at any time.
func dataSourceName(path string, use purpose) string {
	name := path
	if path != Memory {
		// An escaped URI, because a ? in the path would begin the settings and a % would begin an escape.
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
	if use != inspecting {
		settings.Set("_foreign_keys", "1")
		settings.Set("_journal_mode", "WAL")
		// FULL flushes the log on every commit. With NORMAL, common with WAL, a power failure loses the last commits.
		settings.Set("_synchronous", "FULL")
		// On macOS only this setting flushes the cache of the disk. Elsewhere it has no effect.
		settings.Set("_pragma", "fullfsync(1)")
	}
	if use == writing {
		// A transaction takes the write lock when it begins, and waits for it there. Otherwise it would fail if
		// another program writes after the transaction has read.
		settings.Set("_txlock", "immediate")
	}
	return name + "?" + settings.Encode()
}
