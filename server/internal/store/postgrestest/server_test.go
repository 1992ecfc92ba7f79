package postgrestest

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestEveryDatabaseIsNew(t *testing.T) {
	t.Parallel()
	server := Shared(t)
	if again := Shared(t); again != server {
		t.Error("a second test has another server")
	}
	for range 2 {
		conn := connect(t, server.NewDatabase(t))
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (x int)"); err != nil {
			t.Error(err)
		}
	}
}

func TestTheServerIsSafe(t *testing.T) {
	t.Parallel()
	server := Start(t)
	conn := connect(t, server.URL("postgres"))
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"listen_addresses": "127.0.0.1", "max_connections": "200", "server_encoding": "UTF8",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
		}
	}
	wrong, err := url.Parse(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword(superuser, "wrong")
	if conn, err := pgx.Connect(t.Context(), wrong.String()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a wrong password lets in")
	}
}

// TestBenchmarksAreSafe: what is timed flushes to the disk, as a server in use does.
func TestBenchmarksAreSafe(t *testing.T) {
	t.Parallel()
	for want, tb := range map[bool]testing.TB{false: t, true: &testing.B{}} {
		if got := durable(tb); got != want {
			t.Errorf("a server for %T flushes: %v, want %v", tb, got, want)
		}
	}
}

func TestAKilledServerStartsAgain(t *testing.T) {
	t.Parallel()
	server := Start(t)
	database := server.NewDatabase(t)
	if _, err := connect(t, database).Exec(t.Context(), "CREATE TABLE kept (x int)"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"killed": server.Kill, "stopped": func(testing.TB) {}} {
		conn := connect(t, database)
		end(t)
		if name == "killed" {
			if conn, err := pgx.Connect(t.Context(), database); err == nil {
				_ = conn.Close(t.Context())
				t.Error("a killed server lets in")
			}
		}
		server.Restart(t)
		if err := conn.Ping(t.Context()); err == nil {
			t.Errorf("%s: a connection outlived the server", name)
		}
		if _, err := connect(t, database).Exec(t.Context(), "INSERT INTO kept VALUES (1)"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPausedServerGoesOn(t *testing.T) {
	t.Parallel()
	server := Start(t)
	conn := connect(t, server.URL("postgres"))
	server.Pause(t)
	answered := make(chan error, 1)
	go func() { answered <- conn.Ping(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if other, err := pgx.Connect(ctx, server.URL("postgres")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused server lets in: %v, %v", other, err)
	}
	select {
	case err := <-answered:
		t.Errorf("a paused server answers: %v", err)
	default:
	}
	server.Resume(t)
	if err := <-answered; err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	var left *process
	t.Run("server", func(t *testing.T) {
		server := Start(t)
		server.NewDatabase(t)
		server.Pause(t)
		left = server.process
	})
	if left == nil {
		return // the part above was skipped
	}
	if _, err := os.Stat(left.folder); !os.IsNotExist(err) || !left.ended() {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestAnExistingServer(t *testing.T) {
	t.Parallel()
	// What is shared stands in for a server that others have started.
	server, err := existing(Shared(t).URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	var database string
	t.Run("user", func(t *testing.T) {
		database = server.NewDatabase(t)
		if err := connect(t, database).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if conn, err := pgx.Connect(t.Context(), database); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database is not dropped")
	}
	for _, wrong := range []string{"postgres://u:secret@h:x/", "host=h password=secret", "mysql://u:secret@h/"} {
		if _, err := existing(wrong); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("existing(%q) = %v", wrong, err)
		}
	}
}

func TestProgramsAreFound(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]int{
		"/usr/lib/postgresql/15/bin": 15, "/usr/lib/postgresql/9.6/bin": 9, "/usr/pgsql-18/bin": 18,
		"/opt/homebrew/opt/postgresql@17/bin": 17, "/opt/homebrew/opt/postgresql/bin": 0,
	} {
		if got := versionOf(folder); got != want {
			t.Errorf("versionOf(%s) = %d, want %d", folder, got, want)
		}
	}
	if _, err := programsIn(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("programsIn an empty folder = %v", err)
	}
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
