package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

func TestOnlyTheOwnerCanReadTheFiles(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	mustFill(t, mustOpen(t, path), "t1")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %o, want 600", info.Name(), info.Mode().Perm())
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 3 {
		t.Errorf("the directory contains %v, %v; want the three files of the database", entries, err)
	}
}

func TestAnExistingFileKeepsItsMode(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	mustFill(t, mustOpen(t, path), "t1")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v; want 640", info.Mode(), err)
	}
}

func TestOpenRefusesUnusableFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path func(t *testing.T) string
		want error // nil for any error
		text string
	}{
		"no path":       {func(*testing.T) string { return "" }, nil, "the path is empty"},
		"a NUL":         {func(*testing.T) string { return "a\x00b" }, nil, "contains a NUL"},
		"a directory":   {func(t *testing.T) string { return t.TempDir() }, nil, "it is a directory"},
		"no directory":  {func(t *testing.T) string { return filepath.Join(t.TempDir(), "no", "x.db") }, fs.ErrNotExist, "its directory cannot be used"},
		"below a file":  {func(t *testing.T) string { return filepath.Join(written(t, "x", 0o600), "x.db") }, nil, "not a directory"},
		"a text file":   {func(t *testing.T) string { return written(t, strings.Repeat("no database\n", 100), 0o600) }, ErrNotDatabase, "not an SQLite database"},
		"a short file":  {func(t *testing.T) string { return written(t, "x", 0o600) }, ErrNotDatabase, "not an SQLite database"},
		"read-only":     {func(t *testing.T) string { return written(t, "", 0o400) }, ErrReadOnly, "cannot be written to"},
		"foreign":       {foreign, schema.ErrForeignDatabase, "another program"},
		"newer":         {newer, schema.ErrNewerDatabase, "the database has version 99, this program supports up to"},
		"a broken link": {brokenLink, nil, "open"},
		"truncated":     {truncated, nil, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := test.path(t)
			before, _ := os.ReadFile(path)
			store, err := Open(context.Background(), path)
			if err == nil {
				_ = store.Close()
				t.Fatal("Open = nil, want an error")
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("Open = %v, want %v", err, test.want)
			}
			if !strings.Contains(err.Error(), test.text) || !strings.HasPrefix(err.Error(), "sqlite: open ") {
				t.Errorf("Open = %q, want it to contain %q", err, test.text)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("Open changed the refused file")
			}
		})
	}
}

func TestOpenFailsAfterTheEndOfItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, path := range []string{Memory, newPath(t)} {
		if _, err := Open(ctx, path); !errors.Is(err, context.Canceled) {
			t.Errorf("Open(%s) = %v, want context.Canceled", path, err)
		}
	}
}

// written creates a file with a text.
func written(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "written.db")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// foreign creates a database of another program.
func foreign(t *testing.T) string { return edited(t, newPath(t), "CREATE TABLE theirs (x)") }

// newer creates a database of a later version of this program.
func newer(t *testing.T) string {
	path := newPath(t)
	if err := mustOpen(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	return edited(t, path, "INSERT INTO schema_version (version_id, is_applied) VALUES (99, 1)")
}

// truncated returns a database without its end.
func truncated(t *testing.T) string {
	path := newPath(t)
	if err := mustOpen(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	return path
}

func brokenLink(t *testing.T) string {
	path := newPath(t)
	if err := os.Symlink(filepath.Join(t.TempDir(), "no", "where"), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func edited(t *testing.T, path, statement string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
