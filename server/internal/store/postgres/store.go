// Package postgres keeps billing's accounts and purchases in a PostgreSQL database, which many programs
// can use at once. What it has stored survives a killed server and a power cut, as every write returns
// after its flush to the disk.
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
)

// parallel is how many batches of purchases are written at a time. The server flushes those that end
// together in one go.
const parallel = 4

// Store is a billing.Store in PostgreSQL. It makes its connections when they are needed, and anew when
// they break: a server that restarts ends what is under way, and nothing more.
type Store struct {
	pool    *pgxpool.Pool
	commits *groupcommit.Group[billing.Purchase]
	closing sync.Once
	closed  atomic.Bool
}

var _ billing.Store = (*Store)(nil)

// Open opens the database with a URL, postgres://user:password@host:port/database?sslmode=verify-full, and
// makes its tables when there are none, or brings those of an older version up to this program's; many
// programs can do so at once. The URL can have the settings of libpq and of pgxpool. Without them, there
// are at most 16 connections (pool_max_conns), one is waited for no longer than 5 seconds
// (connect_timeout, of which 0 counts as none), and the server knows the program as sandbox
// (application_name). Purchases that arrive together are written together; see groupcommit for the
// options, of which WithParallel is 4 by default.
//
// Open waits up to 10 seconds for a server that is just starting. It fails with ErrNewerDatabase or
// ErrForeignDatabase for a database that it cannot use, and leaves that as it was. No error holds the
// password.
func Open(ctx context.Context, url string, commits ...groupcommit.Option) (*Store, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Store{}
	if s.pool, err = open(ctx, config); err != nil {
		return nil, fmt.Errorf("postgres: open %s: %w", withoutPassword(url), err)
	}
	s.commits = groupcommit.New(s.createPurchases, append([]groupcommit.Option{groupcommit.WithParallel(parallel)}, commits...)...)
	return s, nil
}

func open(ctx context.Context, config *pgxpool.Config) (_ *pgxpool.Pool, err error) {
	tables, err := newTables()
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
	if err := await(ctx, openPatience, pool.Ping); err != nil {
		return nil, err
	}
	// The first look takes no lock, so that most programs start without waiting for each other.
	current, err := tables.check(ctx, pool)
	if err != nil {
		return nil, err
	}
	if !current {
		if err := tables.migrate(ctx, pool); err != nil {
			return nil, err
		}
	}
	return pool, nil
}

// Ping reads from the database, and returns an error when it cannot.
func (s *Store) Ping(ctx context.Context) error {
	return s.wrap(ctx, "ping", s.read(ctx, func(conn *pgx.Conn) error {
		var one int
		return conn.QueryRow(ctx, "SELECT 1").Scan(&one)
	}))
}

// PoolStats returns how many connections are in use, how many wait to be, and how many there are at most.
func (s *Store) PoolStats() (inUse, idle, most int) {
	stat := s.pool.Stat()
	return int(stat.AcquiredConns()), int(stat.IdleConns()), int(stat.MaxConns())
}

// Close waits for what is under way, and closes all connections.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.commits.Close()
		s.pool.Close()
	})
	return nil
}

// wrap says what failed, and that it failed because the store is closed, or the context has ended, when
// that is so: a connection that a context has broken off may only say that it is broken.
func (s *Store) wrap(ctx context.Context, action string, err error) error {
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return fmt.Errorf("postgres: %s: %w", action, billing.ErrStoreClosed)
	case ctx.Err() != nil:
		return fmt.Errorf("postgres: %s: %w: %w", action, ctx.Err(), err)
	}
	return fmt.Errorf("postgres: %s: %w", action, err)
}
