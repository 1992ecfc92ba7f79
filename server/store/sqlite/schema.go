package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migration/*.sql
var migrations embed.FS

const (
	// versionTable is where goose notes which migrations a database has had.
	versionTable = "schema_version"
	// applicationID marks a database as one of this package's. The first migration sets it.
	applicationID = 0x7473626c
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

// check reports whether the database has this program's version. It returns an error for one that
// is somebody else's or of a later version, and changes nothing.
func (s *schema) check(ctx context.Context, db *sql.DB) (current bool, err error) {
	var owner, tables, versioned int64
	err = db.QueryRowContext(ctx, `
		SELECT (SELECT application_id FROM pragma_application_id), count(*), count(*) FILTER (WHERE name = ?)
		FROM sqlite_schema`, versionTable).Scan(&owner, &tables, &versioned)
	switch {
	case err != nil:
		return false, err
	case tables == 0:
		return false, nil
	case owner != applicationID || versioned == 0:
		return false, ErrForeignDatabase
	}
	var version int64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+versionTable).Scan(&version); err != nil {
		return false, err
	}
	if version > s.latest {
		return false, fmt.Errorf("%w: it has version %d, this program knows up to %d", ErrNewerDatabase, version, s.latest)
	}
	return version == s.latest, nil
}

// migrate brings the database to this program's version in one transaction: all of it or nothing,
// and one program at a time. db is a pool of a single connection.
//
// The transaction is begun and ended by hand around goose, which would give each migration one of
// its own and has no lock for SQLite. Goose finds itself in it because there is no other connection;
// its "isolated" mode keeps it from beginning another.
func (s *schema) migrate(ctx context.Context, db *sql.DB) (err error) {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, s.files,
		goose.WithTableName(versionTable), goose.WithIsolateDDL(true),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, rollback := db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			err = errors.Join(err, rollback)
		}
	}()
	// Again, now that nobody else can change it: another program may have been faster.
	current, err := s.check(ctx, db)
	if err != nil {
		return err
	}
	if !current {
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("bring the database to version %d: %w", s.latest, err)
		}
	}
	_, err = db.ExecContext(ctx, "COMMIT")
	return err
}
