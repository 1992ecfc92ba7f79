package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"
)

// busyError returns SQLite's error for a database to which another connection writes.
func busyError(t *testing.T) error {
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
		t.Fatal("two connections write at once")
	}
	return err
}

func TestRetryWhileBusy(t *testing.T) {
	t.Parallel()
	locked, broken := busyError(t), errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx   context.Context
		limit time.Duration
		errs  []error
		want  error
	}{
		"success":                {t.Context(), time.Hour, []error{nil}, nil},
		"locked for a while":     {t.Context(), time.Hour, []error{locked, locked, nil}, nil},
		"locked, another error":  {t.Context(), time.Hour, []error{locked, broken}, broken},
		"locked after the limit": {t.Context(), -time.Second, []error{locked}, locked},
		"ended context":          {ended, time.Hour, []error{locked}, locked},
		"another error":          {t.Context(), time.Hour, []error{broken}, broken},
	} {
		attempts := 0
		err := retryWhileBusy(test.ctx, test.limit, func() error {
			attempts++
			return test.errs[attempts-1]
		})
		if !errors.Is(err, test.want) || attempts != len(test.errs) {
			t.Errorf("%s: %v after %d attempts, want %v after %d", name, err, attempts, test.want, len(test.errs))
		}
	}
}
