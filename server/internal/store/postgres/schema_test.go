package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// openVariable makes this test binary open the database at a URL instead of running its tests.
const openVariable = "POSTGRES_TEST_OPEN"

// runOpen opens and closes a database, and returns the exit code.
func runOpen(address string) int {
	store, err := Open(context.Background(), address)
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestConcurrentOpenOfANewDatabase(t *testing.T) {
	t.Parallel()
	for range 3 {
		database := newDatabase(t)
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				store, err := Open(context.Background(), database)
				if err != nil {
					t.Errorf("Open = %v", err)
					return
				}
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		wantOneMigration(t, database)
	}
}

func TestConcurrentOpenByProcesses(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	var group sync.WaitGroup
	for range 10 {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), openVariable+"="+database)
		var output bytes.Buffer
		command.Stdout, command.Stderr = &output, &output
		group.Go(func() {
			if err := command.Run(); err != nil {
				t.Errorf("a process ended with %v: %s", err, output.String())
			}
		})
	}
	group.Wait()
	wantOneMigration(t, database)
}

func wantOneMigration(t *testing.T, database string) {
	t.Helper()
	tables, err := schema.New(migrations)
	if err != nil {
		t.Fatal(err)
	}
	var applied int64
	row := connect(t, database).QueryRow(t.Context(), "SELECT count(*) FROM schema_version WHERE version_id > 0")
	if err := row.Scan(&applied); err != nil || applied != tables.Latest {
		t.Errorf("%d migrations are applied, %v; want each of %d once", applied, err, tables.Latest)
	}
}

func TestOpenRefusesForeignDatabases(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statements string
		want       error
		text       string
	}{
		"foreign table":         {"CREATE TABLE accounts (x int)", schema.ErrForeignDatabase, "another program"},
		"foreign view":          {"CREATE VIEW keys AS SELECT 1", schema.ErrForeignDatabase, "another program"},
		"foreign version table": {"CREATE TABLE schema_version (installed_rank int)", schema.ErrForeignDatabase, "another program"},
		"empty version table":   {"CREATE TABLE schema_version (version_id bigint); CREATE TABLE purchases (x int)", schema.ErrForeignDatabase, "another program"},
		"newer": {`CREATE TABLE schema_version (id int, version_id bigint, is_applied boolean); INSERT INTO schema_version VALUES (1, 99, true);
			CREATE TABLE accounts (x int)`, schema.ErrNewerDatabase, "the database has version 99, this program supports up to"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := newDatabase(t)
			conn := connect(t, database)
			if _, err := conn.Exec(t.Context(), test.statements); err != nil {
				t.Fatal(err)
			}
			tables := func() (n int) {
				if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_class").Scan(&n); err != nil {
					t.Error(err)
				}
				return n
			}
			before := tables()
			store, err := Open(t.Context(), database)
			if err == nil {
				_ = store.Close()
				t.Fatal("Open = nil, want an error")
			}
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || !strings.HasPrefix(err.Error(), "postgres: open postgres://") {
				t.Errorf("Open = %v, want %v", err, test.want)
			}
			if after := tables(); after != before {
				t.Errorf("Open changed the number of tables and indexes from %d to %d", before, after)
			}
		})
	}
}

func TestOtherTablesAreIgnored(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	if _, err := connect(t, database).Exec(t.Context(), "CREATE TABLE theirs (x int); CREATE SCHEMA other; CREATE TABLE other.accounts (x int)"); err != nil {
		t.Fatal(err)
	}
	mustFill(t, mustOpen(t, database), "t1")
}

func TestOlderDatabaseIsMigrated(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newDatabase(t))
	mustFill(t, store, "t1")
	later := withMigration(t, "ALTER TABLE purchases ADD COLUMN note text NOT NULL DEFAULT 'none';")
	for want := range 2 { // the second call has no effect
		if current, err := check(t.Context(), store.pool, later); err != nil || current != (want == 1) {
			t.Fatalf("check = %v, %v", current, err)
		}
		if err := migrate(t.Context(), store.pool, later); err != nil {
			t.Fatal(err)
		}
	}
	var note string
	if err := store.pool.QueryRow(t.Context(), "SELECT note FROM purchases WHERE token = 't1'").Scan(&note); err != nil || note != "none" {
		t.Errorf("an old purchase has the note %q, %v", note, err)
	}
	if got, err := store.Purchase(t.Context(), "t1"); err != nil || got != purchase("t1") {
		t.Errorf("an older program reads the purchase as %v, %v", got, err)
	}
}

func TestFailedMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newDatabase(t))
	if err := migrate(t.Context(), store.pool, withMigration(t, "CREATE TABLE half (x int); CREATE TABLE half (x int);")); err == nil {
		t.Fatal("migrate = nil, want an error")
	}
	var tables int
	row := store.pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relname = 'half'")
	if err := row.Scan(&tables); err != nil || tables != 0 {
		t.Errorf("a failed migration leaves %d tables, %v", tables, err)
	}
	mustFill(t, store, "t1")
}

// withMigration returns the schema of this program with one more migration.
func withMigration(t *testing.T, statements string) *schema.Schema {
	t.Helper()
	files := fstest.MapFS{"migration/00099_more.sql": {Data: []byte("-- +goose Up\n" + statements + "\n")}}
	names, err := fs.Glob(migrations, "migration/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	later, err := schema.New(files)
	if err != nil {
		t.Fatal(err)
	}
	return later
}
