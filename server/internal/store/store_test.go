package store_test

import (
	"os"
	"path/filepath"
	"strings"
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

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.db")
	for address, want := range map[string]string{
		"mysql://ann:hunter2@db/x": `the database address "mysql:…" is not valid`,
		"sqlite:":                  `the database address "sqlite:" is not valid`,
		"sqlite::memory:":          "exists inside one running sandbox only",
		"sqlite:" + missing:        "the database file " + missing + " cannot be opened: create it with sandbox serve --database sqlite:" + missing,
	} {
		db, err := store.OpenExisting(t.Context(), address)
		if err == nil {
			_ = db.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenExisting(%q) = %v, want an error with %q", address, err, want)
		}
	}
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Errorf("OpenExisting created the file: %v", err)
	}
}
