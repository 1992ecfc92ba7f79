package sandbox

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/turbosmtp-go/billing/server/billing"
	"github.com/turbosmtp-go/billing/server/store/sqlite"
)

const sqliteScheme = "sqlite:"

// OpenStore opens the database at an address, sqlite:PATH or sqlite::memory:, and makes one in a file
// that is not there. The store is the caller's to close.
func OpenStore(ctx context.Context, address string) (billing.Store, error) {
	path, ok := strings.CutPrefix(address, sqliteScheme)
	if !ok || path == "" {
		return nil, fmt.Errorf("the database %q is neither %sPATH nor %s%s", redact(address), sqliteScheme, sqliteScheme, sqlite.Memory)
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// OpenExistingStore opens the database at an address, and fails when there is none: to look at a new
// one is a mistake.
func OpenExistingStore(ctx context.Context, address string) (billing.Store, error) {
	path, ok := strings.CutPrefix(address, sqliteScheme)
	if ok && path == sqlite.Memory {
		return nil, fmt.Errorf("the database %s is the memory of one running sandbox: nobody else can look at it", address)
	}
	if ok && path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no database %s; sandbox serve makes one: %w", address, err)
		}
	}
	return OpenStore(ctx, address)
}

// DemoAccounts are the accounts of WithDemoAccounts, with their credentials, which everybody knows: an
// active one, an inactive one, and one without a plan.
func DemoAccounts() []billing.SeedAccount { return billing.DemoAccounts() }

// redact leaves the scheme of a database's address: the rest may hold a password.
func redact(address string) string {
	scheme, _, ok := strings.Cut(address, ":")
	if !ok {
		return address
	}
	return scheme + ":…"
}
