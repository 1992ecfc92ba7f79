package billing

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Key is what is stored of Credentials: enough to know them again, and not enough to present them.
type Key struct {
	// ID is how the key is looked up. For a consumer key it holds that key, which is public; for an
	// API key it is a hash.
	ID string
	// SecretHash is the hash that presented credentials must have.
	SecretHash [sha256.Size]byte
	// AccountID is whom the key lets in.
	AccountID string
	// CreatedAt is when the key was made: UTC, whole microseconds.
	CreatedAt time.Time
}

// Kind is which kind of credentials the key knows again.
func (k Key) Kind() KeyKind {
	if strings.HasPrefix(k.ID, consumerPrefix) {
		return KindConsumerKey
	}
	return KindAPIKey
}

// String names the key by its ID, and its account.
func (k Key) String() string { return "key(" + k.ID + " of " + k.AccountID + ")" }

// Format keeps the hash out of every verb of fmt.
func (k Key) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, k.String()) }

// LogValue keeps the hash out of logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText keeps the hash out of JSON and the like.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
