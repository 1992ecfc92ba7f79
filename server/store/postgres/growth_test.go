package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/billing"
	"github.com/turbosmtp-go/billing/server/store/postgrestest"
)

// BenchmarkGrowth compares a database that holds nothing with one of a million purchases: how long the
// next purchase takes, how long one is looked up, and how long opening takes.
func BenchmarkGrowth(b *testing.B) {
	for _, stored := range []int{0, 1_000_000} {
		database := postgrestest.Shared(b).NewDatabase(b)
		store, err := Open(b.Context(), database)
		if err != nil {
			b.Fatal(err)
		}
		account := billing.Account{ID: "acme", Name: "Acme", Currency: "USD", Active: true, ActivePlan: true}
		if err := store.PutAccount(b.Context(), account); err != nil {
			b.Fatal(err)
		}
		// Tokens begin with their time, as those of billing do.
		for _, statement := range []string{
			fmt.Sprintf(`INSERT INTO purchases SELECT lpad(to_hex(i), 8, '0') || md5(random()::text), 'acme', 320, 'USD', 'pending',
				timestamptz '2023-11-14 22:13:20Z' + i * interval '1 millisecond', NULL FROM generate_series(1, %d) i`, stored),
			"CHECKPOINT", "VACUUM ANALYZE purchases",
		} {
			if _, err := store.pool.Exec(b.Context(), statement); err != nil {
				b.Fatal(err)
			}
		}
		next := func() billing.Purchase {
			return billing.Purchase{
				Token: fmt.Sprintf("%016x", time.Now().UnixNano()) + strings.ToLower(rand.Text()), AccountID: "acme", Amount: 320,
				Currency: "USD", Status: billing.StatusPending, CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
			}
		}
		one := next()
		if err := store.CreatePurchase(b.Context(), one); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d/next", stored), func(b *testing.B) {
			for b.Loop() {
				if err := store.CreatePurchase(context.Background(), next()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d/find", stored), func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Purchase(context.Background(), one.Token); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d/open", stored), func(b *testing.B) {
			for b.Loop() {
				store, err := Open(context.Background(), database)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				_ = store.Close()
				b.StartTimer()
			}
		})
	}
}
