// Package postgres stores the accounts and purchases of package billing in a PostgreSQL database, which many programs
// can share. Stored data survives a killed server and a power failure: every write returns after its flush to disk.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// parallelBatches is the default number of batches of purchases that are written at a time. The server flushes
// commits that end together in one step.
const parallelBatches = 4

// maxAttempts is how often a call is attempted if nothing was stored and an immediate retry may succeed. Each broken
// connection costs one attempt, and a restart of the server breaks all connections in use.
const maxAttempts = 4

// Store is a billing.Store in PostgreSQL. It opens connections on demand and replaces broken ones, so a restart of
// the server only interrupts the calls that are running.
type Store struct {
	pool    *pgxpool.Pool
	commits *groupcommit.Group[billing.Purchase]
	closing sync.Once
	closed  atomic.Bool
}

var _ billing.Store = (*Store)(nil)

// Open opens the database at a URL, postgres://user:password@host:port/database?sslmode=verify-full. It creates
// missing tables and migrates tables of an older version; many programs can do so at once. The URL accepts the
// settings of libpq and of pgxpool. The defaults are at most 16 connections (pool_max_conns), 5 seconds to connect
// (connect_timeout, also for 0) and the name sandbox (application_name). Concurrent purchases share one commit; see
// groupcommit for the options. The default of WithParallel is 4.
//
// Open waits up to 10 seconds for a server that is starting. It fails with schema.ErrNewerDatabase or
// schema.ErrForeignDatabase for a database that it cannot use, and does not change that database. No error contains the password.
func Open(ctx context.Context, url string, commits ...groupcommit.Option) (*Store, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Store{}
	if s.pool, err = open(ctx, config); err != nil {
		return nil, fmt.Errorf("postgres: open %s: %w", withoutPassword(url), err)
	}
	s.commits = groupcommit.New(s.createPurchases, append([]groupcommit.Option{groupcommit.WithParallel(parallelBatches)}, commits...)...)
	return s, nil
}

func open(ctx context.Context, config *pgxpool.Config) (_ *pgxpool.Pool, err error) {
	tables, err := schema.New(migrations)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			pool.Close()
		}
	}()
	if err := await(ctx, openTimeLimit, pool.Ping); err != nil {
		return nil, err
	}
	// This check takes no lock, so that programs that start at once do not wait for each other.
	current, err := check(ctx, pool, tables)
	if err != nil {
		return nil, err
	}
	if !current {
		if err := migrate(ctx, pool, tables); err != nil {
			return nil, err
		}
	}
	return pool, nil
}

// run calls do with a connection, and repeats the call while nothing is stored and a retry may succeed.
func (s *Store) run(ctx context.Context, do func(conn *pgx.Conn) error) error {
	for attempt := 1; ; attempt++ {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return unavailable(err)
		}
		err = do(conn.Conn())
		conn.Release()
		if !isRetryable(err) || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
	}
}

// write runs a single writing statement.
func (s *Store) write(ctx context.Context, do func(conn *pgx.Conn) error) error {
	return s.run(ctx, func(conn *pgx.Conn) error { return writeError(do(conn)) })
}

// read runs statements that store nothing.
func (s *Store) read(ctx context.Context, do func(conn *pgx.Conn) error) error {
	return s.run(ctx, func(conn *pgx.Conn) error { return readError(conn, do(conn)) })
}

// transact runs do in one transaction. The transaction is on disk when transact returns nil, and is rolled back when
// do fails. If the connection breaks during COMMIT, the result is unknown.
func (s *Store) transact(ctx context.Context, do func(tx pgx.Tx) error) error {
	return s.run(ctx, func(conn *pgx.Conn) error {
		committing := false
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			err := do(tx)
			committing = err == nil
			return err
		})
		if committing {
			return writeError(err)
		}
		return readError(conn, err)
	})
}

// list returns the rows of a query, each read by scan.
func list[T any](ctx context.Context, s *Store, scan func(row schema.Row) (T, error), query string, arguments ...any) ([]T, error) {
	var found []T
	err := s.read(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, query, arguments...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
		return err
	})
	return found, err
}

// Ping reads from the database, and fails if it cannot.
func (s *Store) Ping(ctx context.Context) error {
	return s.wrap(ctx, "ping", s.read(ctx, func(conn *pgx.Conn) error { return conn.Ping(ctx) }))
}

// PoolStats returns the number of connections that are in use, that are idle, and the maximum of both together.
func (s *Store) PoolStats() (inUse, idle, most int) {
	stat := s.pool.Stat()
	return int(stat.AcquiredConns()), int(stat.IdleConns()), int(stat.MaxConns())
}

// Close waits for running calls and closes all connections.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.commits.Close()
		s.pool.Close()
	})
	return nil
}
