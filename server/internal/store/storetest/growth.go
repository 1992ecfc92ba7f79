package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Growth compares a store that holds nothing with one of a million purchases, or as many as the numbers in
// the environment variable STORED say: how long the next purchase takes, how long one is looked up, and
// how long opening takes. Each call of prepare makes an empty
// database and returns how to open it, and how to put many purchases of an account into it at once, in
// the order of their times and with tokens that begin with those, as billing's do.
func Growth(b *testing.B, prepare func(b *testing.B) (open func() billing.Store, grow func(store billing.Store, account string, purchases int))) {
	b.Helper()
	for _, stored := range sizes(b) {
		open, grow := prepare(b)
		store := open()
		put(b, store, acme)
		grow(store, acme.ID, stored)
		next := func() billing.Purchase {
			now := time.Now().UTC().Truncate(time.Microsecond)
			return billing.Purchase{
				Token: fmt.Sprintf("%016x", now.UnixNano()) + strings.ToLower(rand.Text()), AccountID: acme.ID,
				Amount: 320, Currency: "USD", Status: billing.StatusPending, CreatedAt: now,
			}
		}
		known := next()
		create(b, store, known)
		b.Run(fmt.Sprintf("n=%d/of=next", stored), func(b *testing.B) {
			for b.Loop() {
				create(b, store, next())
			}
		})
		b.Run(fmt.Sprintf("n=%d/of=find", stored), func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Purchase(context.Background(), known.Token); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("n=%d/of=open", stored), func(b *testing.B) {
			for b.Loop() {
				store := open()
				b.StopTimer()
				_ = store.Close()
				b.StartTimer()
			}
		})
	}
}

func sizes(b *testing.B) []int {
	b.Helper()
	asked := os.Getenv("STORED")
	if asked == "" {
		return []int{0, 1_000_000}
	}
	var sizes []int
	for _, word := range strings.Fields(asked) {
		n, err := strconv.Atoi(word)
		if err != nil {
			b.Fatalf("STORED is %q: %v", asked, err)
		}
		sizes = append(sizes, n)
	}
	return sizes
}
