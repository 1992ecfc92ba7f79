package sqlite

import (
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
)

func BenchmarkGrowth(b *testing.B) {
	storetest.Growth(b, func(b *testing.B) (func() billing.Store, func(billing.Store, string, int)) {
		path := newPath(b)
		open := func() billing.Store { return mustOpen(b, path) }
		return open, func(store billing.Store, account string, purchases int) {
			_, err := store.(*Store).writer.ExecContext(b.Context(), `
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO purchases (token, account_id, amount, currency, status, created_at)
				SELECT printf('%08x', i) || lower(hex(randomblob(16))), ?, 320, 'USD', 'pending', 1700000000000000 + i * 1000
				FROM n WHERE ? > 0`, purchases, account, purchases)
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
