package sqlite

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// TestPaymentsByManyStores pays one purchase through several stores over one file, as several processes
// that share it do: it counts once.
func TestPaymentsByManyStores(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	stores := []*Store{mustOpen(t, path), mustOpen(t, path), mustOpen(t, path), mustOpen(t, path)}
	account := billing.Account{ID: "acme", Name: "Acme", Currency: "USD", Active: true, ActivePlan: true}
	if err := stores[0].PutAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	purchase := billing.Purchase{Token: "t", AccountID: account.ID, Amount: 320, Currency: "USD", Status: billing.StatusPending, CreatedAt: now}
	if err := stores[1].CreatePurchase(t.Context(), purchase); err != nil {
		t.Fatal(err)
	}
	var paid atomic.Int64
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			got, err := stores[i%len(stores)].Settle(context.Background(), purchase.Token, billing.StatusPaid, now)
			switch {
			case err == nil:
				paid.Add(1)
			case !errors.Is(err, billing.ErrSettled):
				t.Errorf("Settle = %v, want ErrSettled", err)
			}
			if got.Status != billing.StatusPaid {
				t.Errorf("the purchase is %v", got)
			}
		})
	}
	group.Wait()
	for _, store := range stores {
		balances, err := store.Balances(t.Context(), "", 10)
		if err != nil || paid.Load() != 1 || len(balances) != 1 || balances[0].Paid != 320 {
			t.Errorf("%d were told that they paid, and the balances are %v, %v", paid.Load(), balances, err)
		}
	}
}
