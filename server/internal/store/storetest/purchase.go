package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var purchaseTests = []test{
	{"a purchase comes back to the microsecond", testPurchase},
	{"an unknown purchase is not found", testUnknownPurchase},
	{"a token is taken once", testTokenTaken},
	{"a purchase needs an account", testPurchaseOfUnknown},
	{"a purchase that breaks the rules is refused", testInvalidPurchase},
	{"purchases are listed oldest first", testOrder},
	{"purchases are listed newest first too", testNewestFirst},
	{"purchases are listed by the page", testPages},
	{"purchases are listed by account", testByAccount},
}

// noon is when purchases of these tests begin.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func testPurchase(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	for i, want := range []billing.Purchase{
		purchase(0, noon),
		purchase(1, noon.Add(time.Microsecond)),
		purchase(2, noon.Add(999_999*time.Microsecond)),
		purchase(3, time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)),
		purchase(4, time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)),
		{Token: token(5), AccountID: globex.ID, Amount: math.MaxInt64, Currency: "EUR", Status: billing.StatusPaid, CreatedAt: noon, SettledAt: noon.Add(time.Microsecond)},
	} {
		create(t, store, want)
		got, err := store.Purchase(context.Background(), want.Token)
		if err != nil || got != want {
			t.Errorf("%d: Purchase = %v, %v; want %v", i, got, err, want)
		}
		if got.CreatedAt.Location() != time.UTC {
			t.Errorf("%d: CreatedAt is in %v, want UTC", i, got.CreatedAt.Location())
		}
	}

	elsewhere := purchase(6, noon.In(time.FixedZone("elsewhere", 5*60*60)))
	create(t, store, elsewhere)
	if got, err := store.Purchase(context.Background(), elsewhere.Token); err != nil || got.CreatedAt != noon {
		t.Errorf("a time in another zone came back as %v, %v; want %v", got.CreatedAt, err, noon)
	}
}

func testUnknownPurchase(t testing.TB, store billing.Store) {
	put(t, store, acme)
	create(t, store, purchase(0, noon))
	for _, unknown := range []string{"", token(1), strings.ToUpper(token(0)), token(0)[1:], token(0) + " ", "%"} {
		if got, err := store.Purchase(context.Background(), unknown); !errors.Is(err, billing.ErrNotFound) || got != (billing.Purchase{}) {
			t.Errorf("Purchase(%q) = %v, %v; want ErrNotFound", unknown, got, err)
		}
	}
}

func testTokenTaken(t testing.TB, store billing.Store) {
	put(t, store, acme)
	first := purchase(0, noon)
	create(t, store, first)
	second := first
	for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
		second.Amount, second.CreatedAt = 99, at
		if err := store.CreatePurchase(context.Background(), second); !errors.Is(err, billing.ErrTokenTaken) {
			t.Errorf("CreatePurchase with a taken token = %v, want ErrTokenTaken", err)
		}
	}
	if got := list(t, store, billing.Page{Limit: 10}); !slices.Equal(got, []billing.Purchase{first}) {
		t.Errorf("a refused purchase left %v, want %v", got, first)
	}
}

func testPurchaseOfUnknown(t testing.TB, store billing.Store) {
	put(t, store, globex)
	p := purchase(0, noon)
	if err := store.CreatePurchase(context.Background(), p); !errors.Is(err, billing.ErrUnknownAccount) {
		t.Errorf("CreatePurchase for nobody = %v, want ErrUnknownAccount", err)
	}
	if _, err := store.Purchase(context.Background(), p.Token); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("a refused purchase was stored: %v", err)
	}
}

func testInvalidPurchase(t testing.TB, store billing.Store) {
	put(t, store, acme)
	for name, breakIt := range map[string]func(*billing.Purchase){
		"no token":          func(p *billing.Purchase) { p.Token = "" },
		"no amount":         func(p *billing.Purchase) { p.Amount = 0 },
		"a negative amount": func(p *billing.Purchase) { p.Amount = -1 },
		"no currency":       func(p *billing.Purchase) { p.Currency = "" },
		"no such currency":  func(p *billing.Purchase) { p.Currency = "usd" },
		"no status":         func(p *billing.Purchase) { p.Status = "" },
	} {
		p := purchase(0, noon)
		breakIt(&p)
		if err := store.CreatePurchase(context.Background(), p); err == nil {
			t.Errorf("CreatePurchase took a purchase with %s", name)
		}
	}
}

func testOrder(t testing.TB, store billing.Store) {
	put(t, store, acme)
	if got := list(t, store, billing.Page{Limit: 10}); len(got) != 0 {
		t.Errorf("an empty store lists %v", got)
	}
	want := []billing.Purchase{
		purchase(5, noon.Add(-time.Hour)), purchase(2, noon), purchase(3, noon), purchase(4, noon),
		purchase(1, noon.Add(time.Microsecond)), purchase(0, noon.Add(time.Hour)),
	}
	for _, i := range []int{3, 0, 5, 2, 1, 4} {
		create(t, store, want[i])
	}
	if got := list(t, store, billing.Page{Limit: 10}); !slices.Equal(got, want) {
		t.Errorf("listed\n%v, want\n%v", got, want)
	}
}

func testNewestFirst(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	var all, own []billing.Purchase
	for i := range 10 {
		p := purchase(i, noon.Add(time.Duration(i/3)*time.Microsecond))
		if i%2 == 1 {
			p.AccountID = globex.ID
		} else {
			own = append([]billing.Purchase{p}, own...)
		}
		create(t, store, p)
		all = append([]billing.Purchase{p}, all...)
	}
	for _, account := range []string{"", acme.ID} {
		want := all
		if account != "" {
			want = own
		}
		var got []billing.Purchase
		for page := (billing.Page{AccountID: account, Newest: true, Limit: 2}); ; page.After = got[len(got)-1].Cursor() {
			part := list(t, store, page)
			got = append(got, part...)
			if len(part) == 0 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %q listed\n%v, want\n%v", account, got, want)
		}
	}
}

func testPages(t testing.TB, store billing.Store) {
	put(t, store, acme)
	var want []billing.Purchase
	for i := range 10 {
		p := purchase(i, noon.Add(time.Duration(i/3)*time.Microsecond)) // pages end within a microsecond
		create(t, store, p)
		want = append(want, p)
	}
	for limit := 1; limit <= 11; limit++ {
		var got []billing.Purchase
		page := billing.Page{Limit: limit}
		for {
			part := list(t, store, page)
			if len(part) > limit {
				t.Fatalf("a page of %d holds %d", limit, len(part))
			}
			if len(part) == 0 {
				break
			}
			got = append(got, part...)
			page.After = part[len(part)-1].Cursor()
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d list\n%v, want\n%v", limit, got, want)
		}
	}
	for _, limit := range []int{0, -1} {
		if got, err := store.Purchases(context.Background(), billing.Page{Limit: limit}); err == nil {
			t.Errorf("a page of %d = %v, want an error", limit, got)
		}
	}
}

func testByAccount(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	want := map[string][]billing.Purchase{}
	for i := range 12 {
		p := purchase(i, noon.Add(time.Duration(i/4)*time.Second))
		if i%3 == 0 {
			p.AccountID = globex.ID
		}
		create(t, store, p)
		want[p.AccountID] = append(want[p.AccountID], p)
	}
	for _, id := range []string{acme.ID, globex.ID, "nobody"} {
		var got []billing.Purchase
		for page := (billing.Page{AccountID: id, Limit: 3}); ; page.After = got[len(got)-1].Cursor() {
			part := list(t, store, page)
			got = append(got, part...)
			if len(part) == 0 {
				break
			}
		}
		if !slices.Equal(got, want[id]) {
			t.Errorf("%s: listed\n%v, want\n%v", id, got, want[id])
		}
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

func list(t testing.TB, store billing.Store, page billing.Page) []billing.Purchase {
	t.Helper()
	purchases, err := store.Purchases(context.Background(), page)
	if err != nil {
		t.Fatalf("Purchases(%+v) = %v", page, err)
	}
	return purchases
}
