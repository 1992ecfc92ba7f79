package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migration/*.sql
var migrations embed.FS

const (
	// versionTable is where goose notes which migrations a database has had.
	versionTable = "schema_version"
	// lockID names the lock that whoever changes the tables holds: "tsbl".
	lockID = 0x7473626c
)

// schema is the tables as this program knows them.
type schema struct {
	files  fs.FS
	latest int64
}

func newSchema() (*schema, error) {
	files, err := fs.Sub(migrations, "migration")
	if err != nil {
		return nil, err
	}
	return schemaOf(files)
}

func schemaOf(files fs.FS) (*schema, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	s := &schema{files: files}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		s.latest = max(s.latest, version)
	}
	return s, nil
}

// check reports whether the database has this program's version. It returns an error for one that is
// somebody else's or of a later version, and changes nothing. It looks where new tables would be made.
func (s *schema) check(ctx context.Context, pool *pgxpool.Pool) (current bool, err error) {
	var versioned, tables bool
	err = pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE relname = $1) > 0, count(*) FILTER (WHERE relname <> $1) > 0
		FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))
			AND relname IN ($1, 'accounts', 'keys', 'purchases')`, versionTable).Scan(&versioned, &tables)
	switch {
	case err != nil:
		return false, err
	case !versioned && !tables:
		return false, nil
	case !versioned:
		return false, ErrForeignDatabase
	}
	var version int64
	err = pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+versionTable).Scan(&version)
	switch {
	case code(err) == undefinedColumn, err == nil && version == 0 && tables:
		return false, ErrForeignDatabase // which keeps its versions in another way
	case err != nil:
		return false, err
	case version > s.latest:
		return false, fmt.Errorf("%w: it has version %d, this program knows up to %d", ErrNewerDatabase, version, s.latest)
	}
	return version == s.latest, nil
}

// migrate brings the database to this program's version, one program at a time. Each migration is a
// transaction: a program that ends in the midst of one leaves nothing of it.
func (s *schema) migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
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
	provider, err := goose.NewProvider(goose.DialectPostgres, db, s.files,
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the database to version %d: %w", s.latest, err)
	}
	return nil
}
