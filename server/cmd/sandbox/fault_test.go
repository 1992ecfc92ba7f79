package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // for another program at the same database
)

// The tests below do to a sandbox under load what happens to servers. Nothing that was answered may be
// lost, nothing may be stored that was refused, all failures are the document's, within their deadline,
// and it goes on without a restart when the fault has passed. SOAK=10m repeats each for that long.

const (
	// limit is --time-limit in these tests, and patience within what every answer is there: it allows for
	// a machine that is busy with other tests.
	limit    = 2 * time.Second
	patience = limit + 8*time.Second
	// memory is how much a sandbox may ever have, in MiB. The race detector multiplies it.
	memory = 700
)

func serveArgs(database string) []string {
	return []string{"--addr", "127.0.0.1:0", "--database", database, "--time-limit", limit.String()}
}

// TestKilledUnderLoad kills the process with SIGKILL, again and again over one database.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "sandbox.db")
	killUnderLoad(t, database)
}

func killUnderLoad(t *testing.T, database string) {
	t.Helper()
	p := startProcess(t, serveArgs(database)...)
	l := startLoad(t, p.base, 8, patience)
	for range rounds(t, 5) {
		l.waitFor(60)
		p.kill()
		p = startProcess(t, serveArgs(database)...)
		l.to(p.base)
	}
	l.waitFor(60)
	l.check(database)
}

// TestALockedFile has another program hold the database locked for longer than any request waits.
func TestALockedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	database := "sqlite:" + path
	p := startProcess(t, serveArgs(database)...)
	l := startLoad(t, p.base, 8, patience)
	for range rounds(t, 2) {
		l.waitFor(50)
		release := lockFile(t, path)
		l.waitForFailures(16)
		release()
	}
	l.waitFor(50)
	l.check(database)
	if n := p.resident(); n > memory {
		t.Errorf("it has had %d MiB", n)
	}
}

func lockFile(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_busy_timeout=20000&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(); _ = db.Close() }
}
