package main

import (
	"context"
	"database/sql"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // for a second program that uses the database

	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

// The tests below expose a sandbox under load to faults. No purchase with a payment link may be lost, no
// rejected purchase may be stored, each response follows the document and arrives in time, and the sandbox
// recovers without a restart. SOAK=10m repeats each test for that long.

const (
	// timeLimit is the value of --time-limit in these tests.
	timeLimit = 2 * time.Second
	// maxResponseTime is more than timeLimit because other tests may keep the machine busy.
	maxResponseTime = timeLimit + 8*time.Second
)

// startFaulty starts a sandbox on a database.
func startFaulty(t *testing.T, database string) *process {
	t.Helper()
	return startProcess(t, "--addr", "127.0.0.1:0", "--database", database, "--time-limit", timeLimit.String())
}

func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	killUnderLoad(t, "sqlite:"+filepath.Join(t.TempDir(), "sandbox.db"))
}

func TestKilledUnderLoadOnPostgreSQL(t *testing.T) {
	t.Parallel()
	killUnderLoad(t, postgrestest.Shared(t).NewDatabase(t))
}

// killUnderLoad kills the process with SIGKILL and starts another one on the same database.
func killUnderLoad(t *testing.T, database string) {
	t.Helper()
	p := startFaulty(t, database)
	l := startLoad(t, p.base)
	for range rounds(t, 5) {
		l.waitFor(60)
		p.kill()
		p = startFaulty(t, database)
		l.redirect(p.base)
	}
	l.waitFor(60)
	l.check(database)
}

// TestLockedFile has another program lock the database for longer than a request may take.
func TestLockedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	database := "sqlite:" + path
	p := startFaulty(t, database)
	l := startLoad(t, p.base)
	for range rounds(t, 2) {
		l.waitFor(50)
		unlock := lockFile(t, path)
		l.waitForFailures(16)
		unlock()
	}
	l.waitFor(50)
	l.check(database)
	p.checkMemory(t)
}

func lockFile(t *testing.T, path string) (unlock func()) {
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

// TestPostgreSQLKilled kills the database server with SIGKILL and starts it again.
func TestPostgreSQLKilled(t *testing.T) {
	t.Parallel()
	interruptPostgreSQL(t, (*postgrestest.Server).Kill, (*postgrestest.Server).Restart)
}

// TestPostgreSQLPaused pauses the database server: its connections stay open and it does not respond.
func TestPostgreSQLPaused(t *testing.T) {
	t.Parallel()
	interruptPostgreSQL(t, (*postgrestest.Server).Pause, (*postgrestest.Server).Resume)
}

func interruptPostgreSQL(t *testing.T, interrupt, restore func(*postgrestest.Server, testing.TB)) {
	t.Helper()
	server := postgrestest.Start(t)
	database := server.NewDatabase(t)
	p := startFaulty(t, database)
	l := startLoad(t, p.base)
	for range rounds(t, 2) {
		l.waitFor(50)
		interrupt(server, t)
		l.waitForFailures(16)
		waitReady(t, p.base, 503)
		restore(server, t)
		waitReady(t, p.base, 200)
	}
	l.waitFor(50)
	l.check(database)
	p.checkMemory(t)
}

// TestSlowDatabase delays the traffic between the sandbox and its database: first by less, then by more than
// the time limit of a request.
func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	database := postgrestest.Shared(t).NewDatabase(t)
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	var delay atomic.Int64
	address.Host = startRelay(t, address.Host, &delay)
	l := startLoad(t, startFaulty(t, address.String()).base)
	for range rounds(t, 1) {
		l.waitFor(50)
		delay.Store(int64(100 * time.Millisecond))
		l.waitFor(30)
		delay.Store(int64(2 * timeLimit))
		l.waitForFailures(16)
		delay.Store(0)
	}
	l.waitFor(50)
	l.check(database)
}

// startRelay starts a TCP relay to an address and returns its own address. It delays each chunk of data.
func startRelay(t testing.TB, target string, delay *atomic.Int64) (address string) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	var connections sync.WaitGroup
	t.Cleanup(func() { stop(); connections.Wait() })
	connections.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			var dialer net.Dialer
			far, err := dialer.DialContext(ctx, "tcp", target)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = near.Close(); _ = far.Close() })
			connections.Go(func() { _, _ = io.Copy(delayedWriter{ctx, far, delay}, near); _ = far.Close() })
			connections.Go(func() { _, _ = io.Copy(delayedWriter{ctx, near, delay}, far); _ = near.Close() })
		}
	})
	return listener.Addr().String()
}

// delayedWriter delays each write.
type delayedWriter struct {
	ctx   context.Context
	to    io.Writer
	delay *atomic.Int64
}

func (w delayedWriter) Write(p []byte) (int, error) {
	select {
	case <-time.After(time.Duration(w.delay.Load())):
	case <-w.ctx.Done():
	}
	return w.to.Write(p)
}
