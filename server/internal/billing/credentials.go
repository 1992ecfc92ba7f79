package billing

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Credentials authenticate a request. They are of one of two kinds: a consumer key with its secret, or an API key.
// They contain a hash instead of the secret, which is computed for existing and for unknown keys alike. They print
// their kind only.
//
// The hash is one round of SHA-256 without salt, because it is computed for every request. This is enough for random
// secrets of at least 128 bits, such as those of AddKey: slow hashes and salts protect passwords that people choose.
// The hashed text begins with the kind of the secret and with its consumer key, if any, so that the same secret has
// different hashes in different places.
type Credentials struct {
	kind KeyKind
	id   string
	hash [sha256.Size]byte
}

// KeyKind is a kind of credentials.
type KeyKind string

const (
	// KindConsumerKey is a consumer key with its secret.
	KindConsumerKey KeyKind = "consumer key"
	// KindAPIKey is an API key.
	KindAPIKey KeyKind = "API key"
)

const (
	// consumerPrefix and apiPrefix begin the ID of a key and distinguish its kind.
	consumerPrefix = "consumer:"
	apiPrefix      = "api:"
	// hashDomain makes the hashes differ from those of the same secret in other programs.
	hashDomain = "turbosmtp-go/billing v1 "
	// maxConsumerKey is the maximum length of a consumer key, in bytes.
	maxConsumerKey = 256
)

// ConsumerKey returns the credentials of a consumer key, which is public, and its secret. They match no account if one
// of the two is empty, or if the key is longer than 256 bytes, contains a NUL or is not valid UTF-8.
func ConsumerKey(key, secret string) Credentials {
	c := Credentials{kind: KindConsumerKey, hash: hash("consumer secret", key, secret)}
	storable := utf8.ValidString(key) && !strings.ContainsRune(key, 0)
	if key != "" && secret != "" && len(key) <= maxConsumerKey && storable {
		c.id = consumerPrefix + key
	}
	return c
}

// APIKey returns the credentials of an API key. The whole key is secret, so its ID is a hash, which differs from the
// hash that is compared. An empty key matches no account.
func APIKey(key string) Credentials {
	id := hash("API key ID", key)
	c := Credentials{kind: KindAPIKey, hash: hash("API key", key)}
	if key != "" {
		c.id = apiPrefix + base64.RawURLEncoding.EncodeToString(id[:])
	}
	return c
}

// Key returns the stored form of the credentials for an account.
func (c Credentials) Key(accountID string) Key {
	return Key{ID: c.id, SecretHash: c.hash, AccountID: accountID}
}

// String returns the kind of the credentials. Format and MarshalText use it, also in logs.
func (c Credentials) String() string {
	if c.kind == "" {
		return "credentials(none)"
	}
	return "credentials(" + string(c.kind) + ")"
}

// Format writes String for every verb of fmt.
func (c Credentials) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// MarshalText returns String.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// hash hashes parts with their lengths, so that different lists of parts have different hashes.
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
