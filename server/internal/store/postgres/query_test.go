package postgres

import (
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

func TestQueriesUseAnIndex(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newDatabase(t))
	conn := connect(t, store.pool.Config().ConnString())
	// With few rows the server reads all of a table: how it does so with many is what matters.
	for _, statement := range []string{
		"SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_sort = off",
		`INSERT INTO accounts (id, name, currency, active, active_plan) SELECT 'a' || i, 'n', 'USD', true, true FROM generate_series(1, 100) i`,
		`INSERT INTO keys SELECT 'k' || i, sha256('x'), 'a' || (i % 100 + 1) FROM generate_series(1, 1000) i`,
		`INSERT INTO purchases SELECT 't' || i, 'a' || (i % 100 + 1), 1, 'USD', 'pending', timestamptz '2026-11-01 13:00:00Z' - i * interval '1 second', NULL
			FROM generate_series(1, 7200) i`,
		"ANALYZE",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for name, query := range map[string]struct {
		text      string
		arguments []any
		want      []string
	}{
		"purchase":          {schema.PurchaseByToken, []any{"t"}, []string{"Index Scan using purchases_pkey", "Index Cond: (token ="}},
		"ledger":            {schema.Oldest, []any{noon, "", 1}, []string{"Index Scan using purchases_by_time", "Index Cond: (ROW(created_at, token) >"}},
		"newest":            {schema.Newest, []any{noon, "", 1}, []string{"Index Scan Backward using purchases_by_time", "Index Cond: (ROW(created_at, token) <"}},
		"account":           {schema.AccountOldest, []any{noon, "", 100, "a1"}, []string{"Index Scan using purchases_by_account", "Index Cond: ((account_id =", "ROW(created_at, token) >"}},
		"newest of account": {schema.AccountNewest, []any{noon, "", 100, "a1"}, []string{"Index Scan Backward using purchases_by_account", "Index Cond: ((account_id ="}},
		"settle":            {settlePurchase, []any{"t", "paid", noon}, []string{"Index Scan using purchases_pkey", "Index Scan using accounts_pkey"}},
		"balances":          {schema.BalancesByPage, []any{"", 1}, []string{"Index Scan using accounts_pkey", "Index Cond: (id >"}},
		"balance":           {schema.BalanceByID, []any{"a1"}, []string{"Index Scan using accounts_pkey"}},
		"key":               {schema.KeyByID, []any{"k"}, []string{"Index Scan using keys_pkey", "Index Scan using accounts_pkey"}},
		"keys":              {schema.KeysOfAccount, []any{"a1"}, []string{"Index Scan using keys_by_account", "Index Cond: (account_id ="}},
	} {
		rows, err := conn.Query(t.Context(), "EXPLAIN "+query.text, query.arguments...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var lines []string
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Error(err)
			}
			lines = append(lines, line)
		}
		rows.Close()
		plan := strings.Join(lines, "\n")
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range query.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%s: the plan has no %q:\n%s", name, want, plan)
			}
		}
		if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
			t.Errorf("%s: all rows are read or sorted:\n%s", name, plan)
		}
	}
}
