// Package schema is what the stores share about their tables: the migrations of this program, and the databases that
// it cannot use.
package schema

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// VersionTable is the table in which goose records the applied migrations.
const VersionTable = "schema_version"

// Reasons why a store does not open a database, for errors.Is.
var (
	// ErrNewerDatabase reports that a later version of this program has migrated the database.
	ErrNewerDatabase = errors.New("the database is newer than this program: use a later version of the program, or another database")
	// ErrForeignDatabase reports that the database contains tables of another program.
	ErrForeignDatabase = errors.New("the database belongs to another program: use another database")
)

// Schema is the tables of a store in the version of this program.
type Schema struct {
	// Files are the migrations, in goose's format.
	Files fs.FS
	// Latest is the version of the last migration.
	Latest int64
}

// New returns the schema of the migrations in the folder migration of files. It fails if a file name does not begin
// with a version.
func New(files fs.FS) (*Schema, error) {
	migrations, err := fs.Sub(files, "migration")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return nil, err
	}
	s := &Schema{Files: migrations}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		s.Latest = max(s.Latest, version)
	}
	return s, nil
}

// Current reports whether a database of a version needs no migration. It fails with ErrNewerDatabase for a version
// after Latest.
func (s *Schema) Current(version int64) (bool, error) {
	if version > s.Latest {
		return false, fmt.Errorf("%w: the database has version %d, this program supports up to %d", ErrNewerDatabase, version, s.Latest)
	}
	return version == s.Latest, nil
}

// Options returns the options of a goose provider: no global state, no log.
func Options() []goose.ProviderOption {
	return []goose.ProviderOption{
		goose.WithTableName(VersionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
}
