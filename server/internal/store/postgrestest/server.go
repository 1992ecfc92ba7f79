// Package postgrestest gives tests a real PostgreSQL server, which it makes in a temporary folder out of
// the machine's own programs. Nothing has to be set up for it, and nothing is left of it.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long one step may take on a busy machine.
const patience = 60 * time.Second

// Server is a PostgreSQL server. Its methods are for one goroutine at a time, but for URL and
// NewDatabase.
type Server struct {
	address *url.URL // with the password, without a database
	process *process // nil when the server is not ours to kill
	drop    bool     // databases that are no longer needed
}

// Start starts a server that is the test's own, and stops it when the test ends. It is for tests that do
// harm to their server; all others are quicker with Shared. The test is skipped where there is no
// PostgreSQL, and fails where the environment variable CI is set.
func Start(t testing.TB) *Server {
	t.Helper()
	programs, err := findPrograms()
	if err != nil {
		lacks(t, "There is no PostgreSQL, which this test needs: apt-get install postgresql installs it.")
	}
	s, err := start(programs, true) // durability is among what its tests are about
	if err != nil {
		t.Fatalf("PostgreSQL does not start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.process.remove(); err != nil {
			t.Errorf("PostgreSQL does not stop: %v", err)
		}
	})
	return s
}

// URL returns the address of a database of the server, with the name and the password of its superuser.
func (s *Server) URL(database string) string {
	address := *s.address
	address.Path = "/" + database
	return address.String()
}

// NewDatabase makes an empty database and returns its URL.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := s.administer("CREATE DATABASE " + name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	if s.drop {
		t.Cleanup(func() {
			if err := s.administer("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
				t.Errorf("drop a database: %v", err)
			}
		})
	}
	return s.URL(name)
}

// administer runs a statement beside all databases.
func (s *Server) administer(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.address.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// Kill ends the server and all of its processes with SIGKILL, as a lack of memory or a power cut does.
// Restart starts it again.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.own(t).kill(); err != nil {
		t.Fatalf("PostgreSQL is not killed: %v", err)
	}
}

// Restart starts the server again, on the same folder and port: after a Kill, or after it has stopped it
// like an administrator does, which ends all connections. It returns once the server can be used.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	p := s.own(t)
	err := p.stop()
	if err == nil {
		err = p.start()
	}
	if err == nil {
		err = s.await()
	}
	if err != nil {
		t.Fatalf("PostgreSQL does not start again: %v", err)
	}
}

// Pause stops all of the server's processes in their tracks, with SIGSTOP. Connections stay open, and
// nothing is answered until Resume.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.own(t).pause(); err != nil {
		t.Fatalf("PostgreSQL is not paused: %v", err)
	}
}

// Resume lets a server go on that was paused.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.own(t).resume(); err != nil {
		t.Fatalf("PostgreSQL does not go on: %v", err)
	}
}

// own returns the server's process, and stops a test that wants to do harm to a server which it shares.
func (s *Server) own(t testing.TB) *process {
	t.Helper()
	if s.process == nil || s.process.shared {
		t.Fatal("a shared server is not for one test to stop: use Start")
	}
	return s.process
}

// await returns once the server can be used.
func (s *Server) await() error {
	return poll(patience, func() (bool, error) {
		if s.process.ended() {
			return false, fmt.Errorf("it has ended: %s", s.process.tail())
		}
		if !s.process.ready() {
			return false, nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, s.address.String())
		if err != nil {
			return false, nil // it is not ready yet
		}
		_ = conn.Close(ctx)
		return true, nil
	})
}

// poll asks again and again until something is so.
func poll(limit time.Duration, is func() (bool, error)) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if yes, err := is(); yes || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			return fmt.Errorf("not within %v", limit)
		}
	}
}
