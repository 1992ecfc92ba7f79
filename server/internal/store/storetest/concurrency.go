package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var concurrencyTests = []test{
	{"64 at once lose no purchase and store none twice", testManyPurchases},
	{"of many with one token one is stored", testOneToken},
	{"a purchase that breaks a rule harms no other", testBrokenAmongGood},
	{"an account and its key are read as of one moment", testOneMoment},
}

const workers = 64

func testManyPurchases(t testing.TB, store billing.Store) {
	const each = 8
	put(t, store, acme)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range each {
				p := purchase(worker*each+i, noon.Add(time.Duration(i)*time.Microsecond))
				if err := store.CreatePurchase(context.Background(), p); err != nil {
					t.Errorf("CreatePurchase = %v", err)
				}
				if got, err := store.Purchase(context.Background(), p.Token); err != nil || got != p {
					t.Errorf("a purchase is not seen by who stored it: %v, %v; want %v", got, err, p)
				}
			}
		})
	}
	group.Wait()
	seen := map[string]int{}
	for _, p := range list(t, store, billing.Page{Limit: 2 * workers * each}) {
		seen[p.Token]++
	}
	for n := range workers * each {
		if seen[token(n)] != 1 {
			t.Errorf("the purchase %d is there %d times", n, seen[token(n)])
		}
	}
	if len(seen) != workers*each {
		t.Errorf("%d purchases are there, want %d", len(seen), workers*each)
	}
}

func testOneToken(t testing.TB, store billing.Store) {
	put(t, store, acme)
	results := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			p := purchase(0, noon.Add(time.Duration(worker)*time.Second))
			results[worker] = store.CreatePurchase(context.Background(), p)
		})
	}
	group.Wait()
	stored := 0
	for _, err := range results {
		switch {
		case err == nil:
			stored++
		case !errors.Is(err, billing.ErrTokenTaken):
			t.Errorf("CreatePurchase = %v, want ErrTokenTaken", err)
		}
	}
	if got := list(t, store, billing.Page{Limit: workers}); stored != 1 || len(got) != 1 {
		t.Errorf("%d were told that theirs is stored, and %d are; want 1 and 1", stored, len(got))
	}
}

func testBrokenAmongGood(t testing.TB, store billing.Store) {
	put(t, store, acme)
	create(t, store, purchase(0, noon))
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range 4 {
				p, want := purchase(1+worker*4+i, noon), error(nil)
				switch i {
				case 1:
					p.Token, want = token(0), billing.ErrTokenTaken
				case 3:
					p.AccountID, want = globex.ID, billing.ErrUnknownAccount
				}
				if err := store.CreatePurchase(context.Background(), p); !errors.Is(err, want) {
					t.Errorf("CreatePurchase = %v, want %v", err, want)
				}
			}
		})
	}
	group.Wait()
	if got := list(t, store, billing.Page{Limit: 4 * workers}); len(got) != 1+2*workers {
		t.Errorf("%d purchases are there, want %d", len(got), 1+2*workers)
	}
}

func testOneMoment(t testing.TB, store billing.Store) {
	// The key's secret and the account's plan change together, so that they are always read together.
	const changes = 50
	with, without := acme, acme
	without.ActivePlan = false
	put(t, store, with, key("api:acme", 1, acme))
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				k, account, err := store.Key(context.Background(), "api:acme")
				if err != nil {
					t.Errorf("Key = %v", err)
					return
				}
				if first := k == key("api:acme", 1, acme); first != account.ActivePlan {
					t.Errorf("Key returned %s with the plan %v", describe(k), account.ActivePlan)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range changes {
		if i%2 == 0 {
			put(t, store, without, key("api:acme", 2, acme))
		} else {
			put(t, store, with, key("api:acme", 1, acme))
		}
	}
	close(done)
	group.Wait()
}
