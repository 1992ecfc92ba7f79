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

// lockID ("tsbl") is the advisory lock of a program that migrates the database.
const lockID = 0x7473626c

// check reports whether the database has the version of this program. It fails for tables of another program or of a
// later version. It changes nothing. It checks the namespace in which new tables would be created.
func check(ctx context.Context, pool *pgxpool.Pool, s *schema.Schema) (current bool, err error) {
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
		return false, schema.ErrForeignDatabase // another tool's table of versions
	case err != nil:
		return false, err
	}
	return s.Current(version)
}

// migrate brings the database to the version of this program and excludes other programs. Each migration is one
// transaction, so an interrupted migration leaves nothing behind.
func migrate(ctx context.Context, pool *pgxpool.Pool, s *schema.Schema) (err error) {
	// The lock ends with its connection. The connection is not one of the pool, which may have only one.
	lock, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close(context.WithoutCancel(ctx))) }()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(lockID)); err != nil {
		return fmt.Errorf("wait for other programs that migrate the database: %w", err)
	}
	// Another program may have migrated the database since the first check.
	current, err := check(ctx, pool, s)
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
		return fmt.Errorf("migrate the database to version %d: %w", s.Latest, err)
	}
	return nil
}
