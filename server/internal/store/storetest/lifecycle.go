package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var lifecycleTests = []test{
	{"every method of an open store succeeds", testOpen},
	{"every method fails after the end of its context", testEndedContext},
	{"a context that ends during a call does no harm", testContextEndsDuringCall},
	{"every method of a closed store fails", testClosed},
	{"a store can be closed twice and while it is used", testCloseInUse},
}

// wantAll calls every method of a store but Close, and checks their errors. fill stores what the methods need.
func wantAll(ctx context.Context, t testing.TB, store billing.Store, want error) {
	t.Helper()
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
	_, errs["Purchases of an account"] = store.Purchases(ctx, billing.Page{Filter: billing.Filter{AccountID: acme.ID}, Limit: 1})
	errs["Reset"] = store.Reset(ctx)
	errs["Ping"] = store.Ping(ctx)
	for method, err := range errs {
		wantError(t, method, err, want)
	}
}

// fill stores what wantAll uses.
func fill(t testing.TB, store billing.Store) {
	t.Helper()
	put(t, store, acme, key("api:acme", 1, acme), key("api:spare", 1, acme))
	create(t, store, purchase(0, noon))
}

func testOpen(t testing.TB, store billing.Store) {
	fill(t, store)
	wantAll(t.Context(), t, store, nil)
}

func testEndedContext(t testing.TB, store billing.Store) {
	fill(t, store)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	wantAll(cancelled, t, store, context.Canceled)
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	wantAll(late, t, store, context.DeadlineExceeded)
	wantPurchases(t, store, billing.Page{Limit: 10}, []billing.Purchase{purchase(0, noon)})
}

func testContextEndsDuringCall(t testing.TB, store billing.Store) {
	fill(t, store)
	concurrently(16, func(worker int) {
		for i := range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*100)*time.Microsecond)
			p := purchase(100+worker*8+i, noon)
			if err := store.CreatePurchase(ctx, p); err == nil {
				wantPurchase(t, store, p)
			} else {
				wantError(t, "CreatePurchase", err, context.DeadlineExceeded)
			}
			if err := store.PutAccount(ctx, acme, key("api:acme", 1, acme)); err != nil {
				wantError(t, "PutAccount", err, context.DeadlineExceeded)
			}
			cancel()
		}
	})
	wantKey(t, store, key("api:acme", 1, acme), acme)
	wantPurchase(t, store, purchase(0, noon))
	create(t, store, purchase(1, noon))
}

func testClosed(t testing.TB, store billing.Store) {
	fill(t, store)
	wantError(t, "Close", store.Close(), nil)
	wantAll(t.Context(), t, store, billing.ErrStoreClosed)
}

func testCloseInUse(t testing.TB, store billing.Store) {
	const closers, buyers = 2, 8
	fill(t, store)
	concurrently(closers+buyers, func(i int) {
		if i < closers {
			wantError(t, "Close", store.Close(), nil)
			return
		}
		for n := 0; ; n++ {
			err := store.CreatePurchase(t.Context(), purchase(i*100_000+n, noon))
			if errors.Is(err, billing.ErrStoreClosed) {
				return
			}
			if err != nil {
				t.Errorf("CreatePurchase during Close = %v, want nil or ErrStoreClosed", err)
				return
			}
		}
	})
}
