package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/turbosmtp-go/billing/server/billing"
	"github.com/turbosmtp-go/billing/server/store/sqlite"
)

const sqliteScheme = "sqlite:"

// openStore opens the database that --database names.
func openStore(ctx context.Context, database string) (billing.Store, error) {
	path, ok := strings.CutPrefix(database, sqliteScheme)
	if !ok || path == "" {
		return nil, fmt.Errorf("the database %q is neither %sPATH nor %s%s", redact(database), sqliteScheme, sqliteScheme, sqlite.Memory)
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// openExisting opens a database that must be there already: to look at a new one is a mistake.
func openExisting(ctx context.Context, database string) (billing.Store, error) {
	path, ok := strings.CutPrefix(database, sqliteScheme)
	if ok && path == sqlite.Memory {
		return nil, fmt.Errorf("the database %s is the memory of one running sandbox: nobody else can look at it", database)
	}
	if ok && path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no database %s: %w", database, err)
		}
	}
	return openStore(ctx, database)
}

// redact leaves the scheme of a database's address: the rest may hold a password.
func redact(database string) string {
	scheme, _, ok := strings.Cut(database, ":")
	if !ok {
		return database
	}
	return scheme + ":…"
}
