package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

func TestKilledUnderLoadOnPostgreSQL(t *testing.T) {
	t.Parallel()
	killUnderLoad(t, postgrestest.Shared(t).NewDatabase(t))
}

// TestPostgreSQLIsKilled kills the database with SIGKILL, and starts it again.
func TestPostgreSQLIsKilled(t *testing.T) {
	t.Parallel()
	harmPostgreSQL(t, (*postgrestest.Server).Kill, (*postgrestest.Server).Restart)
}

// TestPostgreSQLDoesNotAnswer stops the database in its tracks: connections stay open, and nothing comes.
func TestPostgreSQLDoesNotAnswer(t *testing.T) {
	t.Parallel()
	harmPostgreSQL(t, (*postgrestest.Server).Pause, (*postgrestest.Server).Resume)
}

func harmPostgreSQL(t *testing.T, harm, mend func(*postgrestest.Server, testing.TB)) {
	t.Helper()
	engine := postgrestest.Start(t)
	database := engine.NewDatabase(t)
	p := startProcess(t, serveArgs(database)...)
	l := startLoad(t, p.base, 8, patience)
	for range rounds(t, 2) {
		l.waitFor(50)
		harm(engine, t)
		l.waitForFailures(16)
		waitReady(t, p.base, 503)
		mend(engine, t)
		waitReady(t, p.base, 200)
	}
	l.waitFor(50)
	l.check(database)
	if n := p.resident(); n > memory {
		t.Errorf("it has had %d MiB", n)
	}
}

// TestASlowDatabase puts more and more time between the sandbox and its database, until nothing is
// answered within the deadline.
func TestASlowDatabase(t *testing.T) {
	t.Parallel()
	engine := postgrestest.Shared(t)
	database := engine.NewDatabase(t)
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	far := newFarAway(t, address.Host)
	address.Host = far.address
	p := startProcess(t, serveArgs(address.String())...)
	l := startLoad(t, p.base, 8, patience)
	for range rounds(t, 1) {
		l.waitFor(50)
		far.delay.Store(int64(100 * time.Millisecond)) // slow, and well
		l.waitFor(30)
		far.delay.Store(int64(4 * time.Second)) // longer than a request may take
		l.waitForFailures(16)
		far.delay.Store(0)
	}
	l.waitFor(50)
	l.check(database)
}

// farAway passes connections on to an address, with a delay.
type farAway struct {
	address string
	delay   atomic.Int64
}

func newFarAway(t testing.TB, to string) *farAway {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &farAway{address: listener.Addr().String()}
	ctx, stop := context.WithCancel(context.Background())
	var connections sync.WaitGroup
	t.Cleanup(func() {
		stop()
		_ = listener.Close()
		connections.Wait()
	})
	connections.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			var dialer net.Dialer
			far, err := dialer.DialContext(ctx, "tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = near.Close(); _ = far.Close() })
			connections.Go(func() { f.pass(ctx, far, near) })
			connections.Go(func() { f.pass(ctx, near, far) })
		}
	})
	return f
}

// pass passes on what comes, each piece after the delay.
func (f *farAway) pass(ctx context.Context, to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if d := time.Duration(f.delay.Load()); d > 0 {
			select {
			case <-time.After(d):
			case <-ctx.Done():
				return
			}
		}
		if _, failed := to.Write(buffer[:n]); failed != nil || errors.Is(err, io.EOF) || err != nil {
			return
		}
	}
}
