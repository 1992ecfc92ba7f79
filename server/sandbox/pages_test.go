package sandbox_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// getPage returns the response of a handler to a request for a page, and the body.
func getPage(t testing.TB, handler http.Handler, method, path string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080"+path, nil)
	if change != nil {
		change(request)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	response := recorder.Result()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// newHandler returns the handler of a sandbox with these options and an empty store.
func newHandler(t testing.TB, options ...sandbox.Option) http.Handler {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	options = append([]sandbox.Option{sandbox.WithLogger(slog.New(slog.DiscardHandler))}, options...)
	box, err := sandbox.New(t.Context(), store, "http://127.0.0.1:8080", options...)
	if err != nil {
		t.Fatal(err)
	}
	return box.Handler()
}

func TestStartPage(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-24-characters"
	for name, test := range map[string]struct {
		options        []sandbox.Option
		want, unwanted []string
	}{
		"with demo accounts": {
			[]sandbox.Option{sandbox.WithDemoAccounts(), sandbox.WithControlToken(token)},
			[]string{`href="docs"`, `href="journal"`, `href="openapi.yaml"`, "http://127.0.0.1:8080/api/v2", "sandbox-active-key",
				"sandbox-noplan-token", "401 account_is_inactive", "curl -X POST"},
			[]string{token, "--demo-accounts"},
		},
		"without demo accounts": {nil, []string{`href="docs"`, "--demo-accounts"}, []string{"sandbox-active", "curl"}},
	} {
		response, body := getPage(t, newHandler(t, test.options...), "GET", "/", nil)
		if response.StatusCode != http.StatusOK || !strings.Contains(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", name, response.StatusCode, response.Header)
		}
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page does not contain %s", name, want)
			}
		}
		for _, unwanted := range append(test.unwanted, "<script", "style=", "http://localhost") {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s: the page contains %s", name, unwanted)
			}
		}
	}
}

func TestControlDocument(t *testing.T) {
	t.Parallel()
	if response, body := getPage(t, newHandler(t), "GET", "/sandbox.yaml", nil); response.StatusCode != 200 || !strings.Contains(body, "operationId: addFault") {
		t.Errorf("/sandbox.yaml: %d %s", response.StatusCode, body)
	}
}

func TestJournalPageAccess(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-24-characters"
	withToken := []sandbox.Option{sandbox.WithControlToken(token)}
	password := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth("any", text) }
	}
	for name, test := range map[string]struct {
		options   []sandbox.Option
		change    func(*http.Request)
		status    int
		challenge bool
	}{
		"open":              {[]sandbox.Option{sandbox.WithOpenControl()}, nil, 200, false},
		"open, other host":  {[]sandbox.Option{sandbox.WithOpenControl()}, func(r *http.Request) { r.Host = "sandbox.example.com" }, 403, false},
		"off":               {nil, nil, 404, false},
		"no token":          {withToken, nil, 401, true},
		"a wrong token":     {withToken, password(token + "x"), 401, true},
		"an empty password": {withToken, password(""), 401, true},
		"the token":         {withToken, password(token), 200, false},
	} {
		handler := newHandler(t, test.options...)
		getPage(t, handler, "GET", "/nowhere", nil)
		response, body := getPage(t, handler, "GET", "/journal", test.change)
		if response.StatusCode != test.status || (response.Header.Get("WWW-Authenticate") != "") != test.challenge {
			t.Errorf("%s: %d %v, want %d", name, response.StatusCode, response.Header, test.status)
		}
		if strings.Contains(body, "/nowhere") != (test.status == 200) {
			t.Errorf("%s: the page is %s", name, body)
		}
		if !strings.Contains(response.Header.Get("Content-Security-Policy"), "default-src 'none'") || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the security headers are missing: %v", name, response.Header)
		}
	}
}

// Requests for the pages are not in the journal.
func TestPagesAreNotRecorded(t *testing.T) {
	t.Parallel()
	box := sandboxtest.Start(t)
	for _, path := range []string{"/", "/journal", "/docs", "/docs/nothing", "/openapi.yaml", "/openapi.json", "/sandbox.yaml", "/livez", "/readyz", "/favicon.ico", "/_sandbox/accounts", "/_sandbox/nothing"} {
		response, err := http.Get(box.Origin + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if entries := box.Journal(); len(entries) != 0 {
		t.Errorf("the journal contains %+v", entries)
	}
}
