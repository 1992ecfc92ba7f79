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

// applicationID ("tsbl") marks a database file of this package. The first migration sets it.
const applicationID = 0x7473626c

// check reports whether the database has the version of this program. It fails for a database of another program or
// of a later version. It changes nothing.
func check(ctx context.Context, db *sql.DB, s *schema.Schema) (current bool, err error) {
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

// migrate brings the database to the version of this program, in one transaction that excludes other programs. db is
// a pool of a single connection.
//
// The statements BEGIN and COMMIT enclose goose, which otherwise uses one transaction per migration and has no lock
// for SQLite. Goose runs inside the transaction because db has no other connection; its isolated mode keeps it from
// beginning another transaction.
func migrate(ctx context.Context, db *sql.DB, s *schema.Schema) (err error) {
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
	// Another program may have migrated the database since the first check.
	current, err := check(ctx, db, s)
	if err != nil {
		return err
	}
	if !current {
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("migrate the database to version %d: %w", s.Latest, err)
		}
	}
	_, err = db.ExecContext(ctx, "COMMIT")
	return err
}
