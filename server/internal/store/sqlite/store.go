// Package sqlite stores the accounts and purchases of package billing in one SQLite file, or in memory. Stored data
// survives a killed process and a power failure: the write-ahead log is flushed to disk before a write returns.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	code "modernc.org/sqlite/lib"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// Memory is the path of a private in-memory database, which ends when its Store is closed.
const Memory = ":memory:"

// minReaders is the minimum number of connections that read, however few processors the machine has.
const minReaders = 4

// Store is a billing.Store in SQLite. One connection writes, because SQLite allows one writer at a time, and other
// connections read without waiting for the writer. An in-memory database has one connection for both.
type Store struct {
	path     string
	writer   *sql.DB
	reader   *sql.DB
	insert   *sql.Stmt // insertPurchase, on writer
	commits  *groupcommit.Group[billing.Purchase]
	closing  sync.Once
	closed   atomic.Bool
	closeErr error
}

var _ billing.Store = (*Store)(nil)

// Open opens the database file at path, or an in-memory database for Memory. It creates a missing file, which only
// its owner can read because it contains hashes of keys and tokens of payments; the directory of the file must exist.
// It migrates a database of an older version. Concurrent purchases share one commit; see groupcommit for the options.
//
// Open fails with schema.ErrNewerDatabase, schema.ErrForeignDatabase, ErrNotDatabase or ErrReadOnly for a file that it cannot use,
// and does not change that file.
func Open(ctx context.Context, path string, commits ...groupcommit.Option) (*Store, error) {
	var s *Store
	err := retryWhileBusy(ctx, openTimeLimit, func() (err error) {
		s, err = open(ctx, path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, explain(err))
	}
	// SQLite allows one writer at a time, and so one batch.
	s.commits = groupcommit.New(s.createPurchases, append(commits, groupcommit.WithParallel(1))...)
	return s, nil
}

// openTimeLimit is how long Open waits for other programs that create or migrate the same database. It is longer
// than busyTimeout, because many programs that start at once take turns.
const openTimeLimit = 30 * time.Second

// retryWhileBusy calls do until it succeeds or fails for another reason than a lock of another program. Each call
// waits for the lock, for busyTimeout at most, so there is no pause between calls.
func retryWhileBusy(ctx context.Context, limit time.Duration, do func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := do()
		if resultCode(err)&0xff != code.SQLITE_BUSY || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

func open(ctx context.Context, path string) (_ *Store, err error) {
	tables, err := schema.New(migrations)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release(context.WithoutCancel(ctx)))
		}
	}()
	current := false
	if path == Memory {
		s.writer, err = openPool(Memory, writing, 1)
		s.reader = s.writer
	} else {
		if path, err = prepareFile(path); err != nil {
			return nil, err
		}
		// The inspection changes nothing, not even the journal of another program's database. Its connection stays
		// open until the writer is, because SQLite deletes the journal after the last connection.
		inspector, err := openPool(path, inspecting, 1)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, inspector.Close()) }()
		if current, err = check(ctx, inspector, tables); err != nil {
			return nil, err
		}
		if s.writer, err = openPool(path, writing, 1); err != nil {
			return nil, err
		}
		s.reader, err = openPool(path, reading, max(minReaders, runtime.GOMAXPROCS(0)))
	}
	if err != nil {
		return nil, err
	}
	if !current {
		if err := migrate(ctx, s.writer, tables); err != nil {
			return nil, err
		}
	}
	s.insert, err = s.writer.PrepareContext(ctx, insertPurchase)
	return s, err
}

// transact runs do in one transaction. The transaction is on disk when transact returns nil, and is rolled back when
// do fails.
func (s *Store) transact(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // has no effect after Commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// list returns the rows of a query, each read by scan.
func list[T any](ctx context.Context, s *Store, scan func(schema.Row) (T, error), query string, arguments ...any) ([]T, error) {
	rows, err := s.reader.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns its error
	var found []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, item)
	}
	return found, rows.Err()
}

// Ping reads from the database, and fails if it cannot.
func (s *Store) Ping(ctx context.Context) error {
	var version int
	err := s.reader.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version)
	return s.wrap(ctx, "ping", err)
}

// PoolStats returns the number of connections that are in use, that are idle, and the maximum of both together.
func (s *Store) PoolStats() (inUse, idle, most int) {
	pools := []*sql.DB{s.writer}
	if s.reader != s.writer {
		pools = append(pools, s.reader)
	}
	for _, pool := range pools {
		stats := pool.Stats()
		inUse, idle, most = inUse+stats.InUse, idle+stats.Idle, most+stats.MaxOpenConnections
	}
	return inUse, idle, most
}

// Close waits for running calls, moves the write-ahead log into the database file, so that the file alone is the
// whole database, and closes the file.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.commits.Close()
		if err := s.release(context.Background()); err != nil {
			s.closeErr = fmt.Errorf("sqlite: close %s: %w", s.path, err)
		}
	})
	return s.closeErr
}

// release closes all open connections, the writer last because it moves the write-ahead log.
func (s *Store) release(ctx context.Context) error {
	var errs []error
	if s.reader != nil && s.reader != s.writer {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		// SQLite does this on the last close of the file, but another program may have it open. A passive
		// checkpoint moves what it can without waiting.
		_, err := s.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		errs = append(errs, err, s.writer.Close())
	}
	return errors.Join(errs...)
}
