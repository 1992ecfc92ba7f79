// Package store opens the database at an address: a SQLite file, or PostgreSQL.
package store

import (
	"context"
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

// Open opens the database at an address, sqlite:PATH, sqlite::memory: or postgres://…, and makes
// its tables, or the file, where they are not there. Options say how purchases that arrive together are
// written. The store is the caller's to close.
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
		return nil, fmt.Errorf("the database %q is neither %sPATH, %s%s nor a postgres:// URL", Redact(address), sqliteScheme, sqliteScheme, sqlite.Memory)
	}
	store, err := sqlite.Open(ctx, path, commits...)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// OpenExisting opens the database at an address, and fails when a file is not there: to look at a
// new one is a mistake.
func OpenExisting(ctx context.Context, address string) (billing.Store, error) {
	path, ok := strings.CutPrefix(address, sqliteScheme)
	if ok && path == sqlite.Memory {
		return nil, fmt.Errorf("the database %s is the memory of one running sandbox: nobody else can look at it", address)
	}
	if ok && path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no database %s; sandbox serve makes one: %w", address, err)
		}
	}
	return Open(ctx, address)
}

// Embedded reports whether the database at an address is part of one process or of one machine, and not
// a server that many share.
func Embedded(address string) bool {
	return !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://")
}

// Redact returns a database's address without its password. Of an address that is not understood it
// leaves the scheme alone, or nothing.
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
		u.RawQuery = "" // may hold a password, too
		return u.Redacted()
	}
	return scheme + ":…"
}
