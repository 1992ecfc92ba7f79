package client_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

// TestCredentialsInAnyCase has editors and middleware that set credentials of their own, under names in
// unusual case. The server gets the Client's alone.
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

// TestMiddlewareChangesOneTry: what a middleware changes in a request is not there at the next try.
func TestMiddlewareChangesOneTry(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "&t=1" || len(r.Header.Values("X-Try")) != 1 {
			t.Errorf("query %q, X-Try %q", r.URL.RawQuery, r.Header.Values("X-Try"))
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	var clock fakeClock
	err := buy(t, newClient(t, v.URL, clock.option(), layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r.URL.RawQuery += "&t=1"
		r.Header.Add("X-Try", "1")
		return next.RoundTrip(r)
	})))
	wantError(t, err, http.StatusServiceUnavailable, false)
	wantRequests(t, v, 4)
}

// TestAcceptFollowsTheDocument: an operation whose success is not JSON alone accepts anything.
func TestAcceptFollowsTheDocument(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept"); (got == "application/json") == other {
				t.Errorf("Accept %q", got)
			}
			sell(w)
		})
		promised := client.Documented()
		promised.Any = other
		if err := buy(t, newClient(t, v.URL, client.WithSuccesses(promised))); err != nil {
			t.Error(err)
		}
	}
}

// TestEscapedSecretIsHidden has a server repeat the key in JSON, as Go and PHP escape it.
func TestEscapedSecretIsHidden(t *testing.T) {
	t.Parallel()
	const key = "abcd/efgh&ijkl<mnop"
	for name, escaped := range map[string]string{
		"plain": key,
		"Go":    `abcd/efgh\u0026ijkl\u003cmnop`,
		"PHP":   `abcd\/efgh&ijkl<mnop`,
	} {
		v := answering(t, http.StatusForbidden, "application/json", `{"detail":"unknown key `+escaped+`"}`)
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

// TestPathThatLeadsElsewhere: a segment that a server or a proxy may decode to "..", and so to another
// operation, is not sent.
func TestPathThatLeadsElsewhere(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	for raw, sent := range map[string]bool{
		"/items/a%2Fb":              true,
		"/items/a..b":               true,
		"/items/..":                 false,
		"/items/%2e%2E/x":           false,
		"/items/x%2F..%2F..%2Fy":    false,
		"/items/x%2f%2E%2e":         false,
		"/items/./x":                false,
		"/items/.well-known/x%2Ey":  true,
		"/items/..%2Fbilling/admin": false,
	} {
		before := v.requests.Load()
		err := buyEdited(t, newClient(t, v.URL, client.WithSuccesses()), func(r *http.Request) error {
			u, err := r.URL.Parse(v.URL)
			if err != nil {
				return err
			}
			u.RawPath = raw
			u.Path, err = url.PathUnescape(raw)
			r.URL = u
			return err
		})
		if (err == nil) != sent || (v.requests.Load() > before) != sent {
			t.Errorf("%s: error %v, %d requests", raw, err, v.requests.Load()-before)
		}
	}
}
