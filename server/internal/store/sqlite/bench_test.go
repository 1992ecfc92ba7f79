package sqlite

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
)

func BenchmarkOpen(b *testing.B) {
	path := newPath(b)
	if err := mustOpen(b, path).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		store, err := Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = store.Close()
		b.StartTimer()
	}
}

func BenchmarkOpenNew(b *testing.B) {
	path := newPath(b)
	for b.Loop() {
		store, err := Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = store.Close()
		_ = os.Remove(path)
		b.StartTimer()
	}
}

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

// BenchmarkPurchase reads while another connection writes, and while none does.
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
	b.Run("beside a writer", read)
	cancel()
	<-done
}
