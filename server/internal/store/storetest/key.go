package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var keyTests = []test{
	{"a key is stored with its account", testKey},
	{"an unknown key is not found", testUnknownKey},
	{"PutAccount overwrites a key and moves it to another account", testPutKeyAgain},
	{"AddKey stores a key once, for an existing account", testAddKey},
	{"DeleteKey deletes one key", testDeleteKey},
	{"keys are listed by account", testKeys},
	{"a key and its account are read as of one moment", testKeyAndAccount},
}

func testKey(t testing.TB, store billing.Store) {
	first, second, odd := key("consumer:acme", 1, acme), key("api:x", 0, acme), key("consumer:sø' \"%_\n", 255, globex)
	put(t, store, acme, first, second)
	put(t, store, globex, odd)
	wantKey(t, store, first, acme)
	wantKey(t, store, second, acme)
	wantKey(t, store, odd, globex)
}

func testUnknownKey(t testing.TB, store billing.Store) {
	put(t, store, acme, key("consumer:acme", 1, acme))
	for _, id := range []string{"", "unknown", "consumer:ACME", "consumer:acme ", "acme", "%", "' OR ''='"} {
		wantNoKey(t, store, id)
	}
}

func testPutKeyAgain(t testing.TB, store billing.Store) {
	stays := key("api:acme", 7, acme)
	put(t, store, acme, key("consumer:shared", 1, acme), stays)
	for i, account := range []billing.Account{acme, globex} {
		changed := key("consumer:shared", byte(2+i), account)
		put(t, store, account, changed)
		wantKey(t, store, changed, account)
		wantKey(t, store, stays, acme)
	}
}

func testAddKey(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	first := key("api:first", 1, acme)
	wantError(t, "AddKey", store.AddKey(t.Context(), first), nil)
	for _, again := range []billing.Key{first, key("api:first", 2, acme), key("api:first", 1, globex)} {
		wantError(t, "AddKey of a taken ID", store.AddKey(t.Context(), again), billing.ErrKeyTaken)
	}
	wantError(t, "AddKey of an unknown account", store.AddKey(t.Context(), key("api:other", 1, initech)), billing.ErrUnknownAccount)
	wantKey(t, store, first, acme)
}

func testDeleteKey(t testing.TB, store billing.Store) {
	stays := key("api:stays", 2, acme)
	put(t, store, acme, key("api:goes", 1, acme), stays)
	wantError(t, "DeleteKey", store.DeleteKey(t.Context(), "api:goes"), nil)
	wantError(t, "DeleteKey of a deleted key", store.DeleteKey(t.Context(), "api:goes"), billing.ErrNotFound)
	wantNoKey(t, store, "api:goes")
	wantKey(t, store, stays, acme)
	wantError(t, "AddKey of a deleted key", store.AddKey(t.Context(), key("api:goes", 3, acme)), nil)
}

func testKeys(t testing.TB, store billing.Store) {
	a, b, c := key("api:b", 1, acme), key("api:a", 2, acme), key("api:c", 3, globex)
	put(t, store, acme, a, b)
	put(t, store, globex, c)
	for account, want := range map[string][]billing.Key{acme.ID: {b, a}, globex.ID: {c}, "unknown": nil} {
		if got, err := store.Keys(t.Context(), account); err != nil || !slices.Equal(got, want) {
			t.Errorf("Keys(%s) = %v, %v; want %v", account, got, err, want)
		}
	}
}

// testKeyAndAccount changes the secret of a key and the plan of its account together, so that every read sees both
// changes or none.
func testKeyAndAccount(t testing.TB, store billing.Store) {
	const readers, changes = 4, 50
	without := acme
	without.ActivePlan = false
	put(t, store, acme, key("api:acme", 1, acme))
	done := make(chan struct{})
	concurrently(1+readers, func(i int) {
		if i == 0 {
			defer close(done)
			for change := range changes {
				if change%2 == 0 {
					put(t, store, without, key("api:acme", 2, acme))
				} else {
					put(t, store, acme, key("api:acme", 1, acme))
				}
			}
			return
		}
		for {
			k, account, err := store.Key(t.Context(), "api:acme")
			if first := k == key("api:acme", 1, acme); err != nil || first != account.ActivePlan {
				t.Errorf("Key = %s, %v with the plan %v", withHash(k), err, account.ActivePlan)
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

// key returns a key whose hash and time depend on seed.
func key(id string, seed byte, account billing.Account) billing.Key {
	k := billing.Key{ID: id, AccountID: account.ID, CreatedAt: noon.Add(time.Duration(seed) * time.Microsecond)}
	for i := range k.SecretHash {
		k.SecretHash[i] = seed + byte(i)*8
	}
	return k
}

func wantKey(t testing.TB, store billing.Store, want billing.Key, of billing.Account) {
	t.Helper()
	got, account, err := store.Key(t.Context(), want.ID)
	if err != nil || got != want || account != of {
		t.Errorf("Key(%q) = %s, %+v, %v; want %s, %+v", want.ID, withHash(got), account, err, withHash(want), of)
	}
}

func wantNoKey(t testing.TB, store billing.Store, id string) {
	t.Helper()
	k, account, err := store.Key(t.Context(), id)
	wantError(t, fmt.Sprintf("Key(%q)", id), err, billing.ErrNotFound)
	if k != (billing.Key{}) || account != (billing.Account{}) {
		t.Errorf("Key(%q) = %s, %v; want zero values", id, withHash(k), account)
	}
}

// withHash describes a key with its hash, which the key itself does not print.
func withHash(k billing.Key) string { return fmt.Sprintf("%v with hash %x", k, k.SecretHash[:]) }
