package storetest

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Growth measures stores of different sizes: how long the next purchase, a look-up and opening take. The environment
// variable STORED lists the sizes; the default is 0 and 1,000,000 purchases.
//
// Each call of prepare creates an empty database. It returns how to open the database, and how to insert many
// purchases of an account, ordered by time and with tokens that begin with their time, like those of package billing.
func Growth(b *testing.B, prepare func(b *testing.B) (open func() billing.Store, grow func(store billing.Store, account string, purchases int))) {
	b.Helper()
	sizes := os.Getenv("STORED")
	if sizes == "" {
		sizes = "0 1000000"
	}
	for _, size := range strings.Fields(sizes) {
		stored, err := strconv.Atoi(size)
		if err != nil {
			b.Fatalf("STORED contains %q, which is not a number", size)
		}
		open, grow := prepare(b)
		store := open()
		put(b, store, acme)
		grow(store, acme.ID, stored)
		known := nextPurchase()
		create(b, store, known)
		b.Run(fmt.Sprintf("n=%d/of=next", stored), func(b *testing.B) {
			for b.Loop() {
				create(b, store, nextPurchase())
			}
		})
		b.Run(fmt.Sprintf("n=%d/of=find", stored), func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Purchase(b.Context(), known.Token); err != nil {
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

// nextPurchase returns a purchase of this moment.
func nextPurchase() billing.Purchase {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return billing.Purchase{
		Token: fmt.Sprintf("%016x", now.UnixNano()) + strings.ToLower(rand.Text()), AccountID: acme.ID,
		Amount: 320, Currency: "USD", Status: billing.StatusPending, CreatedAt: now,
	}
}
