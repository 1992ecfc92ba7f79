// Package schema is what the stores have in common about their tables: the migrations that make them, and
// which databases are refused.
package schema

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// VersionTable is where goose notes which migrations a database has had.
const VersionTable = "schema_version"

// Why a database is refused, for errors.Is.
var (
	// ErrNewerDatabase says that a later version of this program has been at the database.
	ErrNewerDatabase = errors.New("the database is newer than this program")
	// ErrForeignDatabase says that the database holds other tables than ours.
	ErrForeignDatabase = errors.New("the database belongs to another program")
)

// Schema is the tables of a store, as this program knows them.
type Schema struct {
	// Files are the migrations, in goose's format.
	Files fs.FS
	// Latest is the version that the last of them makes.
	Latest int64
}

// New returns the schema that migrations make. It fails when one's name has no version.
func New(migrations fs.FS) (*Schema, error) {
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

// In returns the schema that the migrations in a folder make.
func In(files fs.FS, folder string) (*Schema, error) {
	migrations, err := fs.Sub(files, folder)
	if err != nil {
		return nil, err
	}
	return New(migrations)
}

// Current reports whether a database of a version needs no migration. It fails with ErrNewerDatabase for
// one that this program does not know.
func (s *Schema) Current(version int64) (bool, error) {
	if version > s.Latest {
		return false, fmt.Errorf("%w: it has version %d, this program knows up to %d", ErrNewerDatabase, version, s.Latest)
	}
	return version == s.Latest, nil
}

// Options are goose's for a provider of migrations that keeps to itself.
func Options() []goose.ProviderOption {
	return []goose.ProviderOption{
		goose.WithTableName(VersionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
}
