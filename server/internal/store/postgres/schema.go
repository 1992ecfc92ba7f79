package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

//go:embed migration/*.sql
var migrations embed.FS

const (
	// lockID names the lock that whoever changes the tables holds: "tsbl".
	lockID = 0x7473626c
)

// tables is the schema as this program knows it, with what this engine makes of it.
type tables struct{ *schema.Schema }

func newTables() (tables, error) {
	found, err := schema.In(migrations, "migration")
	return tables{found}, err
}

// check reports whether the database has this program's version. It returns an error for one that is
// somebody else's or of a later version, and changes nothing. It looks where new tables would be made.
func (s tables) check(ctx context.Context, pool *pgxpool.Pool) (current bool, err error) {
	var versioned, tables bool
	err = pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE relname = $1) > 0, count(*) FILTER (WHERE relname <> $1) > 0
		FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))
			AND relname IN ($1, 'accounts', 'keys', 'purchases')`, schema.VersionTable).Scan(&versioned, &tables)
	switch {
	case err != nil:
		return false, err
	case !versioned && !tables:
		return false, nil
	case !versioned:
		return false, schema.ErrForeignDatabase
	}
	var version int64
	err = pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+schema.VersionTable).Scan(&version)
	switch {
	case code(err) == undefinedColumn, err == nil && version == 0 && tables:
		return false, schema.ErrForeignDatabase // which keeps its versions in another way
	case err != nil:
		return false, err
	}
	return s.Current(version)
}

// migrate brings the database to this program's version, one program at a time. Each migration is a
// transaction: a program that ends in the midst of one leaves nothing of it.
func (s tables) migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	// The lock is its connection's and ends with it, however that ends. It is no connection of the pool's,
	// which may have only one.
	lock, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close(context.WithoutCancel(ctx))) }()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(lockID)); err != nil {
		return fmt.Errorf("wait for others that migrate the database: %w", err)
	}
	// Again, now that nobody else can change it: another program may have been faster.
	current, err := s.check(ctx, pool)
	if err != nil || current {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }() // the pool stays open
	provider, err := goose.NewProvider(goose.DialectPostgres, db, s.Files, schema.Options()...)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the database to version %d: %w", s.Latest, err)
	}
	return nil
}
