// Package postgrestest provides tests with a real PostgreSQL server. It uses the server named by the environment
// variable TEST_DATABASE_URL, or starts one in a temporary directory with the PostgreSQL programs of this machine.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// urlVariable is the environment variable with the URL of an existing server. Its user needs the right to create
// databases.
const urlVariable = "TEST_DATABASE_URL"

// administrationTimeout limits one administrative statement, such as CREATE DATABASE.
const administrationTimeout = 60 * time.Second

// Server is a PostgreSQL server. NewDatabase is safe for concurrent use; the other methods are not.
type Server struct {
	url     *url.URL // with the password, without a database
	cluster *cluster // nil for the server of TEST_DATABASE_URL
	shared  bool
}

// sharedServer starts the server of all tests in this process.
var sharedServer = sync.OnceValues(func() (*Server, error) {
	if given := os.Getenv(urlVariable); given != "" {
		return existingServer(given)
	}
	s, err := startServer("fsync=off") // for speed: no test stops this server
	if err != nil {
		return nil, err
	}
	s.shared = true
	return s, nil
})

// Shared returns the server that all tests of this process share: the server of TEST_DATABASE_URL, or one that
// Shared starts on its first call and that ends with the process. That server does not flush to disk; benchmarks and
// tests of durability use Start.
//
// Without PostgreSQL the test is skipped, or fails if the environment variable CI is set.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := sharedServer()
	check(t, err)
	return s
}

// Start starts a server for one test, for example to kill or pause it, and removes it when the test ends. The server
// flushes every commit to disk.
//
// Without PostgreSQL the test is skipped, or fails if the environment variable CI is set.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := startServer("fsync=on")
	check(t, err)
	t.Cleanup(func() {
		if err := s.cluster.remove(); err != nil {
			t.Errorf("postgrestest: stop PostgreSQL: %v", err)
		}
	})
	return s
}

// check skips or fails a test whose server did not start.
func check(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errNotInstalled) && os.Getenv("CI") == "":
		t.Skip(err)
	default:
		t.Fatalf("postgrestest: start PostgreSQL: %v", err)
	}
}

// existingServer returns the server at a URL. Its errors do not contain the URL, which may contain a password.
func existingServer(given string) (*Server, error) {
	address, err := url.Parse(given)
	if err != nil || address.Scheme != "postgres" && address.Scheme != "postgresql" {
		return nil, errors.New(urlVariable + " is not a postgres:// URL")
	}
	if address.RawQuery == "" {
		address.RawQuery = "sslmode=prefer" // the default, so that a test can append &setting=value
	}
	return &Server{url: address}, nil
}

// NewDatabase creates an empty database and returns its URL, which contains a query. On the server of TEST_DATABASE_URL the database is
// dropped when the test ends.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("postgrestest: create a database: %v", err)
	}
	if s.cluster == nil {
		t.Cleanup(func() {
			if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
				t.Errorf("postgrestest: drop a database: %v", err)
			}
		})
	}
	database := *s.url
	database.Path = "/" + name
	return database.String()
}

// exec runs a statement in the server's default database.
func (s *Server) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), administrationTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// Kill ends all processes of the server with SIGKILL, as a crash does. Restart starts the server again.
func (s *Server) Kill(t testing.TB) { s.control(t, "kill", (*cluster).kill) }

// Restart stops the server if it is running, which ends all connections, and starts it on the same files and port.
func (s *Server) Restart(t testing.TB) { s.control(t, "restart", (*cluster).restart) }

// Pause stops all processes of the server with SIGSTOP: connections stay open, but the server does not respond.
func (s *Server) Pause(t testing.TB) { s.control(t, "pause", (*cluster).pause) }

// Resume continues a paused server.
func (s *Server) Resume(t testing.TB) { s.control(t, "resume", (*cluster).resume) }

func (s *Server) control(t testing.TB, action string, do func(*cluster) error) {
	t.Helper()
	if s.cluster == nil || s.shared {
		t.Fatalf("postgrestest: cannot %s a server that other tests use: use Start", action)
	}
	if err := do(s.cluster); err != nil {
		t.Fatalf("postgrestest: %s PostgreSQL: %v", action, err)
	}
}
