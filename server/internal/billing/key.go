package billing

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"
)

// Key is the stored form of Credentials: enough to verify them, not enough to authenticate.
type Key struct {
	// ID identifies the key. It contains the public consumer key, or a hash of an API key.
	ID string
	// SecretHash is the hash of matching Credentials.
	SecretHash [sha256.Size]byte
	// AccountID is the account that the key authenticates.
	AccountID string
	// CreatedAt is the time of creation, in UTC and whole microseconds.
	CreatedAt time.Time
}

// Kind returns the kind of the matching credentials.
func (k Key) Kind() KeyKind {
	if strings.HasPrefix(k.ID, consumerPrefix) {
		return KindConsumerKey
	}
	return KindAPIKey
}

// String returns the ID of the key and of its account.
func (k Key) String() string { return "key(" + k.ID + " of " + k.AccountID + ")" }

// Format writes String for every verb of fmt.
func (k Key) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, k.String()) }

// MarshalText returns String, also in JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
