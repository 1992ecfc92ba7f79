package sqlite

import (
	"context"
	"crypto/rand"
	"testing"
)

func BenchmarkCreatePurchase(b *testing.B) {
	for name, path := range map[string]string{"file": newPath(b), "memory": Memory} {
		b.Run(name, func(b *testing.B) {
			store := mustOpen(b, path)
			mustFill(b, store)
			b.ReportAllocs()
			for b.Loop() {
				if err := store.CreatePurchase(context.Background(), purchase(rand.Text())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPurchase reads with and without a concurrent writer.
func BenchmarkPurchase(b *testing.B) {
	store := mustOpen(b, newPath(b))
	mustFill(b, store, "t1")
	read := func(b *testing.B) {
		for b.Loop() {
			if _, err := store.Purchase(context.Background(), "t1"); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("alone", read)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var err error
		for err == nil {
			err = store.CreatePurchase(ctx, purchase(rand.Text()))
		}
	}()
	b.Run("with a writer", read)
	cancel()
	<-done
}
