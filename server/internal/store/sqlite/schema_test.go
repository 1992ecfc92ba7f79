package sqlite

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

func TestOlderDatabaseIsMigrated(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	store := mustOpen(t, path)
	mustFill(t, store, "t1")
	later := withMigration(t, "ALTER TABLE purchases ADD COLUMN note TEXT NOT NULL DEFAULT 'none' CHECK (note <> '');")
	if current, err := check(context.Background(), store.writer, later); err != nil || current {
		t.Fatalf("check = %v, %v; want an older database", current, err)
	}
	for range 2 { // the second call has no effect
		if err := migrate(context.Background(), store.writer, later); err != nil {
			t.Fatal(err)
		}
	}
	if current, err := check(context.Background(), store.writer, later); err != nil || !current {
		t.Errorf("check = %v, %v; want a current database", current, err)
	}
	var note string
	if err := store.reader.QueryRowContext(t.Context(), "SELECT note FROM purchases WHERE token = 't1'").Scan(&note); err != nil || note != "none" {
		t.Errorf("an old purchase has the note %q, %v", note, err)
	}
}

func TestFailedMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]string{
		"refused by SQLite": "CREATE TABLE half (x INTEGER) STRICT; CREATE TABLE half (x INTEGER) STRICT;",
		"refused by goose":  "-- +goose StatementBegin\nCREATE TABLE half (x INTEGER) STRICT;",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := mustOpen(t, newPath(t))
			if err := migrate(context.Background(), store.writer, withMigration(t, broken)); err == nil {
				t.Fatal("migrate = nil, want an error")
			}
			var tables int
			row := store.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_schema WHERE name = 'half'")
			if err := row.Scan(&tables); err != nil || tables != 0 {
				t.Errorf("a failed migration leaves %d tables, %v", tables, err)
			}
			mustFill(t, store, "t1") // the writer is not in a transaction
		})
	}
}

func TestMigrationRefusesNewerDatabase(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newPath(t))
	if _, err := store.writer.ExecContext(t.Context(), "INSERT INTO schema_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	tables, err := schema.New(migrations)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(context.Background(), store.writer, tables); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("migrate = %v, want schema.ErrNewerDatabase", err)
	}
}

func TestConcurrentOpenOfANewDatabase(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			store, err := Open(t.Context(), path)
			if err == nil {
				err = errors.Join(fill(store), store.Close())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	checkIntegrity(t, mustOpen(t, path))
}

func TestConcurrentOpenByProcesses(t *testing.T) {
	t.Parallel()
	for range 3 {
		path := newPath(t)
		var group sync.WaitGroup
		for range 6 {
			child := startTask(t, taskOpen, path)
			group.Go(func() {
				lines := bufio.NewScanner(child.output)
				if !lines.Scan() || lines.Text() != ready {
					t.Errorf("a process prints %q: %s", lines.Text(), child.errors)
				}
				if err := child.Wait(); err != nil {
					t.Errorf("a process ended with %v: %s", err, child.errors)
				}
			})
		}
		group.Wait()
		store := mustOpen(t, path)
		tables, err := schema.New(migrations)
		if err != nil {
			t.Fatal(err)
		}
		var applied int64
		row := store.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM schema_version WHERE version_id > 0")
		if err := row.Scan(&applied); err != nil || applied != tables.Latest {
			t.Errorf("%d migrations are applied, %v; want each of %d once", applied, err, tables.Latest)
		}
		checkIntegrity(t, store)
	}
}

// withMigration returns the schema of this program with one more migration.
func withMigration(t *testing.T, statements string) *schema.Schema {
	t.Helper()
	files := fstest.MapFS{"migration/00099_more.sql": {Data: []byte("-- +goose Up\n" + statements + "\n")}}
	err := fs.WalkDir(migrations, "migration", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := migrations.ReadFile(path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	later, err := schema.New(files)
	if err != nil {
		t.Fatal(err)
	}
	return later
}

func checkIntegrity(t *testing.T, store *Store) {
	t.Helper()
	var result string
	row := store.reader.QueryRowContext(t.Context(), "PRAGMA integrity_check")
	if err := row.Scan(&result); err != nil || result != "ok" {
		t.Errorf("integrity_check = %q, %v", result, err)
	}
	var orphans int
	row = store.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM pragma_foreign_key_check")
	if err := row.Scan(&orphans); err != nil || orphans != 0 {
		t.Errorf("%d rows violate a foreign key, %v", orphans, err)
	}
}
