package postgrestest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// childVariable makes this test binary start a server, print its directory and wait to be killed.
const childVariable = "POSTGRESTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	s, err := sharedServer()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.cluster.directory)
	time.Sleep(time.Hour)
}

// existing returns the shared server in the way in which Shared returns the server of TEST_DATABASE_URL.
func existing(t *testing.T) *Server {
	t.Helper()
	s, err := existingServer(Shared(t).url.String())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachDatabaseIsNew(t *testing.T) {
	t.Parallel()
	if first, second := Shared(t), Shared(t); first != second {
		t.Error("Shared started two servers")
	}
	server := existing(t)
	var database string
	t.Run("use", func(t *testing.T) {
		for range 2 {
			database = server.NewDatabase(t)
			if _, err := connect(t, database).Exec(t.Context(), "CREATE TABLE mine (x int)"); err != nil {
				t.Error(err)
			}
		}
	})
	if conn, err := pgx.Connect(t.Context(), database); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database on an existing server is not dropped after the test")
	}
}

func TestURLsWithoutPostgreSQLAreRefused(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"postgres://u:secret@h:x/", "host=h password=secret", "mysql://u:secret@h/"} {
		if _, err := existingServer(wrong); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("existingServer(%q) = %v, want an error without the password", wrong, err)
		}
	}
}

// TestOwnServer covers one server from start to end, because a start takes seconds.
func TestOwnServer(t *testing.T) {
	t.Parallel()
	var directory string
	t.Run("server", func(t *testing.T) {
		server := Start(t)
		directory = server.cluster.directory
		database := server.NewDatabase(t)
		wantSettings(t, database)
		wrong := *server.url
		wrong.User = url.UserPassword(superuser, "wrong")
		if conn, err := pgx.Connect(t.Context(), wrong.String()); err == nil {
			_ = conn.Close(t.Context())
			t.Error("the server accepts a wrong password")
		}
		for name, end := range map[string]func(testing.TB){"killed": server.Kill, "stopped": func(testing.TB) {}} {
			conn := connect(t, database)
			end(t)
			if name == "killed" {
				if conn, err := pgx.Connect(t.Context(), database); err == nil {
					_ = conn.Close(t.Context())
					t.Error("a killed server accepts connections")
				}
			}
			server.Restart(t)
			if err := conn.Ping(t.Context()); err == nil {
				t.Errorf("%s: a connection outlives the server", name)
			}
			wantSettings(t, database)
		}
		wantPause(t, server, connect(t, database))
		server.Pause(t) // and stop it while it is paused
	})
	wantRemoved(t, directory)
}

// wantPause checks that a paused server does not respond until it is resumed.
func wantPause(t *testing.T, server *Server, conn *pgx.Conn) {
	t.Helper()
	server.Pause(t)
	pinged := make(chan error, 1)
	go func() { pinged <- conn.Ping(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, server.url.String()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Connect to a paused server = %v, want context.DeadlineExceeded", err)
	}
	select {
	case err := <-pinged:
		t.Errorf("a paused server responds: %v", err)
	default:
	}
	server.Resume(t)
	if err := <-pinged; err != nil {
		t.Errorf("Ping of a resumed server = %v", err)
	}
}

// wantSettings checks that commits are durable.
func wantSettings(t *testing.T, database string) {
	t.Helper()
	conn := connect(t, database)
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"listen_addresses": "127.0.0.1", "max_connections": "200", "server_encoding": "UTF8",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
		}
	}
}

func TestServerEndsWithItsKilledProcess(t *testing.T) {
	t.Parallel()
	Shared(t) // skips the test without PostgreSQL
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVariable+"=1", urlVariable+"=")
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	lines.Scan()
	directory := lines.Text()
	if _, err := os.Stat(directory); err != nil {
		t.Errorf("the server of a process has no directory: %v", err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	for deadline := time.Now().Add(administrationTimeout); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(directory); os.IsNotExist(err) {
			break
		}
	}
	wantRemoved(t, directory)
}

// wantRemoved checks that nothing is left of a server. The directory is removed after the server has stopped.
func wantRemoved(t *testing.T, directory string) {
	t.Helper()
	if _, err := os.Stat(directory); directory != "" && !os.IsNotExist(err) {
		t.Errorf("the directory %s of a stopped server still exists: %v", directory, err)
	}
}

func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
