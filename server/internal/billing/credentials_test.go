package billing

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// emptyStore is a store without keys.
type emptyStore struct{ Store }

func (emptyStore) Key(context.Context, string) (Key, Account, error) {
	return Key{}, Account{}, ErrNotFound
}

func TestZeroHashDoesNotAuthenticate(t *testing.T) {
	t.Parallel()
	// An unknown key is compared with a hash of zeros, which must not match.
	service, err := New(emptyStore{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Authenticate(context.Background(), Credentials{id: "api:x"}); !errors.Is(err, ErrInvalidCredentials) {
		t.Errorf("Authenticate = %v, want ErrInvalidCredentials", err)
	}
}

func TestHashOfParts(t *testing.T) {
	t.Parallel()
	if hash("d", "ab", "c") == hash("d", "a", "bc") {
		t.Error("different parts with the same text have the same hash")
	}
	if hash("d", "a"+strings.Repeat("\x00", 9)+"b") == hash("d", "a", "b") {
		t.Error("one part has the hash of two parts")
	}
	if hash("d", "a") == hash("e", "a") {
		t.Error("different domains have the same hash")
	}
}

func BenchmarkConsumerKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ConsumerKey("sandbox-active-key", "sandbox-active-secret")
	}
}
