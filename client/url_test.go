package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// TestURLThatIsNoSuccess has links that a customer cannot be sent to. The order has probably been taken,
// so its outcome is unknown, and the error does not repeat the link, which could be made to mislead.
func TestURLThatIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"x", "/checkout/1", "//x.example/1", "?a=1", "#a", "x.example/1", "x.example:443/1", " https://x.example", `\\\\x.example\\1`,
		"javascript:alert(1)", "javascript://x.example/%0aalert(1)", "data:text/html,x", "ftp://x.example/1", "mailto:a@x.example", "file:///etc/passwd",
		"https:x.example", "https:/x.example", "https://", "https:///x", "http:///x", "https://:443/x", "https://?x", "https://#x", "https://a@/x", "http:", "https",
		"https://x.example:port/1", "https://x.example:-1/1", "https://x.example:4 4/1", "https://[::1/1", "https://[x]y/1", "https://::1/1",
		"https://x.example/%zz", "https://x.example/%", "https://x%41mple.example/", "https://x example/1", `https://x\\@y.example/`,
		`https://x.example/\u0000`, `https://x.example/\u001b[2J`, `https://x.example/\n`, `https://x.example/\r\nA: b`, `https://x.example/\t`,
		`https://x.example/\u007f`, `https://x.example/\u0085`, `https://x.example/\u202e`, `https://x.example/\u200b`, `https://x.example/\ufeff`,
		`https://x.example/\u00a0`, `https://x.example/\u2028`, `https://x.example/\ue000`, `https://x.example/\udb40\udc41`, `\u0000https://x.example`,
		"https://x.example/\u202e", "https://x\u200b.example/", // as they are
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			v := responding(t, http.StatusOK, "application/json", `{"url":"`+url+`"}`)
			err := buy(t, newClient(t, v.URL))
			e := wantError(t, err, http.StatusOK, true)
			if !strings.Contains(err.Error(), `member "url" is not an absolute http or https URL`) || strings.Contains(err.Error(), "x.example") {
				t.Errorf("error %q", err)
			}
			if len(e.Body) == 0 {
				t.Error("no body: want it, to find the order by")
			}
			wantRequests(t, v, 1)
		})
	}
}

func TestURLThatIsASuccess(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://x.example", "https://x.example/", "http://x.example/1", "HTTPS://X.EXAMPLE/1", "HtTp://x.example", "https://x.example:8443/1", "https://x.example:/1",
		"https://192.0.2.1/1", "https://[2001:db8::1]/1", "https://[2001:db8::1]:8443/1", "https://[fe80::1%25en0]/1", "https://x/1",
		"https://x.example/1?a=1&b=%20c#d", "https://x.example?a#b", "https://x.example/%E2%9C%93/a%2Fb/%0a", "https://x.example//1/../2", "https://x.example/a;b=c,d",
		"https://x.example/\u00fc", "https://b\u00fccher.example/", "https://x.example/1?to=https://y.example/", "https://user@x.example/1",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			for name, written := range map[string]string{"as it is": url, "escaped": escapeAll(url)} {
				v := responding(t, http.StatusOK, "application/json", `{"url":"`+written+`"}`)
				payment, err := newClient(t, v.URL).BuyEmailValidatorCredits(t.Context(), order)
				if err != nil || payment.URL != url {
					t.Errorf("%s: payment %v, error %v: want %q", name, payment, err, url)
				}
			}
		})
	}
}

// escapeAll writes each character of a text as JSON can escape it.
func escapeAll(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

func compressed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCompressedResponse: the Client requests gzip itself.
func TestCompressedResponse(t *testing.T) {
	t.Parallel()
	const link = `{"url":"` + testLink + `"}`
	whole := compressed(t, link)
	corrupt := bytes.Clone(whole)
	corrupt[len(corrupt)-5] ^= 1 // of the checksum
	for name, tc := range map[string]struct {
		method, coding string
		status         int
		body           []byte
		ok             bool
	}{
		"whole":                   {"POST", "gzip", 200, whole, true},
		"in two parts":            {"POST", "gzip", 200, append(compressed(t, link[:5]), compressed(t, link[5:])...), true},
		"in another case":         {"POST", "GZIP", 200, whole, true}, // RFC 9110 section 8.4.1: codings have no case
		"not compressed":          {"POST", "", 200, []byte(link), true},
		"cut":                     {"POST", "gzip", 200, whole[:len(whole)-9], false},
		"cut in its head":         {"POST", "gzip", 200, whole[:5], false},
		"empty":                   {"POST", "gzip", 200, nil, false},
		"wrong checksum":          {"POST", "gzip", 200, corrupt, false},
		"followed by garbage":     {"POST", "gzip", 200, append(bytes.Clone(whole), link...), false},
		"followed by more":        {"POST", "gzip", 200, append(bytes.Clone(whole), whole...), false},
		"said to be, and is not":  {"POST", "gzip", 200, []byte(link), false},
		"is, and not said to be":  {"POST", "", 200, whole, false},
		"another coding":          {"POST", "br", 200, whole, false},
		"compressed twice":        {"POST", "gzip, gzip", 200, compressed(t, string(whole)), false},
		"HEAD, which has no body": {"HEAD", "gzip", 200, nil, true},
		"GET of no content":       {"GET", "gzip", 204, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Values("Accept-Encoding"); r.Method != http.MethodHead && (len(got) != 1 || got[0] != "gzip") {
					t.Errorf("Accept-Encoding %q", got)
				}
				w.Header().Set("Content-Type", "application/json")
				if tc.coding != "" {
					w.Header().Set("Content-Encoding", tc.coding)
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write(tc.body)
			})
			for sender, opt := range map[string]client.Option{"its own": nil, "the caller's": callersClient()} {
				var clock fakeClock
				err := sendAs(t, newClient(t, v.URL, clock.option(), opt), tc.method)
				if tc.ok && err != nil {
					t.Errorf("%s: %v", sender, err)
				}
				if !tc.ok {
					wantError(t, err, tc.status, true)
				}
			}
			wantRequests(t, v, 2)
		})
	}
}

// TestCompressedResponseThatNeverEnds has a server that sends one compressed nothing after the other. What
// is read of it is bounded, as there may be no time limit.
func TestCompressedResponseThatNeverEnds(t *testing.T) {
	t.Parallel()
	nothing := bytes.Repeat(compressed(t, ""), 100)
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		for {
			if _, err := w.Write(nothing); err != nil {
				return
			}
		}
	})
	err := buy(t, newClient(t, v.URL, client.WithTimeout(5*time.Second)))
	wantError(t, err, http.StatusOK, true)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v: want one before the time is over", err)
	}
}

// TestCompressedRefusal: the code of a refusal is read too, and where its body is broken, it stays one.
func TestCompressedRefusal(t *testing.T) {
	t.Parallel()
	whole := compressed(t, `{"message":"moon_is_full"}`)
	for name, tc := range map[string]struct {
		body []byte
		code string
	}{"whole": {whole, "moon_is_full"}, "cut": {whole[:8], ""}, "empty": {nil, ""}} {
		v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write(tc.body)
		})
		e := wantError(t, buy(t, newClient(t, v.URL)), http.StatusBadRequest, false)
		if text, err := json.Marshal(e); err != nil || e.Code != tc.code {
			t.Errorf("%s: code %q of %s, error %v: want %q", name, e.Code, text, err, tc.code)
		}
	}
}

func TestBaseURLOfTheEnvironment(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	env := func(url string) client.Option {
		return client.WithEnvironment(map[string]string{"TURBOSMTP_BASE_URL": url, "TURBOSMTP_API_KEY": testAPIKey})
	}
	for name, tc := range map[string]struct {
		opts     []client.Option
		contains string
	}{
		"environment":        {[]client.Option{env(v.URL + "/")}, ""},
		"option before it":   {[]client.Option{env("http://example.com"), client.WithBaseURL(v.URL)}, ""},
		"refused":            {[]client.Option{env("ftp://" + testSecret)}, "client: TURBOSMTP_BASE_URL: the base URL is not"},
		"plain":              {[]client.Option{env("http://example.com")}, "client: TURBOSMTP_BASE_URL: the base URL is plain http"},
		"user":               {[]client.Option{env("https://x:" + testSecret + "@example.com")}, "client: TURBOSMTP_BASE_URL: the base URL contains a user"},
		"the option's error": {[]client.Option{env(v.URL), client.WithBaseURL("")}, "client: WithBaseURL: the base URL is not"},
	} {
		c, err := client.New(tc.opts...)
		if tc.contains == "" {
			if err != nil || buy(t, c) != nil {
				t.Errorf("%s: error %v", name, err)
			}
			continue
		}
		if wantOutcome(t, err, false); !strings.HasPrefix(err.Error(), tc.contains) {
			t.Errorf("%s: error %v: want %q", name, err, tc.contains)
		}
	}
	wantRequests(t, v, 2)
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
