package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var adminTests = []test{
	{"a new account is stored with its keys", testCreateAccount},
	{"an account is created once", testCreateTaken},
	{"of many new accounts with one ID one is stored", testCreateRace},
	{"an account is changed in part", testUpdateAccount},
	{"changes at once are not lost", testUpdateRace},
	{"a key is added once, to an account that exists", testAddKey},
	{"a deleted key is gone and the others stay", testDeleteKey},
	{"keys are listed by account", testKeys},
}

func testCreateAccount(t testing.TB, store billing.Store) {
	k := key("api:initech", 3, initech)
	if err := store.CreateAccount(context.Background(), initech, k); err != nil {
		t.Fatalf("CreateAccount = %v", err)
	}
	wantAccount(t, store, initech)
	wantKey(t, store, k, initech)
}

func testCreateTaken(t testing.TB, store billing.Store) {
	put(t, store, acme, key("api:acme", 1, acme))
	changed := globex
	changed.ID = acme.ID
	if err := store.CreateAccount(context.Background(), changed, key("api:new", 1, changed)); !errors.Is(err, billing.ErrAccountTaken) {
		t.Errorf("CreateAccount with a taken ID = %v, want ErrAccountTaken", err)
	}
	if err := store.CreateAccount(context.Background(), initech, key("api:acme", 1, initech)); !errors.Is(err, billing.ErrKeyTaken) {
		t.Errorf("CreateAccount with a taken key = %v, want ErrKeyTaken", err)
	}
	if err := store.CreateAccount(context.Background(), initech, key("api:other", 1, acme)); err == nil {
		t.Error("CreateAccount took a key of another account")
	}
	wantAccount(t, store, acme)
	wantKey(t, store, key("api:acme", 1, acme), acme)
	if _, err := store.Balance(context.Background(), initech.ID); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("a refused account was stored: %v", err)
	}
	if _, _, err := store.Key(context.Background(), "api:new"); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("a key of a refused account was stored: %v", err)
	}
}

func testCreateRace(t testing.TB, store billing.Store) {
	results := make([]error, 16)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = store.CreateAccount(context.Background(), initech) })
	}
	group.Wait()
	created := 0
	for _, err := range results {
		switch {
		case err == nil:
			created++
		case !errors.Is(err, billing.ErrAccountTaken):
			t.Errorf("CreateAccount = %v, want ErrAccountTaken", err)
		}
	}
	if created != 1 {
		t.Errorf("%d were told that theirs is stored, want 1", created)
	}
}

func testUpdateAccount(t testing.TB, store billing.Store) {
	put(t, store, acme, key("api:acme", 1, acme))
	put(t, store, globex)
	want := acme
	yes, no := true, false
	for _, step := range []struct {
		change       billing.AccountChange
		active, plan bool
	}{
		{billing.AccountChange{}, true, true},
		{billing.AccountChange{Active: &no}, false, true},
		{billing.AccountChange{ActivePlan: &no}, false, false},
		{billing.AccountChange{Active: &yes, ActivePlan: &no}, true, false},
		{billing.AccountChange{ActivePlan: &yes}, true, true},
	} {
		want.Active, want.ActivePlan = step.active, step.plan
		if got, err := store.UpdateAccount(context.Background(), acme.ID, step.change); err != nil || got != want {
			t.Errorf("UpdateAccount = %+v, %v; want %+v", got, err, want)
		}
		wantKey(t, store, key("api:acme", 1, acme), want)
	}
	wantAccount(t, store, globex)
	for _, id := range []string{"nobody", "", "ACME", "%"} {
		if got, err := store.UpdateAccount(context.Background(), id, billing.AccountChange{Active: &no}); !errors.Is(err, billing.ErrNotFound) {
			t.Errorf("UpdateAccount(%q) = %v, %v; want ErrNotFound", id, got, err)
		}
	}
}

func testUpdateRace(t testing.TB, store billing.Store) {
	put(t, store, globex)
	yes := true
	for range 10 {
		put(t, store, globex)
		var group sync.WaitGroup
		for _, change := range []billing.AccountChange{{Active: &yes}, {ActivePlan: &yes}} {
			group.Go(func() {
				if _, err := store.UpdateAccount(context.Background(), globex.ID, change); err != nil {
					t.Errorf("UpdateAccount = %v", err)
				}
			})
		}
		group.Wait()
		want := globex
		want.Active, want.ActivePlan = true, true
		wantAccount(t, store, want)
	}
}

func testAddKey(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	first := key("api:first", 1, acme)
	if err := store.AddKey(context.Background(), first); err != nil {
		t.Fatalf("AddKey = %v", err)
	}
	for _, again := range []billing.Key{first, key("api:first", 2, acme), key("api:first", 1, globex)} {
		if err := store.AddKey(context.Background(), again); !errors.Is(err, billing.ErrKeyTaken) {
			t.Errorf("AddKey of %s again = %v, want ErrKeyTaken", describe(again), err)
		}
	}
	if err := store.AddKey(context.Background(), key("api:other", 1, initech)); !errors.Is(err, billing.ErrUnknownAccount) {
		t.Errorf("AddKey for nobody = %v, want ErrUnknownAccount", err)
	}
	wantKey(t, store, first, acme)
}

func testDeleteKey(t testing.TB, store billing.Store) {
	stays := key("api:stays", 2, acme)
	put(t, store, acme, key("api:goes", 1, acme), stays)
	for i, want := range []error{nil, billing.ErrNotFound} {
		if err := store.DeleteKey(context.Background(), "api:goes"); !errors.Is(err, want) {
			t.Errorf("%d: DeleteKey = %v, want %v", i, err, want)
		}
	}
	if _, _, err := store.Key(context.Background(), "api:goes"); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("a deleted key is still there: %v", err)
	}
	wantKey(t, store, stays, acme)
	if err := store.AddKey(context.Background(), key("api:goes", 3, acme)); err != nil {
		t.Errorf("a deleted key cannot be added again: %v", err)
	}
}

func testKeys(t testing.TB, store billing.Store) {
	a, b, c := key("api:b", 1, acme), key("api:a", 2, acme), key("api:c", 3, globex)
	put(t, store, acme, a, b)
	put(t, store, globex, c)
	for account, want := range map[string][]billing.Key{acme.ID: {b, a}, globex.ID: {c}, "nobody": nil} {
		if got, err := store.Keys(context.Background(), account); err != nil || !slices.Equal(got, want) {
			t.Errorf("Keys(%s) = %v, %v; want %v", account, got, err, want)
		}
	}
}
