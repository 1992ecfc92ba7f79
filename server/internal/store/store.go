// Package store opens the database at an address: a SQLite file or PostgreSQL.
package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/internal/store/postgres"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
)

const sqliteScheme = "sqlite:"

// Open opens the database at an address: sqlite:PATH, sqlite::memory: or a postgres:// URL. It creates a missing file
// and missing tables. The options control how concurrent purchases are written. The caller closes the store.
func Open(ctx context.Context, address string, commits ...groupcommit.Option) (billing.Store, error) {
	if !Embedded(address) {
		store, err := postgres.Open(ctx, address, commits...)
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	path, ok := strings.CutPrefix(address, sqliteScheme)
	if !ok || path == "" {
		return nil, fmt.Errorf("the database address %q is not valid: use %sPATH, %s%s or a postgres:// URL",
			Redact(address), sqliteScheme, sqliteScheme, sqlite.Memory)
	}
	store, err := sqlite.Open(ctx, path, commits...)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// OpenExisting opens the database at an address like Open, but fails if the database is a missing file.
func OpenExisting(ctx context.Context, address string) (billing.Store, error) {
	path, ok := strings.CutPrefix(address, sqliteScheme)
	if ok && path == sqlite.Memory {
		return nil, errors.New("an in-memory database exists inside one running sandbox only: give the address of a file or a server")
	}
	if ok && path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("the database file %s cannot be opened: create it with sandbox serve --database %s: %w", path, address, err)
		}
	}
	return Open(ctx, address)
}

// Embedded reports whether the database at an address is a file or in memory, and not a server.
func Embedded(address string) bool {
	return !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://")
}

// Redact returns the address of a database without passwords. Of an unknown address it returns at most the scheme.
func Redact(address string) string {
	scheme, rest, ok := strings.Cut(address, ":")
	switch {
	case !ok:
		return "…"
	case strings.HasPrefix(address, sqliteScheme) && !strings.Contains(rest, "://"):
		return address
	case !Embedded(address):
		u, err := url.Parse(address)
		if err != nil {
			break
		}
		u.RawQuery = "" // may contain a password
		return u.Redacted()
	}
	return scheme + ":…"
}
