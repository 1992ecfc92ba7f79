package storetest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var purchaseTests = []test{
	{"a purchase is stored with microseconds", testPurchase},
	{"an unknown purchase is not found", testUnknownPurchase},
	{"a token is used once", testTokenTaken},
	{"a purchase needs an account", testPurchaseOfUnknownAccount},
	{"invalid purchases are refused", testInvalidPurchase},
	{"purchases are listed in pages, in both orders, and by account", testPages},
	{"concurrent purchases are all stored once", testConcurrentPurchases},
	{"of concurrent purchases with one token one is stored", testTokenRace},
	{"a refused purchase does not affect concurrent ones", testRefusedAmongStored},
}

// workers is the number of goroutines in tests of concurrent purchases.
const workers = 64

// noon is the time of most purchases.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func testPurchase(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	for _, want := range []billing.Purchase{
		purchase(0, noon),
		purchase(1, noon.Add(time.Microsecond)),
		purchase(2, noon.Add(999_999*time.Microsecond)),
		purchase(3, time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)),
		purchase(4, time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)),
		{Token: token(5), AccountID: globex.ID, Amount: math.MaxInt64, Currency: "EUR", Status: billing.StatusPaid, CreatedAt: noon, SettledAt: noon.Add(time.Microsecond)},
	} {
		create(t, store, want)
		wantPurchase(t, store, want)
	}
	create(t, store, purchase(6, noon.In(time.FixedZone("UTC+5", 5*60*60))))
	wantPurchase(t, store, purchase(6, noon)) // in UTC
}

func testUnknownPurchase(t testing.TB, store billing.Store) {
	put(t, store, acme)
	create(t, store, purchase(0, noon))
	for _, unknown := range []string{"", token(1), strings.ToUpper(token(0)), token(0)[1:], token(0) + " ", "%"} {
		wantNoPurchase(t, store, unknown)
	}
}

func testTokenTaken(t testing.TB, store billing.Store) {
	put(t, store, acme)
	first := purchase(0, noon)
	create(t, store, first)
	second := first
	for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
		second.Amount, second.CreatedAt = 99, at
		wantError(t, "CreatePurchase with a taken token", store.CreatePurchase(t.Context(), second), billing.ErrTokenTaken)
	}
	wantPurchases(t, store, billing.Page{Limit: 10}, []billing.Purchase{first})
}

func testPurchaseOfUnknownAccount(t testing.TB, store billing.Store) {
	put(t, store, globex)
	p := purchase(0, noon)
	wantError(t, "CreatePurchase for an unknown account", store.CreatePurchase(t.Context(), p), billing.ErrUnknownAccount)
	wantNoPurchase(t, store, p.Token)
}

func testInvalidPurchase(t testing.TB, store billing.Store) {
	put(t, store, acme)
	for name, change := range map[string]func(*billing.Purchase){
		"no token":             func(p *billing.Purchase) { p.Token = "" },
		"no amount":            func(p *billing.Purchase) { p.Amount = 0 },
		"a negative amount":    func(p *billing.Purchase) { p.Amount = -1 },
		"no currency":          func(p *billing.Purchase) { p.Currency = "" },
		"a malformed currency": func(p *billing.Purchase) { p.Currency = "usd" },
		"no status":            func(p *billing.Purchase) { p.Status = "" },
	} {
		p := purchase(0, noon)
		change(&p)
		if err := store.CreatePurchase(t.Context(), p); err == nil {
			t.Errorf("CreatePurchase accepts a purchase with %s", name)
		}
	}
}

func testPages(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	wantPurchases(t, store, billing.Page{Limit: 10}, nil)
	const count = 12
	want := map[string][]billing.Purchase{}
	for i := range count {
		n := (i + 5) % count                                                    // stored in another order than listed
		p := purchase(n, noon.Add(time.Duration(count/2-n/4)*time.Microsecond)) // a later token has an earlier time
		if n%3 == 0 {
			p.AccountID = globex.ID
		}
		create(t, store, p)
		want[""] = append(want[""], p)
		want[p.AccountID] = append(want[p.AccountID], p)
	}
	for _, account := range []string{"", acme.ID, globex.ID, "unknown"} {
		expected := want[account]
		slices.SortFunc(expected, func(a, b billing.Purchase) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.Token, b.Token))
		})
		for _, newest := range []bool{false, true} {
			if newest {
				slices.Reverse(expected)
			}
			for limit := 1; limit <= count+1; limit++ {
				wantPurchases(t, store, billing.Page{Filter: billing.Filter{AccountID: account, Newest: newest}, Limit: limit}, expected)
			}
		}
	}
	for _, limit := range []int{0, -1} {
		if got, err := store.Purchases(t.Context(), billing.Page{Limit: limit}); err == nil {
			t.Errorf("a page of %d = %v, want an error", limit, got)
		}
	}
}

func testConcurrentPurchases(t testing.TB, store billing.Store) {
	const each = 8
	put(t, store, acme)
	var want []billing.Purchase
	for n := range workers * each {
		want = append(want, purchase(n, noon.Add(time.Duration(n)*time.Microsecond)))
	}
	concurrently(workers, func(worker int) {
		for _, p := range want[worker*each : (worker+1)*each] {
			wantError(t, "CreatePurchase", store.CreatePurchase(t.Context(), p), nil)
			wantPurchase(t, store, p)
		}
	})
	wantPurchases(t, store, billing.Page{Limit: len(want) + 1}, want)
}

func testTokenRace(t testing.TB, store billing.Store) {
	put(t, store, acme)
	wantOneSuccess(t, billing.ErrTokenTaken, workers, func(i int) error {
		return store.CreatePurchase(t.Context(), purchase(0, noon.Add(time.Duration(i)*time.Second)))
	})
	if got := list(t, store, billing.Page{Limit: workers}); len(got) != 1 {
		t.Errorf("%d purchases are stored, want 1", len(got))
	}
}

func testRefusedAmongStored(t testing.TB, store billing.Store) {
	put(t, store, acme)
	create(t, store, purchase(0, noon))
	concurrently(workers, func(worker int) {
		for i := range 4 {
			p, want := purchase(1+worker*4+i, noon), error(nil)
			switch i {
			case 1:
				p.Token, want = token(0), billing.ErrTokenTaken
			case 3:
				p.AccountID, want = globex.ID, billing.ErrUnknownAccount
			}
			wantError(t, "CreatePurchase", store.CreatePurchase(t.Context(), p), want)
		}
	})
	if got := list(t, store, billing.Page{Limit: 4 * workers}); len(got) != 1+2*workers {
		t.Errorf("%d purchases are stored, want %d", len(got), 1+2*workers)
	}
}

// token returns a token that sorts by its number.
func token(n int) string { return fmt.Sprintf("t%031d", n) }

func purchase(n int, at time.Time) billing.Purchase {
	return billing.Purchase{
		Token: token(n), AccountID: acme.ID, Amount: int64(15 + n), Currency: "USD",
		Status: billing.StatusPending, CreatedAt: at,
	}
}

// wantPurchase compares with ==, so that it also checks that times are in UTC.
func wantPurchase(t testing.TB, store billing.Store, want billing.Purchase) {
	t.Helper()
	if got, err := store.Purchase(t.Context(), want.Token); err != nil || got != want {
		t.Errorf("Purchase = %v, %v; want %v", got, err, want)
	}
}

func wantNoPurchase(t testing.TB, store billing.Store, token string) {
	t.Helper()
	got, err := store.Purchase(t.Context(), token)
	wantError(t, fmt.Sprintf("Purchase(%q)", token), err, billing.ErrNotFound)
	if got != (billing.Purchase{}) {
		t.Errorf("Purchase(%q) = %v, want the zero value", token, got)
	}
}

// wantPurchases checks the purchases of all pages from a first page on.
func wantPurchases(t testing.TB, store billing.Store, page billing.Page, want []billing.Purchase) {
	t.Helper()
	first := page
	var got []billing.Purchase
	for {
		part := list(t, store, page)
		if len(part) > page.Limit {
			t.Fatalf("a page of %d contains %d purchases", page.Limit, len(part))
		}
		if len(part) == 0 || len(got) > len(want) {
			break
		}
		got = append(got, part...)
		page.After = part[len(part)-1].Cursor()
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages from %+v on contain\n%v, want\n%v", first, got, want)
	}
}

func list(t testing.TB, store billing.Store, page billing.Page) []billing.Purchase {
	t.Helper()
	purchases, err := store.Purchases(t.Context(), page)
	if err != nil {
		t.Fatalf("Purchases(%+v) = %v", page, err)
	}
	return purchases
}
