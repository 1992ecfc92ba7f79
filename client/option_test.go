package client_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	key := client.WithAPIKey(testAPIKey)
	for name, tc := range map[string]struct {
		opts     []client.Option
		contains string
	}{
		"no credentials":         {nil, "no credentials"},
		"nil provider":           {[]client.Option{client.WithCredentials(nil)}, "WithCredentials: the provider is nil"},
		"both alternatives":      {[]client.Option{key, client.WithConsumerKey(testKey, testSecret)}, "exclude each other"},
		"no key":                 {[]client.Option{client.WithConsumerKey("", testSecret)}, "consumer key is missing"},
		"no secret":              {[]client.Option{client.WithConsumerKey(testKey, "")}, "consumer secret is missing"},
		"empty API key":          {[]client.Option{client.WithAPIKey("")}, "API key is missing"},
		"bearer":                 {[]client.Option{client.WithAPIKey("Bearer " + testAPIKey)}, "raw key"},
		"bearer in lower case":   {[]client.Option{client.WithAPIKey("bearer " + testAPIKey)}, "raw key"},
		"bearer in a pair":       {[]client.Option{client.WithConsumerKey("BEARER "+testKey, testSecret)}, "raw key"},
		"space before":           {[]client.Option{client.WithAPIKey(" " + testAPIKey)}, "space around"},
		"newline after":          {[]client.Option{client.WithAPIKey(testAPIKey + "\n")}, "space around"},
		"CRLF within":            {[]client.Option{client.WithAPIKey(testAPIKey + "\r\nX-Evil: 1")}, "printable ASCII"},
		"control character":      {[]client.Option{client.WithConsumerKey(testKey, testSecret+"\x00x")}, "printable ASCII"},
		"delete character":       {[]client.Option{client.WithConsumerKey(testKey, testSecret+"\x7fx")}, "printable ASCII"},
		"not ASCII":              {[]client.Option{client.WithAPIKey(testAPIKey + "é")}, "printable ASCII"},
		"not UTF-8":              {[]client.Option{client.WithAPIKey(testAPIKey + "\xff")}, "printable ASCII"},
		"relative URL":           {[]client.Option{key, client.WithBaseURL("/api/v2")}, "absolute"},
		"host without a scheme":  {[]client.Option{key, client.WithBaseURL("example.com/api")}, "absolute"},
		"no host":                {[]client.Option{key, client.WithBaseURL("https:///api")}, "absolute"},
		"a port without a host":  {[]client.Option{key, client.WithBaseURL("https://:443/api")}, "absolute"},
		"opaque URL":             {[]client.Option{key, client.WithBaseURL("https:example.com")}, "absolute"},
		"other scheme":           {[]client.Option{key, client.WithBaseURL("ftp://example.com")}, "absolute"},
		"empty URL":              {[]client.Option{key, client.WithBaseURL("")}, "absolute"},
		"broken URL":             {[]client.Option{key, client.WithBaseURL("https://user:" + testSecret)}, "absolute"},
		"user":                   {[]client.Option{key, client.WithBaseURL("https://user:" + testSecret + "@example.com")}, "contains a user"},
		"query":                  {[]client.Option{key, client.WithBaseURL("https://example.com/?a=1")}, "a query"},
		"empty query":            {[]client.Option{key, client.WithBaseURL("https://example.com/?")}, "a query"},
		"fragment":               {[]client.Option{key, client.WithBaseURL("https://example.com/#x")}, "a fragment"},
		"empty fragment":         {[]client.Option{key, client.WithBaseURL("https://example.com/#")}, "a fragment"},
		"plain http":             {[]client.Option{key, client.WithBaseURL("http://example.com")}, "WithInsecureHTTP"},
		"plain http to a number": {[]client.Option{key, client.WithBaseURL("http://192.0.2.1")}, "WithInsecureHTTP"},
		"name like localhost":    {[]client.Option{key, client.WithBaseURL("http://localhost.example.com")}, "WithInsecureHTTP"},
		"name like an address":   {[]client.Option{key, client.WithBaseURL("http://127.0.0.1.example.com")}, "WithInsecureHTTP"},
		"negative retries":       {[]client.Option{key, client.WithMaxRetries(-1)}, "retries"},
		"negative timeout":       {[]client.Option{key, client.WithTimeout(-time.Second)}, "timeout"},
		"empty user agent":       {[]client.Option{key, client.WithUserAgent("")}, "user agent"},
		"broken user agent":      {[]client.Option{key, client.WithUserAgent("a\r\nb")}, "user agent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := client.New(append([]client.Option{client.WithEnvironment(nil)}, tc.opts...)...)
			if err == nil {
				t.Fatalf("made %v: want an error", c)
			}
			wantOutcome(t, err, false)
			if !strings.Contains(err.Error(), tc.contains) {
				t.Errorf("error %q: want one that contains %q", err, tc.contains)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]client.Option{
		"defaults":            {client.WithAPIKey(testAPIKey)},
		"nil option":          {nil, client.WithAPIKey(testAPIKey)},
		"nil http client":     {client.WithAPIKey(testAPIKey), client.WithHTTPClient(nil)},
		"key that names it":   {client.WithAPIKey("bearerless")},
		"https":               {client.WithAPIKey(testAPIKey), client.WithBaseURL("https://example.com")},
		"localhost":           {client.WithAPIKey(testAPIKey), client.WithBaseURL("http://localhost:8080/api")},
		"LOCALHOST":           {client.WithAPIKey(testAPIKey), client.WithBaseURL("HTTP://LOCALHOST:8080/api")},
		"loopback net":        {client.WithAPIKey(testAPIKey), client.WithBaseURL("http://127.8.9.1:8080")},
		"loopback of IPv6":    {client.WithAPIKey(testAPIKey), client.WithBaseURL("http://[::1]:8080")},
		"http by choice":      {client.WithAPIKey(testAPIKey), client.WithBaseURL("http://sandbox:8080"), client.WithInsecureHTTP()},
		"no bound, no retry":  {client.WithAPIKey(testAPIKey), client.WithTimeout(0), client.WithMaxRetries(0)},
		"the last one counts": {client.WithAPIKey(""), client.WithAPIKey(testAPIKey)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := client.New(opts...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDefaults runs alone, as it sets the environment of the process.
func TestDefaults(t *testing.T) {
	t.Setenv("TURBOSMTP_CONSUMER_KEY", "")
	t.Setenv("TURBOSMTP_CONSUMER_SECRET", "")
	t.Setenv("TURBOSMTP_API_KEY", testAPIKey)
	c, err := client.New()
	if err != nil {
		t.Fatal(err)
	}
	if want := "client.Client(" + httpclient.ServerURLProduction + ")"; c.String() != want {
		t.Errorf("%s: want %s", c, want)
	}
}

func TestCredentialsAreOneAlternative(t *testing.T) {
	t.Parallel()
	pair := http.Header{model.ConsumerKeyHeader: {testKey}, model.ConsumerSecretHeader: {testSecret}}
	apiKey := http.Header{model.AuthorizationHeader: {testAPIKey}}
	env := func(key, secret, apiKey string) client.Option {
		return client.WithEnvironment(map[string]string{
			"TURBOSMTP_CONSUMER_KEY": key, "TURBOSMTP_CONSUMER_SECRET": secret, "TURBOSMTP_API_KEY": apiKey,
		})
	}
	for name, tc := range map[string]struct {
		env      client.Option
		opts     []client.Option
		want     http.Header // nil: refused
		contains string
	}{
		"pair option":                      {env("", "", ""), []client.Option{client.WithConsumerKey(testKey, testSecret)}, pair, ""},
		"key option":                       {env("", "", ""), []client.Option{client.WithAPIKey(testAPIKey)}, apiKey, ""},
		"pair of the environment":          {env(testKey, testSecret, ""), nil, pair, ""},
		"key of the environment":           {env("", "", testAPIKey), nil, apiKey, ""},
		"key option before environment":    {env(testKey, testSecret, ""), []client.Option{client.WithAPIKey(testAPIKey)}, apiKey, ""},
		"pair option before environment":   {env("", "", testAPIKey), []client.Option{client.WithConsumerKey(testKey, testSecret)}, pair, ""},
		"option before broken environment": {env(testKey, "", testAPIKey), []client.Option{client.WithAPIKey(testAPIKey)}, apiKey, ""},
		"option is not filled up":          {env(testKey, testSecret, ""), []client.Option{client.WithConsumerKey(testKey, "")}, nil, "consumer secret is missing"},
		"both in the environment":          {env(testKey, testSecret, testAPIKey), nil, nil, "set an API key, or"},
		"key and half a pair":              {env(testKey, "", testAPIKey), nil, nil, "set an API key, or"},
		"key and the other half":           {env("", testSecret, testAPIKey), nil, nil, "set an API key, or"},
		"half a pair":                      {env(testKey, "", ""), nil, nil, "TURBOSMTP_CONSUMER_SECRET is missing"},
		"the other half":                   {env("", testSecret, ""), nil, nil, "TURBOSMTP_CONSUMER_KEY is missing"},
		"bearer in the environment":        {env("", "", "Bearer "+testAPIKey), nil, nil, "TURBOSMTP_API_KEY begins with"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				for _, header := range []string{model.AuthorizationHeader, model.ConsumerKeyHeader, model.ConsumerSecretHeader} {
					if got, want := r.Header.Values(header), tc.want[header]; !slices.Equal(got, want) {
						t.Errorf("%s: %q, want %q", header, got, want)
					}
				}
				sell(w)
			})
			opts := append([]client.Option{tc.env, client.WithBaseURL(v.URL), client.WithHTTPClient(v.Client())}, tc.opts...)
			c, err := client.New(opts...)
			if tc.want == nil {
				if err == nil || !strings.Contains(err.Error(), tc.contains) {
					t.Fatalf("error %v: want one that contains %q", err, tc.contains)
				}
				wantOutcome(t, err, false)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := buyEdited(t, c, setAllCredentials); err != nil { // The other alternative is never sent.
				t.Error(err)
			}
			wantRequests(t, v, 1)
		})
	}
}

func setAllCredentials(r *http.Request) error {
	for _, header := range []string{model.AuthorizationHeader, model.ConsumerKeyHeader, model.ConsumerSecretHeader} {
		r.Header.Set(header, "set by an editor")
	}
	return nil
}

func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	var used bool
	hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		used = true
		return http.DefaultTransport.RoundTrip(r)
	})}
	c := newClient(t, v.URL, client.WithHTTPClient(hc))
	if hc.CheckRedirect != nil {
		t.Error("the given client was changed")
	}
	hc.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("changed later") })
	if err := buy(t, c); err != nil || !used {
		t.Errorf("error %v, used %t: want the transport that was given", err, used)
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.UserAgent(); got != "shop/1.2" {
			t.Errorf("user agent %q", got)
		}
		sell(w)
	})
	if err := buy(t, newClient(t, v.URL, client.WithUserAgent("shop/1.2"))); err != nil {
		t.Error(err)
	}
	// One that a request was given goes before it.
	edit := func(r *http.Request) error { r.Header.Set("User-Agent", "shop/1.2"); return nil }
	if err := buyEdited(t, newClient(t, v.URL, client.WithUserAgent("shop/1.1")), edit); err != nil {
		t.Error(err)
	}
}
