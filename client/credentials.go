package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/turbosmtp-go/billing/gen/model"
)

// Credentials authenticate a call. [APIKey] and [ConsumerKey] make them. Printing them, logging them
// or encoding them as JSON does not show them.
type Credentials struct {
	// The values are known to closures only, because package fmt prints the unexported fields of a
	// struct without asking their methods.

	// apply sets the headers and removes those of the other way to authenticate.
	apply func(http.Header)
	// hide removes the values from a text, such as a response that repeats what was sent.
	hide func(string) string
	// invalid is the reason why they cannot be sent, or nil.
	invalid error
}

// A CredentialsProvider returns the credentials for one call. See [WithCredentials].
type CredentialsProvider func(ctx context.Context) (Credentials, error)

// APIKey returns the credentials of an API key, for a [CredentialsProvider]. It is checked when it is
// used, as in [WithAPIKey].
func APIKey(key string) Credentials {
	return keyCredentials("the API key", key)
}

// ConsumerKey returns the credentials of a consumer key and its secret, for a [CredentialsProvider].
// They are checked when they are used, as in [WithConsumerKey].
func ConsumerKey(key, secret string) Credentials {
	return pairCredentials("the consumer key", key, "the consumer secret", secret)
}

// The document's headers, as an http.Header has them.
var (
	keyHeader    = http.CanonicalHeaderKey(model.ConsumerKeyHeader)
	secretHeader = http.CanonicalHeaderKey(model.ConsumerSecretHeader)
	apiKeyHeader = http.CanonicalHeaderKey(model.AuthorizationHeader)
)

const redacted = "[redacted]"

// minHidden is the minimum length of a value that is redacted in texts. A shorter one is not a real key, and could be a
// part of an error code.
const minHidden = 12

const keyVariable, secretVariable, apiKeyVariable = "TURBOSMTP_CONSUMER_KEY", "TURBOSMTP_CONSUMER_SECRET", "TURBOSMTP_API_KEY" //nolint:gosec // names, not values

// newProvider takes the credentials of the options, else those of the environment. None of its errors
// contains a value.
func newProvider(cfg config) (CredentialsProvider, error) {
	given := 0
	for _, is := range []bool{cfg.pair != nil, cfg.apiKey != nil, cfg.provider != nil} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, errors.New("WithConsumerKey, WithAPIKey and WithCredentials exclude each other: give one")
	case cfg.provider != nil && *cfg.provider == nil:
		return nil, errors.New("WithCredentials: the provider is nil")
	case cfg.provider != nil:
		return *cfg.provider, nil
	}
	fixed := fixedCredentials(cfg)
	return func(context.Context) (Credentials, error) { return fixed, nil }, fixed.invalid
}

func fixedCredentials(cfg config) Credentials {
	switch {
	case cfg.pair != nil:
		return pairCredentials("WithConsumerKey: the consumer key", cfg.pair[0], "WithConsumerKey: the consumer secret", cfg.pair[1])
	case cfg.apiKey != nil:
		return keyCredentials("WithAPIKey: the API key", *cfg.apiKey)
	}
	key, secret, apiKey := cfg.getenv(keyVariable), cfg.getenv(secretVariable), cfg.getenv(apiKeyVariable)
	switch {
	case key == "" && secret == "" && apiKey == "":
		return Credentials{invalid: fmt.Errorf("no credentials: give WithConsumerKey or WithAPIKey, or set %s and %s, or %s", keyVariable, secretVariable, apiKeyVariable)}
	case apiKey == "":
		return pairCredentials(keyVariable, key, secretVariable, secret)
	case key == "" && secret == "":
		return keyCredentials(apiKeyVariable, apiKey)
	}
	return Credentials{invalid: fmt.Errorf("the environment contains both %s and %s or %s: set an API key, or a consumer key and its secret", apiKeyVariable, keyVariable, secretVariable)}
}

func pairCredentials(keyName, key, secretName, secret string) Credentials {
	keys, secrets := []string{key}, []string{secret}
	return Credentials{
		apply: func(h http.Header) {
			delete(h, apiKeyHeader)
			h[keyHeader], h[secretHeader] = keys, secrets
		},
		hide:    hider(key, secret),
		invalid: errors.Join(checkValue(keyName, key), checkValue(secretName, secret)),
	}
}

func keyCredentials(name, key string) Credentials {
	keys := []string{key}
	return Credentials{
		apply: func(h http.Header) {
			delete(h, keyHeader)
			delete(h, secretHeader)
			h[apiKeyHeader] = keys
		},
		hide:    hider(key),
		invalid: checkValue(name, key),
	}
}

// dropCredentials removes the headers of all credentials, in whatever case they were set.
func dropCredentials(h http.Header) {
	for name := range h {
		if strings.EqualFold(name, keyHeader) || strings.EqualFold(name, secretHeader) || strings.EqualFold(name, apiKeyHeader) {
			delete(h, name)
		}
	}
}

// checkValue returns an error with the name of a value that cannot be sent.
func checkValue(name, value string) error {
	const bearer = "bearer "
	switch {
	case value == "":
		return fmt.Errorf("%s is missing or empty", name)
	case len(value) >= len(bearer) && strings.EqualFold(value[:len(bearer)], bearer):
		return fmt.Errorf("%s begins with \"Bearer \": pass the raw key, with no scheme before it", name)
	case strings.TrimSpace(value) != value:
		return fmt.Errorf("%s has space around it", name)
	case !printableASCII(value):
		return fmt.Errorf("%s contains a character that is not printable ASCII", name)
	}
	return nil
}

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func hider(values ...string) func(string) string {
	// The longest first, as one may begin like another.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, value := range values {
		if len(value) >= minHidden {
			escaped, _ := json.Marshal(value) // as a server may repeat it; a string always can be
			pairs = append(pairs, value, redacted, strings.Trim(string(escaped), `"`), redacted, strings.ReplaceAll(value, "/", `\/`), redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// hideIn returns a copy of a header without the values.
func (c Credentials) hideIn(h http.Header) http.Header {
	h = h.Clone()
	for _, values := range h {
		for i, value := range values {
			values[i] = c.hide(value)
		}
	}
	return h
}

// String returns "[redacted]".
func (Credentials) String() string { return redacted }

// GoString returns "[redacted]".
func (Credentials) GoString() string { return redacted }

// LogValue returns "[redacted]", for log/slog.
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[redacted]" as a JSON string.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Format writes "[redacted]", for the verbs that call neither String nor GoString.
func (Credentials) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }
