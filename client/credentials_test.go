package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// buyEdited buys through the generated client, after the editor.
func buyEdited(t testing.TB, c *client.Client, edit func(*http.Request) error) error {
	t.Helper()
	_, err := c.Raw().BuyEmailValidatorCreditsWithResponse(t.Context(), model.BuyEmailValidatorCreditsRequest{Amount: 320},
		func(_ context.Context, r *http.Request) error { return edit(r) })
	return err
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		// A server that repeats what it was sent, escaped and not.
		secrets := strings.Join(append(r.Header.Values(model.AuthorizationHeader), r.Header.Values(model.ConsumerSecretHeader)...), " ")
		escaped := strings.ReplaceAll(secrets, "-", `\u002d`)
		w.Header().Set("X-Request-Id", secrets)
		respondWith(w, http.StatusBadRequest, "application/json", `{"message":"not you, `+secrets+" "+escaped+`"}`)
	})
	pair := newClient(t, v.URL)
	single, err := client.New(client.WithAPIKey(testAPIKey), client.WithBaseURL(v.URL), client.WithHTTPClient(v.Client()))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"option of a pair":  client.WithConsumerKey(testKey, testSecret),
		"option of a key":   client.WithAPIKey(testAPIKey),
		"credentials":       client.APIKey(testAPIKey),
		"credentials below": struct{ C any }{client.APIKey(testAPIKey)},
	}
	for name, c := range map[string]*client.Client{"pair": pair, "key": single} {
		err := buy(t, c)
		wantError(t, err, http.StatusBadRequest, false)
		if e := wantError(t, err, http.StatusBadRequest, false); !strings.Contains(e.Message, "not you, [redacted] [redacted]") {
			t.Errorf("message %q: want it without the secrets", e.Message)
		} else {
			wantNoSecret(t, string(e.Body)+e.RequestID)
		}
		generated, ok := c.Raw().ClientInterface.(*httpclient.Client)
		if !ok {
			t.Fatalf("%T below Raw", c.Raw().ClientInterface)
		}
		values["client of a "+name] = c
		values["client value of a "+name] = *c
		values["clients of a "+name] = []*client.Client{c}
		values["raw client of a "+name] = c.Raw()
		values["generated client of a "+name] = generated
		values["generated client value of a "+name] = *generated
		values["doer of a "+name] = generated.Client
		values["error of a "+name] = err
		values["wrapped error of a "+name] = fmt.Errorf("buy: %w", err)
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p"} {
				text := fmt.Sprintf(verb, value)
				wantNoSecret(t, text)
				wantNoHex(t, text)
			}
			// What cannot be encoded, such as a function, shows nothing either.
			encoded, err := json.Marshal(value)
			wantNoSecret(t, string(encoded)+fmt.Sprint(err))
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
			wantNoSecret(t, log.String())
		})
	}
}

func wantNoHex(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{testKey, testSecret, testAPIKey} {
		if strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", secret)) {
			t.Errorf("%q holds the secret %q in hexadecimal", text, secret)
		}
	}
}

func TestClientPrintsItsServer(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1:1/api")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "client", c)
	for _, text := range []string{fmt.Sprintf("%v", c), fmt.Sprintf("%#v", c), log.String()} {
		if !strings.Contains(text, "client.Client(http://127.0.0.1:1/api)") {
			t.Errorf("%q: want the base URL", text)
		}
	}
	credentials := client.APIKey(testAPIKey)
	encoded, err := json.Marshal(credentials)
	for _, text := range []string{
		fmt.Sprintf("%d", credentials), credentials.String(), credentials.GoString(), credentials.LogValue().String(), strings.Trim(string(encoded), `"`),
	} {
		if text != "[redacted]" || err != nil {
			t.Errorf("credentials print as %q, error %v", text, err)
		}
	}
}

// A key that is too short to be one is not looked for: it could be a part of a code.
func TestShortKeyDoesNotBreakACode(t *testing.T) {
	t.Parallel()
	v := responding(t, http.StatusUnauthorized, "application/json", `{"message":"account_is_inactive"}`)
	c, err := client.New(client.WithAPIKey("account"), client.WithBaseURL(v.URL), client.WithHTTPClient(v.Client()))
	if err != nil {
		t.Fatal(err)
	}
	if err := buy(t, c); !client.HasCode(err, model.AccountIsInactive) {
		t.Errorf("error %v: want the code", err)
	}
}

func TestOtherServerGetsNothing(t *testing.T) {
	t.Parallel()
	other := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	c := newClient(t, v.URL+"/api")
	otherHost := strings.TrimPrefix(other.URL, "http://")
	for name, edit := range map[string]func(*http.Request) error{
		"host":            func(r *http.Request) error { r.URL.Host = otherHost; r.Host = otherHost; return nil },
		"host of the URL": func(r *http.Request) error { r.URL.Host = otherHost; return nil },
		"host header":     func(r *http.Request) error { r.Host = "evil.example.com"; return nil },
		"scheme":          func(r *http.Request) error { r.URL.Scheme = "https"; return nil },
		"path":            func(r *http.Request) error { r.URL.Path = "/other"; return nil },
		"sibling path":    func(r *http.Request) error { r.URL.Path = "/api2/billing"; return nil },
		"no body": func(r *http.Request) error {
			r.Body, r.GetBody, r.URL.Path = nil, nil, "/"
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := buyEdited(t, c, edit)
			wantOutcome(t, err, false)
			if !strings.Contains(err.Error(), "not for the server of the base URL") {
				t.Errorf("error %v", err)
			}
		})
	}
	wantRequests(t, other, 0)
	wantRequests(t, v, 0)
}

// TestCredentialsInAnyCase: credentials that editors and middleware set, with names in any case, are replaced by the
// Client's own.
func TestCredentialsInAnyCase(t *testing.T) {
	t.Parallel()
	theirs := func(h http.Header) {
		for _, name := range []string{client.AuthorizationHeader, client.ConsumerKeyHeader, client.ConsumerSecretHeader} {
			h[strings.ToLower(name)], h[strings.ToUpper(name)], h[name] = []string{"theirs"}, []string{"theirs"}, []string{"theirs"}
		}
	}
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		for name, want := range map[string]string{client.AuthorizationHeader: "", client.ConsumerKeyHeader: testKey, client.ConsumerSecretHeader: testSecret} {
			if got := strings.Join(r.Header.Values(name), ","); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		sell(w)
	})
	for name, opt := range map[string]client.Option{
		"its own":      nil,
		"the caller's": client.WithHTTPClient(&http.Client{Transport: v.Client().Transport}),
		"a middleware": layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			theirs(r.Header)
			return next.RoundTrip(r)
		}),
	} {
		if err := buyEdited(t, newClient(t, v.URL, opt), func(r *http.Request) error { theirs(r.Header); return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEscapedSecretIsHidden: a key that a response repeats is redacted, escaped or not.
func TestEscapedSecretIsHidden(t *testing.T) {
	t.Parallel()
	const key = "abcd/efgh&ijkl<mnop"
	for name, escaped := range map[string]string{
		"plain": key,
		"Go":    `abcd/efgh\u0026ijkl\u003cmnop`,
		"PHP":   `abcd\/efgh&ijkl<mnop`,
	} {
		v := responding(t, http.StatusForbidden, "application/json", `{"detail":"unknown key `+escaped+`"}`)
		c, err := client.New(client.WithAPIKey(key), client.WithBaseURL(v.URL))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if e := wantError(t, buy(t, c), http.StatusForbidden, false); string(e.Body) != `{"detail":"unknown key [redacted]"}` {
			t.Errorf("%s: body %s", name, e.Body)
		}
	}
}
