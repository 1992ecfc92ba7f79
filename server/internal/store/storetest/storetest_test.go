package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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

func TestGoodStorePasses(t *testing.T) {
	t.Parallel()
	Run(t, open)
}

// TestFaultyStoresFail runs each test of the suite against a store that breaks its rule.
func TestFaultyStoresFail(t *testing.T) {
	t.Parallel()
	faulty := map[string][]wrapper{
		"an account is stored with all fields": {
			editBalance(func(b *billing.Balance, _ *error) { b.Account.ActivePlan = false }),
		},
		"an unknown account is not found": {
			editBalance(func(_ *billing.Balance, err *error) { *err = nil }),
		},
		"PutAccount overwrites an account and keeps its keys and its balance": {
			func(s billing.Store) billing.Store { return putsOnce{s} },
		},
		"PutAccount with a key of another account stores nothing": {
			func(s billing.Store) billing.Store { return adoptsKeys{s} },
		},
		"PutAccount refuses invalid accounts": {hideErrors(nil)},
		"CreateAccount stores an account with its keys": {
			func(s billing.Store) billing.Store { return createsWithoutKeys{s} },
		},
		"CreateAccount with a taken ID stores nothing":         {hideErrors(billing.ErrAccountTaken)},
		"of concurrent new accounts with one ID one is stored": {hideErrors(billing.ErrAccountTaken)},
		"UpdateAccount changes the given fields": {
			func(s billing.Store) billing.Store { return updatesInTwoSteps{s} },
		},
		"concurrent changes of an account are all applied": {
			func(s billing.Store) billing.Store { return updatesInTwoSteps{s} },
		},
		"accounts are listed in pages": {
			func(s billing.Store) billing.Store { return reversesLists{s} },
		},
		"a key is stored with its account": {
			editKey(func(k *billing.Key, _ *billing.Account, _ *error) { k.SecretHash[31] &= 0xfe }),
		},
		"an unknown key is not found": {
			editKey(func(_ *billing.Key, _ *billing.Account, err *error) { *err = nil }),
		},
		"PutAccount overwrites a key and moves it to another account": {
			func(s billing.Store) billing.Store { return putsOnce{s} },
		},
		"AddKey stores a key once, for an existing account": {hideErrors(billing.ErrKeyTaken)},
		"DeleteKey deletes one key":                         {hideErrors(billing.ErrNotFound)},
		"keys are listed by account": {
			func(s billing.Store) billing.Store { return reversesLists{s} },
		},
		"a key and its account are read as of one moment": {mixAccounts()},
		"a purchase is stored with microseconds": {
			func(s billing.Store) billing.Store { return truncatesTimes{s} },
			editPurchase(func(p *billing.Purchase, _ *error) { p.CreatedAt = p.CreatedAt.In(time.FixedZone("UTC+1", 3600)) }),
		},
		"an unknown purchase is not found": {
			editPurchase(func(_ *billing.Purchase, err *error) { *err = nil }),
		},
		"a token is used once":          {hideErrors(billing.ErrTokenTaken)},
		"a purchase needs an account":   {hideErrors(billing.ErrUnknownAccount)},
		"invalid purchases are refused": {hideErrors(nil)},
		"purchases are listed in pages, in both orders, and by account": {
			editPage(func(p *billing.Page) { p.After.Token = "zzz" }),
			editPage(func(p *billing.Page) { p.Limit++ }),
			editPage(func(p *billing.Page) { p.AccountID = "" }),
			editPage(func(p *billing.Page) { p.Newest = false }),
			func(s billing.Store) billing.Store { return reversesLists{s} },
		},
		"concurrent purchases are all stored once": {
			func(s billing.Store) billing.Store { return &losesPurchases{Store: s} },
		},
		"of concurrent purchases with one token one is stored": {hideErrors(billing.ErrTokenTaken)},
		"a refused purchase does not affect concurrent ones": {
			func(s billing.Store) billing.Store { return &losesPurchases{Store: s} },
		},
		"a paid purchase is added to the balance of its account": {settleAs(billing.StatusCancelled)},
		"a cancelled purchase is not added to the balance":       {settleAs(billing.StatusPaid)},
		"a purchase is settled once":                             {hideErrors(billing.ErrSettled)},
		"an unknown purchase is not settled":                     {hideErrors(billing.ErrNotFound)},
		"of a thousand concurrent payments one counts":           {hideErrors(billing.ErrSettled)},
		"a reset keeps accounts and keys only": {
			func(s billing.Store) billing.Store { return doesNothing{s} },
		},
		"every method of an open store succeeds": {
			editPurchase(func(_ *billing.Purchase, err *error) { *err = errBroken }),
		},
		"every method fails after the end of its context": {hideErrors(context.Canceled)},
		"a context that ends during a call does no harm":  {hideErrors(context.DeadlineExceeded)},
		"every method of a closed store fails": {
			func(s billing.Store) billing.Store { return doesNothing{s} },
		},
		"a store can be closed twice and while it is used": {
			func(s billing.Store) billing.Store { return &closesOnce{Store: s} },
		},
	}
	for _, test := range tests() {
		if len(faulty[test.name]) == 0 {
			t.Errorf("no faulty store for the test %q", test.name)
		}
		for i, wrap := range faulty[test.name] {
			t.Run(fmt.Sprintf("%s/%d", test.name, i), func(t *testing.T) {
				t.Parallel()
				store := open(t)
				defer func() { _ = store.Close() }()
				r := &recorder{TB: t}
				done := make(chan struct{})
				go func() { // which Fatalf ends
					defer close(done)
					test.run(r, wrap(store))
				}()
				<-done
				if !r.failed.Load() {
					t.Error("the test accepts the faulty store")
				}
			})
		}
	}
}

// recorder records the failure of a test instead of failing.
type recorder struct {
	testing.TB
	failed atomic.Bool
}

func (r *recorder) Error(...any) { r.failed.Store(true) }

func (r *recorder) Errorf(string, ...any) { r.failed.Store(true) }

func (r *recorder) Fatalf(string, ...any) {
	r.failed.Store(true)
	runtime.Goexit()
}

// wrapper makes a faulty store of a good one, by replacing some of its methods.
type wrapper func(billing.Store) billing.Store

var errBroken = errors.New("broken")

type balanceEditor struct {
	billing.Store
	edit func(*billing.Balance, *error)
}

func editBalance(edit func(*billing.Balance, *error)) wrapper {
	return func(s billing.Store) billing.Store { return balanceEditor{s, edit} }
}

func (s balanceEditor) Balance(ctx context.Context, id string) (billing.Balance, error) {
	b, err := s.Store.Balance(ctx, id)
	s.edit(&b, &err)
	return b, err
}

type keyEditor struct {
	billing.Store
	edit func(*billing.Key, *billing.Account, *error)
}

func editKey(edit func(*billing.Key, *billing.Account, *error)) wrapper {
	return func(s billing.Store) billing.Store { return keyEditor{s, edit} }
}

func (s keyEditor) Key(ctx context.Context, id string) (billing.Key, billing.Account, error) {
	k, account, err := s.Store.Key(ctx, id)
	s.edit(&k, &account, &err)
	return k, account, err
}

// mixAccounts returns each key with the account of an earlier read.
func mixAccounts() wrapper {
	var lock sync.Mutex
	var last billing.Account
	return editKey(func(_ *billing.Key, account *billing.Account, _ *error) {
		lock.Lock()
		defer lock.Unlock()
		last, *account = *account, last
	})
}

type purchaseEditor struct {
	billing.Store
	edit func(*billing.Purchase, *error)
}

func editPurchase(edit func(*billing.Purchase, *error)) wrapper {
	return func(s billing.Store) billing.Store { return purchaseEditor{s, edit} }
}

func (s purchaseEditor) Purchase(ctx context.Context, token string) (billing.Purchase, error) {
	p, err := s.Store.Purchase(ctx, token)
	s.edit(&p, &err)
	return p, err
}

type pageEditor struct {
	billing.Store
	edit func(*billing.Page)
}

func editPage(edit func(*billing.Page)) wrapper {
	return func(s billing.Store) billing.Store { return pageEditor{s, edit} }
}

func (s pageEditor) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	s.edit(&page)
	return s.Store.Purchases(ctx, page)
}

type reversesLists struct{ billing.Store }

func reversed[T any](list []T, err error) ([]T, error) {
	slices.Reverse(list)
	return list, err
}

func (s reversesLists) Purchases(ctx context.Context, page billing.Page) ([]billing.Purchase, error) {
	return reversed(s.Store.Purchases(ctx, page))
}

func (s reversesLists) Balances(ctx context.Context, after string, limit int) ([]billing.Balance, error) {
	return reversed(s.Store.Balances(ctx, after, limit))
}

func (s reversesLists) Keys(ctx context.Context, accountID string) ([]billing.Key, error) {
	return reversed(s.Store.Keys(ctx, accountID))
}

// errorHider returns nil instead of one error, or of any error if that is nil.
type errorHider struct {
	billing.Store
	hidden error
}

func hideErrors(hidden error) wrapper {
	return func(s billing.Store) billing.Store { return errorHider{s, hidden} }
}

func (s errorHider) hide(err error) error {
	if s.hidden == nil || errors.Is(err, s.hidden) {
		return nil
	}
	return err
}

func (s errorHider) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.hide(s.Store.PutAccount(ctx, account, keys...))
}

func (s errorHider) CreateAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	return s.hide(s.Store.CreateAccount(ctx, account, keys...))
}

func (s errorHider) AddKey(ctx context.Context, key billing.Key) error {
	return s.hide(s.Store.AddKey(ctx, key))
}

func (s errorHider) DeleteKey(ctx context.Context, id string) error {
	return s.hide(s.Store.DeleteKey(ctx, id))
}

func (s errorHider) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	return s.hide(s.Store.CreatePurchase(ctx, p))
}

func (s errorHider) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	p, err := s.Store.Settle(ctx, token, status, at)
	return p, s.hide(err)
}

// putsOnce keeps an account or a key that is already stored.
type putsOnce struct{ billing.Store }

func (s putsOnce) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	if _, err := s.Balance(ctx, account.ID); err == nil {
		return nil
	}
	return s.Store.PutAccount(ctx, account, slices.DeleteFunc(keys, func(k billing.Key) bool {
		_, _, err := s.Key(ctx, k.ID)
		return err == nil
	})...)
}

type adoptsKeys struct{ billing.Store }

func (s adoptsKeys) PutAccount(ctx context.Context, account billing.Account, keys ...billing.Key) error {
	for i := range keys {
		keys[i].AccountID = account.ID
	}
	return s.Store.PutAccount(ctx, account, keys...)
}

type createsWithoutKeys struct{ billing.Store }

func (s createsWithoutKeys) CreateAccount(ctx context.Context, account billing.Account, _ ...billing.Key) error {
	return s.Store.CreateAccount(ctx, account)
}

// updatesInTwoSteps loses changes between its two steps.
type updatesInTwoSteps struct{ billing.Store }

func (s updatesInTwoSteps) UpdateAccount(ctx context.Context, id string, change billing.AccountChange) (billing.Account, error) {
	b, err := s.Balance(ctx, id)
	if err != nil {
		return billing.Account{}, err
	}
	time.Sleep(time.Millisecond)
	b.Account.Active = change.Active != nil && *change.Active
	if change.ActivePlan != nil {
		b.Account.ActivePlan = *change.ActivePlan
	}
	return b.Account, s.PutAccount(ctx, b.Account)
}

type truncatesTimes struct{ billing.Store }

func (s truncatesTimes) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	p.CreatedAt = p.CreatedAt.Truncate(time.Millisecond)
	return s.Store.CreatePurchase(ctx, p)
}

// losesPurchases does not store every hundredth purchase.
type losesPurchases struct {
	billing.Store
	count atomic.Int64
}

func (s *losesPurchases) CreatePurchase(ctx context.Context, p billing.Purchase) error {
	if s.count.Add(1)%100 == 0 {
		return nil
	}
	return s.Store.CreatePurchase(ctx, p)
}

// settlesAs settles with another status than requested.
type settlesAs struct {
	billing.Store
	status billing.Status
}

func settleAs(status billing.Status) wrapper {
	return func(s billing.Store) billing.Store { return settlesAs{s, status} }
}

func (s settlesAs) Settle(ctx context.Context, token string, status billing.Status, at time.Time) (billing.Purchase, error) {
	p, err := s.Store.Settle(ctx, token, s.status, at)
	p.Status = status
	return p, err
}

type doesNothing struct{ billing.Store }

func (doesNothing) Reset(context.Context) error { return nil }

func (doesNothing) Close() error { return nil }

// closesOnce fails when it is closed again.
type closesOnce struct {
	billing.Store
	closed atomic.Bool
}

func (s *closesOnce) Close() error {
	if s.closed.Swap(true) {
		return errBroken
	}
	return s.Store.Close()
}
