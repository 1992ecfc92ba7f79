package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var lifecycleTests = []test{
	{"an open store answers a ping", testPing},
	{"an ended context ends every method", testCancelled},
	{"contexts that end in the midst do no harm", testCancelledMeanwhile},
	{"a closed store says that it is closed", testClosed},
	{"a store can be closed twice and while it is used", testCloseInUse},
}

// methods calls every method of a store but Close.
func methods(ctx context.Context, store billing.Store) map[string]error {
	errs := map[string]error{}
	_, _, errs["Key"] = store.Key(ctx, "api:acme")
	_, errs["Balance"] = store.Balance(ctx, acme.ID)
	errs["PutAccount"] = store.PutAccount(ctx, globex)
	errs["CreateAccount"] = store.CreateAccount(ctx, initech)
	_, errs["UpdateAccount"] = store.UpdateAccount(ctx, acme.ID, billing.AccountChange{})
	_, errs["Keys"] = store.Keys(ctx, acme.ID)
	errs["AddKey"] = store.AddKey(ctx, key("api:more", 1, acme))
	errs["DeleteKey"] = store.DeleteKey(ctx, "api:spare")
	errs["CreatePurchase"] = store.CreatePurchase(ctx, purchase(1, noon))
	_, errs["Purchase"] = store.Purchase(ctx, token(0))
	_, errs["Settle"] = store.Settle(ctx, token(0), billing.StatusPaid, noon)
	_, errs["Balances"] = store.Balances(ctx, "", 1)
	_, errs["Purchases"] = store.Purchases(ctx, billing.Page{Limit: 1})
	_, errs["Purchases of an account"] = store.Purchases(ctx, billing.Page{AccountID: acme.ID, Limit: 1})
	errs["Reset"] = store.Reset(ctx)
	errs["Ping"] = store.Ping(ctx)
	return errs
}

// fill stores what methods asks for.
func fill(t testing.TB, store billing.Store) {
	t.Helper()
	put(t, store, acme, key("api:acme", 1, acme), key("api:spare", 1, acme))
	create(t, store, purchase(0, noon))
}

func testPing(t testing.TB, store billing.Store) {
	fill(t, store)
	for method, err := range methods(context.Background(), store) {
		if err != nil {
			t.Errorf("%s = %v", method, err)
		}
	}
}

func testCancelled(t testing.TB, store billing.Store) {
	fill(t, store)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for method, err := range methods(ctx, store) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context = %v, want context.Canceled", method, err)
		}
	}
	late, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	for method, err := range methods(late, store) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s after its deadline = %v, want context.DeadlineExceeded", method, err)
		}
	}
	if got := list(t, store, billing.Page{Limit: 10}); len(got) != 1 {
		t.Errorf("the store holds %v, want what was there before", got)
	}
}

func testCancelledMeanwhile(t testing.TB, store billing.Store) {
	fill(t, store)
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			for i := range 8 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*100)*time.Microsecond)
				n := 100 + worker*8 + i
				err := store.CreatePurchase(ctx, purchase(n, noon))
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("CreatePurchase = %v, want nil or context.DeadlineExceeded", err)
				}
				if _, found := store.Purchase(context.Background(), token(n)); err == nil && found != nil {
					t.Errorf("a purchase that was stored is gone: %v", found)
				}
				err = store.PutAccount(ctx, acme, key("api:acme", 1, acme))
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("PutAccount = %v, want nil or context.DeadlineExceeded", err)
				}
				cancel()
			}
		})
	}
	group.Wait()
	wantKey(t, store, key("api:acme", 1, acme), acme)
	if got, err := store.Purchase(context.Background(), token(0)); err != nil || got != purchase(0, noon) {
		t.Errorf("what was there before came back as %v, %v", got, err)
	}
	create(t, store, purchase(1, noon))
}

func testClosed(t testing.TB, store billing.Store) {
	fill(t, store)
	if err := store.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	for method, err := range methods(context.Background(), store) {
		if !errors.Is(err, billing.ErrStoreClosed) {
			t.Errorf("%s of a closed store = %v, want ErrStoreClosed", method, err)
		}
	}
}

func testCloseInUse(t testing.TB, store billing.Store) {
	fill(t, store)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				err := store.CreatePurchase(context.Background(), purchase(100+worker*100_000+i, noon))
				if errors.Is(err, billing.ErrStoreClosed) {
					return
				}
				if err != nil {
					t.Errorf("CreatePurchase while the store is closed = %v, want nil or ErrStoreClosed", err)
					return
				}
			}
		})
	}
	for range 2 {
		group.Go(func() {
			if err := store.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		})
	}
	group.Wait()
}
