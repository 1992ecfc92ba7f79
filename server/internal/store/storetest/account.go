package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var accountTests = []test{
	{"an account comes back as it was put", testAccount},
	{"an unknown account or key is not found", testUnknownAccount},
	{"a key comes back with its account", testKey},
	{"an account put again is overwritten and keeps its keys", testPutAgain},
	{"a key put again has its new secret", testReplaceSecret},
	{"a key can move to another account", testMoveKey},
	{"an account with a key that is not its own is refused whole", testForeignKey},
	{"an account that breaks the rules is refused", testInvalidAccount},
}

func testAccount(t testing.TB, store billing.Store) {
	put(t, store, acme)
	put(t, store, globex)
	for _, want := range []billing.Account{acme, globex} {
		wantAccount(t, store, want)
	}
}

func testUnknownAccount(t testing.TB, store billing.Store) {
	put(t, store, acme, key("consumer:acme", 1, acme))
	for _, id := range []string{"", "nobody", "ACME", "acme ", "acm_", "%", "consumer:acme"} {
		if got, err := store.Balance(context.Background(), id); !errors.Is(err, billing.ErrNotFound) || got != (billing.Balance{}) {
			t.Errorf("Balance(%q) = %v, %v; want ErrNotFound", id, got, err)
		}
	}
	for _, id := range []string{"", "nobody", "consumer:ACME", "consumer:acme ", "acme", "%", "' OR ''='"} {
		gotKey, gotAccount, err := store.Key(context.Background(), id)
		if !errors.Is(err, billing.ErrNotFound) || gotKey != (billing.Key{}) || gotAccount != (billing.Account{}) {
			t.Errorf("Key(%q) = %v, %v, %v; want ErrNotFound", id, gotKey, gotAccount, err)
		}
	}
}

func testKey(t testing.TB, store billing.Store) {
	first, second, odd := key("consumer:acme", 1, acme), key("api:x", 0, acme), key("consumer:sø' \"%_\n", 255, globex)
	put(t, store, acme, first, second)
	put(t, store, globex, odd)
	wantKey(t, store, first, acme)
	wantKey(t, store, second, acme)
	wantKey(t, store, odd, globex)
}

func testPutAgain(t testing.TB, store billing.Store) {
	k := key("consumer:acme", 1, acme)
	put(t, store, acme, k)
	put(t, store, acme, k)
	wantKey(t, store, k, acme)

	changed := globex
	changed.ID = acme.ID
	put(t, store, changed)
	wantAccount(t, store, changed)
	wantKey(t, store, k, changed)
}

func testReplaceSecret(t testing.TB, store billing.Store) {
	put(t, store, acme, key("consumer:acme", 1, acme))
	put(t, store, acme, key("consumer:acme", 2, acme))
	wantKey(t, store, key("consumer:acme", 2, acme), acme)
}

func testMoveKey(t testing.TB, store billing.Store) {
	stays := key("api:acme", 7, acme)
	put(t, store, acme, key("consumer:shared", 1, acme), stays)
	put(t, store, globex, key("consumer:shared", 1, globex))
	wantKey(t, store, key("consumer:shared", 1, globex), globex)
	wantKey(t, store, stays, acme)
}

func testForeignKey(t testing.TB, store billing.Store) {
	put(t, store, globex)
	err := store.PutAccount(context.Background(), acme, key("api:acme", 1, acme), key("consumer:globex", 1, globex))
	if err == nil {
		t.Error("PutAccount took a key of another account")
	}
	if _, err := store.Balance(context.Background(), acme.ID); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("the account was stored without its key: %v", err)
	}
	if _, _, err := store.Key(context.Background(), "api:acme"); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("a key was stored without its account: %v", err)
	}
}

func testInvalidAccount(t testing.TB, store billing.Store) {
	for _, broken := range []billing.Account{
		{Name: "n", Currency: "USD"},
		{ID: "i", Currency: "USD"},
		{ID: "i", Name: "n"},
		{ID: "i", Name: "n", Currency: "usd"},
		{ID: "i", Name: "n", Currency: "USDT"},
	} {
		if err := store.PutAccount(context.Background(), broken); err == nil {
			t.Errorf("PutAccount(%+v) = nil, want an error", broken)
		}
	}
	if err := store.PutAccount(context.Background(), acme, key("", 1, acme)); err == nil {
		t.Error("PutAccount took a key without an ID")
	}
}

// key returns a key whose hash is seed, over and over; all 256 values of a byte come back.
func key(id string, seed byte, account billing.Account) billing.Key {
	k := billing.Key{ID: id, AccountID: account.ID, CreatedAt: noon.Add(time.Duration(seed) * time.Microsecond)}
	for i := range k.SecretHash {
		k.SecretHash[i] = seed + byte(i)*8
	}
	return k
}

func wantAccount(t testing.TB, store billing.Store, want billing.Account) {
	t.Helper()
	if got, err := store.Balance(context.Background(), want.ID); err != nil || got.Account != want {
		t.Errorf("Balance(%q) = %+v, %v; want %+v", want.ID, got, err, want)
	}
}

func wantKey(t testing.TB, store billing.Store, want billing.Key, of billing.Account) {
	t.Helper()
	got, account, err := store.Key(context.Background(), want.ID)
	if err != nil || got != want || account != of {
		t.Errorf("Key(%q) = %s, %+v, %v; want %s, %+v", want.ID, describe(got), account, err, describe(want), of)
	}
}

// describe shows all of a key, which a Key itself does not.
func describe(k billing.Key) string { return fmt.Sprintf("%v with hash %x", k, k.SecretHash[:]) }
