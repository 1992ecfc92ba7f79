package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
)

func open(t testing.TB) billing.Store {
	store, err := sqlite.Open(context.Background(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestAGoodStorePasses(t *testing.T) {
	t.Parallel()
	Run(t, open)
}

// TestEachDefectIsFound breaks one promise at a time, and names a test that must notice.
func TestEachDefectIsFound(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		breakIt func(d *defect)
		noticed string
	}{
		"accounts lose their plan": {func(d *defect) {
			d.balance = func(ctx context.Context, id string) (billing.Balance, error) {
				b, err := d.Store.Balance(ctx, id)
				b.Account.ActivePlan = false
				return b, err
			}
		}, "an account comes back as it was put"},
		"an unknown account is a zero one": {func(d *defect) {
			d.balance = func(ctx context.Context, id string) (billing.Balance, error) {
				b, _ := d.Store.Balance(ctx, id)
				return b, nil
			}
		}, "an unknown account or key is not found"},
		"an unknown key is a zero one": {func(d *defect) {
			d.key = func(ctx context.Context, id string) (billing.Key, billing.Account, error) {
				k, account, _ := d.Store.Key(ctx, id)
				return k, account, nil
			}
		}, "an unknown account or key is not found"},
		"hashes lose a bit": {func(d *defect) {
			d.key = func(ctx context.Context, id string) (billing.Key, billing.Account, error) {
				k, account, err := d.Store.Key(ctx, id)
				k.SecretHash[31] &= 0xfe
				return k, account, err
			}
		}, "a key comes back with its account"},
		"an account is put once": {func(d *defect) {
			d.putAccount = func(ctx context.Context, account billing.Account, keys ...billing.Key) error {
				if _, err := d.Store.Balance(ctx, account.ID); err == nil {
					return nil
				}
				return d.Store.PutAccount(ctx, account, keys...)
			}
		}, "an account put again is overwritten and keeps its keys"},
		"a secret is not replaced": {func(d *defect) { d.putAccount = keepOldKeys(d.Store) }, "a key put again has its new secret"},
		"a key does not move":      {func(d *defect) { d.putAccount = keepOldKeys(d.Store) }, "a key can move to another account"},
		"any key is taken": {func(d *defect) {
			d.putAccount = func(ctx context.Context, account billing.Account, keys ...billing.Key) error {
				for i := range keys {
					keys[i].AccountID = account.ID
				}
				return d.Store.PutAccount(ctx, account, keys...)
			}
		}, "an account with a key that is not its own is refused whole"},
		"any account is taken": {func(d *defect) {
			d.putAccount = func(ctx context.Context, account billing.Account, keys ...billing.Key) error {
				_ = d.Store.PutAccount(ctx, account, keys...)
				return nil
			}
		}, "an account that breaks the rules is refused"},
		"times are kept in milliseconds": {func(d *defect) {
			d.createPurchase = func(ctx context.Context, p billing.Purchase) error {
				p.CreatedAt = p.CreatedAt.Truncate(time.Millisecond)
				return d.Store.CreatePurchase(ctx, p)
			}
		}, "a purchase comes back to the microsecond"},
		"times come back in another zone": {func(d *defect) {
			d.purchase = func(ctx context.Context, token string) (billing.Purchase, error) {
				p, err := d.Store.Purchase(ctx, token)
				p.CreatedAt = p.CreatedAt.In(time.FixedZone("elsewhere", 3600))
				return p, err
			}
		}, "a purchase comes back to the microsecond"},
		"an unknown purchase is a zero one": {func(d *defect) {
			d.purchase = func(ctx context.Context, token string) (billing.Purchase, error) {
				p, _ := d.Store.Purchase(ctx, token)
				return p, nil
			}
		}, "an unknown purchase is not found"},
		"a taken token is no error": {func(d *defect) { d.createPurchase = ignore(d.Store, billing.ErrTokenTaken) }, "a token is taken once"},
		"of many with one token all are told that theirs is stored": {
			func(d *defect) { d.createPurchase = ignore(d.Store, billing.ErrTokenTaken) }, "of many with one token one is stored"},
		"a purchase of nobody is no error": {func(d *defect) { d.createPurchase = ignore(d.Store, billing.ErrUnknownAccount) }, "a purchase needs an account"},
		"any purchase is taken": {func(d *defect) {
			d.createPurchase = func(ctx context.Context, p billing.Purchase) error {
				_ = d.Store.CreatePurchase(ctx, p)
				return nil
			}
		}, "a purchase that breaks the rules is refused"},
		"the list is newest first": {func(d *defect) {
			d.purchases = func(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
				list, err := d.Store.Purchases(ctx, page)
				slices.Reverse(list)
				return list, err
			}
		}, "purchases are listed oldest first"},
		"a page begins after a time, not after a purchase": {func(d *defect) {
			d.purchases = func(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
				page.After.Token = "zzz"
				return d.Store.Purchases(ctx, page)
			}
		}, "purchases are listed by the page"},
		"a page is longer than its limit": {func(d *defect) {
			d.purchases = func(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
				page.Limit++
				return d.Store.Purchases(ctx, page)
			}
		}, "purchases are listed by the page"},
		"the account is not looked at": {func(d *defect) {
			d.purchases = func(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
				page.AccountID = ""
				return d.Store.Purchases(ctx, page)
			}
		}, "purchases are listed by account"},
		"a purchase is acknowledged and lost": {func(d *defect) {
			var lock sync.Mutex
			count := 0
			d.createPurchase = func(ctx context.Context, p billing.Purchase) error {
				lock.Lock()
				count++
				lost := count%100 == 0
				lock.Unlock()
				if lost {
					return nil
				}
				return d.Store.CreatePurchase(ctx, p)
			}
		}, "64 at once lose no purchase and store none twice"},
		"a key and its account are read one after the other": {func(d *defect) {
			var lock sync.Mutex
			var last billing.Account
			d.key = func(ctx context.Context, id string) (billing.Key, billing.Account, error) {
				k, account, err := d.Store.Key(ctx, id)
				lock.Lock()
				defer lock.Unlock()
				last, account = account, last
				return k, account, err
			}
		}, "an account and its key are read as of one moment"},
		"a payment is not added": {func(d *defect) {
			d.settle = func(ctx context.Context, token string, _ billing.Status, at time.Time) (billing.Purchase, error) {
				p, err := d.Store.Settle(ctx, token, billing.StatusCancelled, at)
				p.Status = billing.StatusPaid
				return p, err
			}
		}, "of a thousand payments at once one counts"},
		"a cancelled purchase is paid for": {func(d *defect) {
			d.settle = func(ctx context.Context, token string, _ billing.Status, at time.Time) (billing.Purchase, error) {
				return d.Store.Settle(ctx, token, billing.StatusPaid, at)
			}
		}, "a cancelled purchase is in no balance"},
		"a second payment is said to count": {func(d *defect) {
			d.settle = func(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
				p, err := d.Store.Settle(ctx, token, status, at)
				if errors.Is(err, billing.ErrSettled) {
					err = nil
				}
				return p, err
			}
		}, "a purchase is settled once"},
		"balances come in any order": {func(d *defect) {
			d.balances = func(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
				found, err := d.Store.Balances(ctx, after, limit)
				slices.Reverse(found)
				return found, err
			}
		}, "balances are listed by the page"},
		"the newest come last": {func(d *defect) {
			d.purchases = func(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
				page.Newest = false
				return d.Store.Purchases(ctx, page)
			}
		}, "purchases are listed newest first too"},
		"a reset does nothing": {func(d *defect) {
			d.reset = func(context.Context) error { return nil }
		}, "a reset leaves accounts and keys, and nothing else"},
		"a ping fails": {func(d *defect) {
			d.ping = func(context.Context) error { return broken }
		}, "an open store answers a ping"},
		"contexts are not looked at": {func(d *defect) {
			d.purchase = func(_ context.Context, token string) (billing.Purchase, error) {
				return d.Store.Purchase(context.Background(), token)
			}
		}, "an ended context ends every method"},
		"a purchase whose context ends is acknowledged": {func(d *defect) {
			d.createPurchase = ignore(d.Store, context.DeadlineExceeded)
		}, "contexts that end in the midst do no harm"},
		"a store that is closed goes on": {func(d *defect) {
			d.close = func() error { return nil }
		}, "a closed store says that it is closed"},
		"a store cannot be closed twice": {func(d *defect) {
			var lock sync.Mutex
			closed := false
			d.close = func() error {
				lock.Lock()
				defer lock.Unlock()
				if closed {
					return broken
				}
				closed = true
				return d.Store.Close()
			}
		}, "a store can be closed twice and while it is used"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			defer func() { _ = store.Close() }()
			d := &defect{Store: store}
			test.breakIt(d)
			if said := outcome(t, test.noticed, d); said == "" {
				t.Errorf("the test %q did not notice", test.noticed)
			}
		})
	}
}

// keepOldKeys is a PutAccount that overwrites no key.
func keepOldKeys(store billing.Store) func(context.Context, billing.Account, ...billing.Key) error {
	return func(ctx context.Context, account billing.Account, keys ...billing.Key) error {
		var fresh []billing.Key
		for _, k := range keys {
			if _, _, err := store.Key(ctx, k.ID); errors.Is(err, billing.ErrNotFound) {
				fresh = append(fresh, k)
			}
		}
		return store.PutAccount(ctx, account, fresh...)
	}
}

// ignore is a CreatePurchase that says nothing of one kind of failure.
func ignore(store billing.Store, failure error) func(context.Context, billing.Purchase) error {
	return func(ctx context.Context, p billing.Purchase) error {
		if err := store.CreatePurchase(ctx, p); !errors.Is(err, failure) {
			return err
		}
		return nil
	}
}

// outcome runs the test with a name against a store, and returns the first thing that it complained
// of, "" when it was content.
func outcome(t *testing.T, name string, store billing.Store) string {
	t.Helper()
	for _, group := range [][]test{accountTests, adminTests, purchaseTests, settleTests, concurrencyTests, lifecycleTests} {
		for _, test := range group {
			if test.name != name {
				continue
			}
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() { // a goroutine of its own, for Fatalf to end
				defer close(done)
				test.run(r, store)
			}()
			<-done
			return r.said
		}
	}
	t.Fatalf("there is no test %q", name)
	return ""
}

// recorder is a testing.TB that notes that a test failed, instead of failing.
type recorder struct {
	testing.TB
	lock sync.Mutex
	said string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.said == "" {
		r.said = fmt.Sprintf(format, args...)
	}
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
