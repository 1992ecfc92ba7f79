package sqlite

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkGrowth compares a store that holds nothing with one of a million purchases: how long the next
// purchase takes, how long one is looked up, and how long opening takes.
func BenchmarkGrowth(b *testing.B) {
	for _, stored := range []int{0, 1_000_000} {
		path := newPath(b)
		store := mustOpen(b, path)
		mustFill(b, store, "t1")
		// Tokens begin with their time, as those of billing do.
		_, err := store.writer.ExecContext(b.Context(), `
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO purchases (token, account_id, amount, currency, status, created_at)
			SELECT printf('%08x', i) || lower(hex(randomblob(16))), 'acme', 320, 'USD', 'pending', 1700000000000000 + i * 1000 FROM n WHERE ? > 0`, stored, stored)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d/next", stored), func(b *testing.B) {
			for b.Loop() {
				next := purchase(fmt.Sprintf("%016x", time.Now().UnixNano()) + strings.ToLower(rand.Text()))
				next.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
				if err := store.CreatePurchase(context.Background(), next); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d/find", stored), func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Purchase(context.Background(), "t1"); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d/open", stored), func(b *testing.B) {
			for b.Loop() {
				store, err := Open(context.Background(), path)
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
