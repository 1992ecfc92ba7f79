package client

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/turbosmtp-go/billing/gen/model"
)

// credentials is one of the document's two alternatives. Its values are known to closures only, as
// package fmt prints the unexported fields of a struct without asking their methods.
type credentials struct {
	// apply sets the alternative's headers and removes those of the other.
	apply func(http.Header)
	// hide takes the values out of a text, such as an answer that repeats what was sent.
	hide func(string) string
}

const redacted = "[redacted]"

// minHidden is the length from which a value is looked for in texts. What is shorter is no real key,
// and could be part of an error code.
const minHidden = 12

// newCredentials takes the options' credentials, else the environment's. None of its errors holds a
// value.
func newCredentials(cfg config) (credentials, error) {
	switch {
	case cfg.pair != nil && cfg.apiKey != nil:
		return credentials{}, errors.New("WithConsumerKey and WithAPIKey exclude each other: give one")
	case cfg.pair != nil:
		return pairCredentials("the consumer key", cfg.pair[0], "the consumer secret", cfg.pair[1])
	case cfg.apiKey != nil:
		return keyCredentials("the API key", *cfg.apiKey)
	}
	const keyName, secretName, apiKeyName = "TURBOSMTP_CONSUMER_KEY", "TURBOSMTP_CONSUMER_SECRET", "TURBOSMTP_API_KEY" //nolint:gosec // names, not values
	key, secret, apiKey := cfg.getenv(keyName), cfg.getenv(secretName), cfg.getenv(apiKeyName)
	switch {
	case key == "" && secret == "" && apiKey == "":
		return credentials{}, fmt.Errorf("no credentials: give WithConsumerKey or WithAPIKey, or set %s and %s, or %s", keyName, secretName, apiKeyName)
	case apiKey == "":
		return pairCredentials(keyName, key, secretName, secret)
	case key == "" && secret == "":
		return keyCredentials(apiKeyName, apiKey)
	}
	return credentials{}, fmt.Errorf("the environment holds both %s and %s or %s: set one alternative", apiKeyName, keyName, secretName)
}

func pairCredentials(keyName, key, secretName, secret string) (credentials, error) {
	if err := errors.Join(checkValue(keyName, key), checkValue(secretName, secret)); err != nil {
		return credentials{}, err
	}
	return credentials{
		apply: func(h http.Header) {
			h.Del(model.AuthorizationHeader)
			h.Set(model.ConsumerKeyHeader, key)
			h.Set(model.ConsumerSecretHeader, secret)
		},
		hide: hider(key, secret),
	}, nil
}

func keyCredentials(name, key string) (credentials, error) {
	if err := checkValue(name, key); err != nil {
		return credentials{}, err
	}
	return credentials{
		apply: func(h http.Header) {
			h.Del(model.ConsumerKeyHeader)
			h.Del(model.ConsumerSecretHeader)
			h.Set(model.AuthorizationHeader, key)
		},
		hide: hider(key),
	}, nil
}

// checkValue says what is wrong with a value, by the value's name.
func checkValue(name, value string) error {
	const bearer = "bearer "
	switch {
	case value == "":
		return fmt.Errorf("%s is missing", name)
	case len(value) >= len(bearer) && strings.EqualFold(value[:len(bearer)], bearer):
		return fmt.Errorf("%s begins with \"Bearer \": pass the raw key, with no scheme before it", name)
	case strings.TrimSpace(value) != value:
		return fmt.Errorf("%s has space around it", name)
	case !printableASCII(value):
		return fmt.Errorf("%s holds a character that is not printable ASCII", name)
	}
	return nil
}

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func hider(values ...string) func(string) string {
	var pairs []string
	for _, value := range values {
		if len(value) >= minHidden {
			pairs = append(pairs, value, redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

func (credentials) String() string               { return redacted }
func (credentials) GoString() string             { return redacted }
func (credentials) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Format redacts the verbs that ask neither String nor GoString.
func (credentials) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }
