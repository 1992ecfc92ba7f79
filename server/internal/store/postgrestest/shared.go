package postgrestest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
)

// urlVariable names the environment variable with the URL of a server to use instead of one that is
// started. Its user must be allowed to make databases.
const urlVariable = "TEST_DATABASE_URL"

// shared are the servers of all tests and of all benchmarks of this program. They have to be in one place,
// as tests have nothing in common but the program that they are in.
var shared struct{ tests, benchmarks sharedServer }

type sharedServer struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared returns the server that all tests of one program share, each with its own databases: that of the
// environment variable TEST_DATABASE_URL, or one that is started at the first call and stopped by Main.
// The test is skipped where there is neither, and fails where the environment variable CI is set.
//
// That server flushes nothing to the disk, for nobody may stop it: what is durable is tested with Start.
// Benchmarks share one that flushes, as they time what a server in use does.
func Shared(t testing.TB) *Server {
	t.Helper()
	s := &shared.tests
	if durable(t) {
		s = &shared.benchmarks
	}
	s.once.Do(func() { s.server, s.err = startShared(durable(t)) })
	switch {
	case errors.Is(s.err, errNoPrograms):
		lacks(t, "There is no PostgreSQL, which this test needs: apt-get install postgresql installs it, or "+
			urlVariable+" is the URL of a server where it may make databases.")
	case s.err != nil:
		t.Fatalf("PostgreSQL does not start: %v", s.err)
	}
	return s.server
}

// durable reports whether what is asked for by Shared has to flush to the disk. A test need not.
func durable(t testing.TB) bool {
	_, test := t.(*testing.T)
	return !test
}

// Main runs the tests of a program, for its TestMain, and stops the servers that they shared. It returns
// the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	for _, s := range []*Server{shared.tests.server, shared.benchmarks.server} {
		if s == nil || s.process == nil {
			continue
		}
		if err := s.process.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "PostgreSQL does not stop:", err)
			code = max(code, 1)
		}
	}
	return code
}

func startShared(durable bool) (*Server, error) {
	if given := os.Getenv(urlVariable); given != "" {
		return existing(given)
	}
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	s, err := start(programs, durable)
	if err == nil {
		s.process.shared = true
	}
	return s, err
}

// existing returns a server that others have started. Its databases are dropped after use, as the server
// stays.
func existing(given string) (*Server, error) {
	address, err := url.Parse(given)
	if err != nil || address.Scheme != "postgres" && address.Scheme != "postgresql" {
		return nil, errors.New(urlVariable + " is not the URL of a PostgreSQL server") // which may hold a password
	}
	return &Server{address: address, drop: true}, nil
}

// lacks skips a test for want of what Go does not bring. CI skips nothing.
func lacks(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
