package postgres

import (
	"fmt"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
)

func BenchmarkGrowth(b *testing.B) {
	storetest.Growth(b, func(b *testing.B) (func() billing.Store, func(billing.Store, string, int)) {
		database := postgrestest.Start(b).NewDatabase(b)
		open := func() billing.Store { return mustOpen(b, database) }
		return open, func(store billing.Store, account string, purchases int) {
			for _, statement := range []string{
				fmt.Sprintf(`INSERT INTO purchases SELECT lpad(to_hex(i), 8, '0') || md5(random()::text), '%s', 320, 'USD', 'pending',
					timestamptz '2023-11-14 22:13:20Z' + i * interval '1 millisecond', NULL FROM generate_series(1, %d) i`, account, purchases),
				"CHECKPOINT", "VACUUM ANALYZE purchases",
			} {
				if _, err := store.(*Store).pool.Exec(b.Context(), statement); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
