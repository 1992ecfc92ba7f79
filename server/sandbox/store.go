package sandbox

import (
	"context"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store"
)

// OpenStore opens the database at an address for New: sqlite:PATH, sqlite::memory: or a postgres:// URL.
// It creates the tables, and the file, if they are missing. The caller closes the store, after Serve has
// returned.
func OpenStore(ctx context.Context, address string) (billing.Store, error) {
	return store.Open(ctx, address)
}

// DemoAccounts are the accounts of WithDemoAccounts, with their public credentials: an active one, an
// inactive one, and one without a plan.
func DemoAccounts() []billing.SeedAccount { return billing.DemoAccounts() }
