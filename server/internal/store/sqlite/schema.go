package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

//go:embed migration/*.sql
var migrations embed.FS

const (
	// applicationID marks a database as one of this package's. The first migration sets it.
	applicationID = 0x7473626c
)

// tables is the schema as this program knows it, with what this engine makes of it.
type tables struct{ *schema.Schema }

func newTables() (tables, error) {
	found, err := schema.In(migrations, "migration")
	return tables{found}, err
}

// check reports whether the database has this program's version. It returns an error for one that
// is somebody else's or of a later version, and changes nothing.
func (s tables) check(ctx context.Context, db *sql.DB) (current bool, err error) {
	var owner, tables, versioned int64
	err = db.QueryRowContext(ctx, `
		SELECT (SELECT application_id FROM pragma_application_id), count(*), count(*) FILTER (WHERE name = ?)
		FROM sqlite_schema`, schema.VersionTable).Scan(&owner, &tables, &versioned)
	switch {
	case err != nil:
		return false, err
	case tables == 0:
		return false, nil
	case owner != applicationID || versioned == 0:
		return false, schema.ErrForeignDatabase
	}
	var version int64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+schema.VersionTable).Scan(&version); err != nil {
		return false, err
	}
	return s.Current(version)
}

// migrate brings the database to this program's version in one transaction: all of it or nothing,
// and one program at a time. db is a pool of a single connection.
//
// The transaction is begun and ended by hand around goose, which would give each migration one of
// its own and has no lock for SQLite. Goose finds itself in it because there is no other connection;
// its "isolated" mode keeps it from beginning another.
func (s tables) migrate(ctx context.Context, db *sql.DB) (err error) {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, s.Files, append(schema.Options(), goose.WithIsolateDDL(true))...)
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
			return fmt.Errorf("bring the database to version %d: %w", s.Latest, err)
		}
	}
	_, err = db.ExecContext(ctx, "COMMIT")
	return err
}
