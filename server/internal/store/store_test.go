package store_test

import (
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/store"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"sqlite:sandbox.db":                           "sqlite:sandbox.db",
		"sqlite::memory:":                             "sqlite::memory:",
		"postgres://ann@db/x":                         "postgres://ann@db/x",
		"postgres://ann:hunter2@db/x?sslmode=disable": "postgres://ann:xxxxx@db/x",
		"postgresql://db/x?password=hunter2&user=ann": "postgresql://db/x",
		"postgres://ann:hunter2%@db/x":                "postgres:…",
		"mysql://ann:hunter2@db/x":                    "mysql:…",
		"sqlite:postgres://ann:hunter2@db/x":          "sqlite:…",
		"host=db user=ann password=hunter2":           "…",
	} {
		if got := store.Redact(address); got != want {
			t.Errorf("Redact(%q) = %q, want %q", address, got, want)
		}
	}
}
