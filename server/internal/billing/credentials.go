package billing

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Credentials are what somebody presents to be let in, of one of two kinds: a consumer key with its
// secret, or an API key alone. They hold no plain secret: it is hashed as they are made, and the
// same work is done for a key that exists and for one that does not. They print as their kind.
//
// The hash is one round of SHA-256 without salt. That suffices for secrets that are random and at
// least 128 bits long, as the ones that this project makes: no dictionary holds them and trying
// them all is out of reach, which is what slow hashes and salts buy for passwords that people
// choose. It must be fast, for it is done for every request. What is hashed begins with the kind of
// secret, and with its consumer key where there is one, so that no hash is of use in another place.
type Credentials struct {
	kind KeyKind
	id   string
	hash [sha256.Size]byte
}

// KeyKind is a kind of credentials, in words.
type KeyKind string

const (
	// KindConsumerKey is a consumer key with its secret.
	KindConsumerKey KeyKind = "consumer key"
	// KindAPIKey is an API key alone.
	KindAPIKey KeyKind = "API key"
)

const (
	// consumerPrefix and apiPrefix begin the ID of a key, and say its kind.
	consumerPrefix = "consumer:"
	apiPrefix      = "api:"
	// hashDomain sets these hashes apart from those of the same secret in any other program.
	hashDomain = "turbosmtp-go/billing v1 "
	// maxConsumerKey is far beyond any real consumer key, in bytes.
	maxConsumerKey = 256
)

// ConsumerKey returns the credentials of a consumer key, which is public and by which it is looked
// up, and its secret. Without either of them, or with a key that is longer than 256 bytes or no
// clean UTF-8, they belong to nobody.
func ConsumerKey(key, secret string) Credentials {
	c := Credentials{kind: KindConsumerKey, hash: hash("consumer secret", key, secret)}
	clean := utf8.ValidString(key) && !strings.ContainsRune(key, 0)
	if key != "" && secret != "" && len(key) <= maxConsumerKey && clean {
		c.id = consumerPrefix + key
	}
	return c
}

// APIKey returns the credentials of an API key. All of it is secret, so that it is looked up by a
// hash of it, another one than that which is compared. An empty key belongs to nobody.
func APIKey(key string) Credentials {
	id := hash("API key ID", key)
	c := Credentials{kind: KindAPIKey, hash: hash("API key", key)}
	if key != "" {
		c.id = apiPrefix + base64.RawURLEncoding.EncodeToString(id[:])
	}
	return c
}

// Key returns what is stored for these credentials when they are given to an account.
func (c Credentials) Key(accountID string) Key {
	return Key{ID: c.id, SecretHash: c.hash, AccountID: accountID}
}

// String names the kind of credentials, and nothing else of them.
func (c Credentials) String() string {
	if c.kind == "" {
		return "credentials(none)"
	}
	return "credentials(" + string(c.kind) + ")"
}

// Format keeps what Credentials hold out of every verb of fmt.
func (c Credentials) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// LogValue keeps what Credentials hold out of logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText keeps what Credentials hold out of JSON and the like.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Credentials) usable() bool { return c.id != "" }

// hash hashes parts with their lengths, so that no two lists of parts are hashed alike.
func hash(domain string, parts ...string) [sha256.Size]byte {
	buffer := make([]byte, 0, 256)
	buffer = append(buffer, hashDomain...)
	buffer = append(buffer, domain...)
	for _, part := range parts {
		buffer = binary.BigEndian.AppendUint64(append(buffer, 0), uint64(len(part)))
		buffer = append(buffer, part...)
	}
	return sha256.Sum256(buffer)
}
