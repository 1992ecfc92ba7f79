// Package sqlite keeps billing's accounts and purchases in one SQLite file, or in memory, with no
// server beside the program. What it has stored survives a killed process and a power cut: the
// file's journal is a write-ahead log that is flushed to the disk before a write returns.
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
)

// Memory is the path of a database that lives in memory, is shared with nobody and is gone when its
// Store is closed.
const Memory = ":memory:"

// minReaders is how many connections read at least, however few processors there are.
const minReaders = 4

// Store is a billing.Store in SQLite. One connection writes, as SQLite has one writer at a time
// anyway, and others read beside it without waiting for it; in memory there is one for both.
type Store struct {
	path       string
	writer     *sql.DB
	reader     *sql.DB
	statements statements
	commits    *groupcommit.Group[billing.Purchase]
	closing    sync.Once
	closed     atomic.Bool
	closeErr   error
}

var _ billing.Store = (*Store)(nil)

// Open opens the database in the file path, or one in memory for Memory. A file that does not exist
// is made, for its owner alone to read, as it holds the hashes of keys and the tokens of payments;
// its directory must exist. A database of an older version is brought up to this program's. Purchases
// that arrive together are written together; see groupcommit for the options.
//
// It fails with ErrNewerDatabase, ErrForeignDatabase, ErrNotDatabase or ErrReadOnly for a file that
// it cannot use, and leaves such a file as it was.
func Open(ctx context.Context, path string, commits ...groupcommit.Option) (*Store, error) {
	var s *Store
	err := patiently(ctx, openPatience, func() (err error) {
		s, err = open(ctx, path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, explain(err))
	}
	// SQLite has one writer at a time, and so one batch.
	s.commits = groupcommit.New(s.createPurchases, append(commits, groupcommit.WithParallel(1))...)
	return s, nil
}

// openPatience is how long Open waits for other programs that make or migrate the same database, longer
// than a statement does: on a busy machine, many that start at once take their turns.
const openPatience = 30 * time.Second

// patiently does something again while another program's lock keeps it from being done.
func patiently(ctx context.Context, patience time.Duration, do func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := do()
		if resultCode(err)&0xff != code.SQLITE_BUSY || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

func open(ctx context.Context, path string) (_ *Store, err error) {
	tables, err := newTables()
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
		// The first look changes nothing, not even the journal of somebody else's database. It stays
		// open until the writer is, as SQLite tidies the journal away behind a last connection.
		look, err := openPool(path, looking, 1)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, look.Close()) }()
		if current, err = tables.check(ctx, look); err != nil {
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
		if err := tables.migrate(ctx, s.writer); err != nil {
			return nil, err
		}
	}
	s.statements, err = prepare(ctx, s.writer, s.reader)
	return s, err
}

// transact does something in one transaction: all of it is on the disk when transact returns nil, and
// none of it is kept when do fails.
func (s *Store) transact(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Ping reads from the database, and returns an error when it cannot.
func (s *Store) Ping(ctx context.Context) error {
	var version int
	err := s.reader.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version)
	return s.wrap(ctx, "ping", err)
}

// PoolStats returns how many connections are in use, how many wait to be, and how many there are at most.
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

// Close waits for what is under way, moves what is left in the write-ahead log into the file, so
// that the file alone is the whole database, and closes it.
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

// release closes whatever is open. The writer goes last, as it is the one that may write.
func (s *Store) release(ctx context.Context) error {
	var errs []error
	errs = append(errs, s.statements.close())
	if s.reader != nil && s.reader != s.writer {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		// The last connection to close does this by itself; with another program at the database it is
		// not the last. A passive checkpoint moves what it can and waits for nobody.
		_, err := s.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		errs = append(errs, err, s.writer.Close())
	}
	return errors.Join(errs...)
}

// wrap says what failed, and that it failed because the store is closed, or the context has ended,
// when that is so: database/sql ends a context's transaction by itself, and then only says that it is
// done.
func (s *Store) wrap(ctx context.Context, action string, err error) error {
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return fmt.Errorf("sqlite: %s: %w", action, billing.ErrStoreClosed)
	case errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil:
		return fmt.Errorf("sqlite: %s: %w", action, ctx.Err())
	case passes(err):
		return fmt.Errorf("sqlite: %s: %w: %w", action, billing.ErrUnavailable, err)
	}
	return fmt.Errorf("sqlite: %s: %w", action, explain(err))
}
