package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

func TestConnectionSettings(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newPath(t))
	for name, pool := range map[string]*sql.DB{"writer": store.writer, "reader": store.reader} {
		size := pool.Stats().MaxOpenConnections
		if name == "reader" && size < minReaders {
			t.Errorf("%d connections read, want at least %d", size, minReaders)
		}
		for range size { // open until the end of the test, so that each one is new
			conn, err := pool.Conn(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			for pragma, want := range map[string]string{
				"journal_mode": "wal",
				"synchronous":  "2", // FULL
				"busy_timeout": "5000",
				"foreign_keys": "1",
				"fullfsync":    "1",
				"query_only":   map[string]string{"writer": "0", "reader": "1"}[name],
			} {
				var got string
				if err := conn.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s = %q, %v; want %q", name, pragma, got, err, want)
				}
			}
		}
	}
}

func TestReplacedWriterHasItsSettings(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newPath(t))
	store.writer.SetMaxIdleConns(0) // closes the open connection
	var synchronous int
	if err := store.writer.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&synchronous); err != nil || synchronous != 2 {
		t.Errorf("synchronous = %d, %v; want 2 (FULL)", synchronous, err)
	}
}

func TestPathsWithSpecialCharacters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"with space.db", "what?.db", "a#b.db", "100%.db", "%41.db", "a&b=c.db", "a+b.db", "sø.db", "'quote\".db",
		"semi;colon.db", "back\\slash.db", "file:x.db", ":memory:", "x?mode=memory", "x?_synchronous=OFF", "-wal",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			path := filepath.Join(directory, name)
			store := mustOpen(t, path)
			mustFill(t, store, "t1")
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(directory)
			if err != nil || len(entries) != 1 || entries[0].Name() != name {
				t.Errorf("the directory contains %v, %v; want only %q", entries, err, name)
			}
			if got := slices.Collect(maps.Keys(tokensOf(t, mustOpen(t, path)))); !slices.Equal(got, []string{"t1"}) {
				t.Errorf("after a second Open the purchases are %v", got)
			}
		})
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	relative := mustOpen(t, "relative.db")
	mustFill(t, relative, "t1")
	mustFill(t, mustOpen(t, "./"+Memory), "t1") // a file with that name
	for _, name := range []string{"relative.db", Memory} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	t.Chdir(t.TempDir())
	relative.reader.SetMaxIdleConns(0) // closes the open connections
	if got, err := relative.Purchase(t.Context(), "t1"); err != nil {
		t.Errorf("from another directory, Purchase = %v, %v", got, err)
	}
}

func TestQueriesUseAnIndex(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newPath(t))
	for name, query := range map[string]struct {
		text      string
		arguments []any
		want      string
	}{
		"purchase": {schema.PurchaseByToken, []any{"t"},
			"SEARCH purchases USING INDEX sqlite_autoindex_purchases_1 (token=?)"},
		"oldest": {schema.Oldest, []any{0, "", 1},
			"SEARCH purchases USING PRIMARY KEY ((created_at,token)>(?,?))"},
		"oldest of account": {schema.AccountOldest, []any{0, "", 1, "a"},
			"SEARCH purchases USING INDEX purchases_by_account (account_id=? AND (created_at,token)>(?,?))"},
		"newest": {schema.Newest, []any{0, "", 1},
			"SEARCH purchases USING PRIMARY KEY ((created_at,token)<(?,?))"},
		"newest of account": {schema.AccountNewest, []any{0, "", 1, "a"},
			"SEARCH purchases USING INDEX purchases_by_account (account_id=? AND (created_at,token)<(?,?))"},
		"settle": {settlePurchase, []any{"t", "paid", 1},
			"SEARCH purchases USING INDEX sqlite_autoindex_purchases_1 (token=?)"},
		"balances": {schema.BalancesByPage, []any{"", 1},
			"SEARCH accounts USING PRIMARY KEY (id>?)"},
	} {
		var id, parent, unused int
		var plan string
		rows := store.writer.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+query.text, query.arguments...)
		if err := rows.Scan(&id, &parent, &unused, &plan); err != nil || plan != query.want {
			t.Errorf("%s: the plan is %q, %v; want %q", name, plan, err, query.want)
		}
	}
}
