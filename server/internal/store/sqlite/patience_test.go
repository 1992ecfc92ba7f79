package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"
)

// busy returns SQLite's own error for a database that another connection writes to.
func busy(t *testing.T) error {
	t.Helper()
	path := newPath(t)
	mustOpen(t, path)
	open := func() *sql.DB {
		db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=0&_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	holder, err := open().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback() }()
	if _, err = open().BeginTx(t.Context(), nil); err == nil {
		t.Fatal("two write at once")
	}
	return err
}

func TestPatience(t *testing.T) {
	t.Parallel()
	locked, broken := busy(t), errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx      context.Context
		patience time.Duration
		errs     []error
		want     error
	}{
		"at once":               {t.Context(), time.Hour, []error{nil}, nil},
		"locked for a while":    {t.Context(), time.Hour, []error{locked, locked, nil}, nil},
		"locked and then worse": {t.Context(), time.Hour, []error{locked, broken}, broken},
		"locked for too long":   {t.Context(), -time.Second, []error{locked}, locked},
		"nobody waits any more": {ended, time.Hour, []error{locked}, locked},
		"something else":        {t.Context(), time.Hour, []error{broken}, broken},
	} {
		tries := 0
		err := patiently(test.ctx, test.patience, func() error {
			tries++
			return test.errs[tries-1]
		})
		if !errors.Is(err, test.want) || tries != len(test.errs) {
			t.Errorf("%s: %v after %d tries, want %v after %d", name, err, tries, test.want, len(test.errs))
		}
	}
}
