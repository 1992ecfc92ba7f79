package billing

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// nobody is a store without keys.
type nobody struct{ Store }

func (nobody) Key(context.Context, string) (Key, Account, error) {
	return Key{}, Account{}, ErrNotFound
}

func TestAZeroHashLetsNobodyIn(t *testing.T) {
	t.Parallel()
	// What an unknown key is compared with is zeros: having just those must not be enough.
	service, err := New(nobody{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Authenticate(context.Background(), Credentials{id: "api:x"}); !errors.Is(err, ErrInvalidCredentials) {
		t.Errorf("Authenticate = %v, want ErrInvalidCredentials", err)
	}
}

func TestPartsAreHashedWithTheirBounds(t *testing.T) {
	t.Parallel()
	if hash("d", "ab", "c") == hash("d", "a", "bc") {
		t.Error("a hash does not tell where one part ends and the next begins")
	}
	if hash("d", "a"+strings.Repeat("\x00", 9)+"b") == hash("d", "a", "b") {
		t.Error("a part can be made to look like two")
	}
	if hash("d", "a") == hash("e", "a") {
		t.Error("a hash does not tell what it is for")
	}
}

func BenchmarkConsumerKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ConsumerKey("sandbox-active-key", "sandbox-active-secret")
	}
}
