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

// look asks for a page of a handler, and returns its answer and the body.
func look(t testing.TB, handler http.Handler, method, path string, change func(*http.Request)) (*http.Response, string) {
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

// handler is a sandbox of the options alone, over an empty store.
func handler(t testing.TB, options ...sandbox.Option) http.Handler {
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
		options []sandbox.Option
		has, no []string
	}{
		"demo accounts": {
			[]sandbox.Option{sandbox.WithDemoAccounts(), sandbox.WithControlToken(token)},
			[]string{`href="docs"`, `href="journal"`, `href="openapi.yaml"`, "http://127.0.0.1:8080/api/v2", "sandbox-active-key",
				"sandbox-noplan-token", "401 account_is_inactive", "curl -X POST"},
			[]string{token, "--demo-accounts"},
		},
		"none": {nil, []string{`href="docs"`, "--demo-accounts"}, []string{"sandbox-active", "curl"}},
	} {
		response, body := look(t, handler(t, test.options...), "GET", "/", nil)
		if response.StatusCode != http.StatusOK || !strings.Contains(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: answered %d %v", name, response.StatusCode, response.Header)
		}
		for _, want := range test.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page does not have %s", name, want)
			}
		}
		for _, no := range append(test.no, "<script", "style=", "http://localhost") {
			if strings.Contains(body, no) {
				t.Errorf("%s: the page has %s", name, no)
			}
		}
	}
}

func TestJournalPage(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-24-characters"
	withToken := []sandbox.Option{sandbox.WithControlToken(token)}
	password := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth("any", text) }
	}
	for name, test := range map[string]struct {
		options []sandbox.Option
		change  func(*http.Request)
		status  int
		asks    bool
	}{
		"open":              {[]sandbox.Option{sandbox.WithOpenControl()}, nil, 200, false},
		"open, elsewhere":   {[]sandbox.Option{sandbox.WithOpenControl()}, func(r *http.Request) { r.Host = "sandbox.example.com" }, 403, false},
		"off":               {nil, nil, 404, false},
		"no token":          {withToken, nil, 401, true},
		"a wrong token":     {withToken, password(token + "x"), 401, true},
		"an empty password": {withToken, password(""), 401, true},
		"the token":         {withToken, password(token), 200, false},
	} {
		box := handler(t, test.options...)
		look(t, box, "GET", "/nowhere", nil)
		response, body := look(t, box, "GET", "/journal", test.change)
		if response.StatusCode != test.status || (response.Header.Get("WWW-Authenticate") != "") != test.asks {
			t.Errorf("%s: answered %d %v, want %d", name, response.StatusCode, response.Header, test.status)
		}
		if strings.Contains(body, "/nowhere") != (test.status == 200) {
			t.Errorf("%s: the page is %s", name, body)
		}
	}
}

func TestJournalPages(t *testing.T) {
	t.Parallel()
	box := handler(t, sandbox.WithOpenControl())
	_, body := look(t, box, "GET", "/journal", nil)
	if !strings.Contains(body, "No request has arrived yet.") {
		t.Errorf("an empty journal is %s", body)
	}
	for i := range 51 {
		look(t, box, "GET", "/nowhere/"+strings.Repeat("x", i+1), nil)
	}
	_, body = look(t, box, "GET", "/journal", nil)
	if n := strings.Count(body, "<details>"); n != 50 || !strings.Contains(body, `href="journal?before=2"`) {
		t.Errorf("the first page has %d entries: %s", n, body)
	}
	_, body = look(t, box, "GET", "/journal?before=2", nil)
	if n := strings.Count(body, "<details>"); n != 1 || strings.Contains(body, "before=") || !strings.Contains(body, "The newest") {
		t.Errorf("the second page has %d entries: %s", n, body)
	}
	_, body = look(t, box, "GET", "/journal?before=1", nil)
	if !strings.Contains(body, "There are no older requests.") {
		t.Errorf("beyond the last page is %s", body)
	}
}

func TestPagesForPeopleCanOnlyBeLookedAt(t *testing.T) {
	t.Parallel()
	box := handler(t, sandbox.WithOpenControl())
	for _, path := range []string{"/", "/journal", "/sandbox.yaml"} {
		if response, body := look(t, box, "POST", path, nil); response.StatusCode != 405 || response.Header.Get("Allow") != "GET, HEAD" || !strings.HasPrefix(body, `{"message":`) {
			t.Errorf("POST %s: %d %s", path, response.StatusCode, body)
		}
	}
	if response, body := look(t, box, "GET", "/sandbox.yaml", nil); response.StatusCode != 200 || !strings.Contains(body, "operationId: addFault") {
		t.Errorf("/sandbox.yaml: %d", response.StatusCode)
	}
}

// The pages themselves are not in the journal.
func TestPagesAreQuiet(t *testing.T) {
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
		t.Errorf("the journal has %+v", entries)
	}
}
