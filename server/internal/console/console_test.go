package console_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/console"
	"github.com/turbosmtp-go/billing/server/internal/journal"
)

// newConsole returns a console whose journal has entries with the ids 1 to n.
func newConsole(t *testing.T, n int64, entry journal.Entry) *console.Console {
	t.Helper()
	c, err := console.New(console.Config{Logger: slog.New(slog.DiscardHandler), Entries: func(limit int, before int64) []journal.Entry {
		entries, id := []journal.Entry{}, n
		if before > 0 {
			id = min(id, before-1)
		}
		for ; id > 0 && len(entries) < limit; id-- {
			entry.ID = id
			entries = append(entries, entry)
		}
		return entries
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// get returns the body of the response to a GET request.
func get(t *testing.T, handler http.Handler, path string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	if recorder.Code != http.StatusOK {
		t.Errorf("%s: %d %s", path, recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func TestJournalPages(t *testing.T) {
	t.Parallel()
	for path, test := range map[string]struct {
		stored  int64
		entries int
		want    string
		older   bool
	}{
		"/journal":                            {51, 50, `href="journal?before=2"`, true},
		"/journal?before=x":                   {51, 50, `href="journal?before=2"`, true},
		"/journal?before=9999999999999999999": {51, 50, `href="journal?before=2"`, true},
		"/journal?before=2":                   {51, 1, "Newest requests", false},
		"/journal?before=1":                   {51, 0, "There are no older requests.", false},
		"/journal?":                           {50, 50, "Refresh", false},
		"/journal?before=":                    {0, 0, "The journal is empty.", false},
	} {
		body := get(t, newConsole(t, test.stored, journal.Entry{}).JournalPage(), path)
		if n := strings.Count(body, "<details>"); n != test.entries || !strings.Contains(body, test.want) || strings.Contains(body, "before=") != test.older {
			t.Errorf("%s contains %d entries, want %d and %s: %s", path, n, test.entries, test.want, body)
		}
	}
}

func TestJournalEntry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		entry          journal.Entry
		want, unwanted []string
	}{
		"a complete entry": {
			journal.Entry{
				Time: time.Date(2026, 11, 1, 12, 0, 0, 5e6, time.UTC), Duration: 1500 * time.Microsecond, Account: "acme", RequestID: "r-1",
				Method: "POST", Path: "/buy?<b>", RequestHeaders: map[string]string{"B": "2", "A": "1"}, RequestBody: `{"amount":14}`,
				Status: 400, ResponseHeaders: map[string]string{"C": "3"}, ResponseBody: "<i>no</i>",
				Reason: journal.Reason{Text: "Too small.", In: "body", Keyword: "minimum", Pointer: "/amount", Code: "too_small", Fault: "f-1"},
			},
			[]string{
				`datetime="2026-11-01T12:00:00.005Z">1 Nov, 12:00:00.005<`, `class="status client-error">400<`, "1.5ms", "acme", "r-1",
				"POST /buy?&lt;b&gt;\nA: 1\nB: 2\n\n{&#34;amount&#34;:14}</pre>", "400 Bad Request\nC: 3\n\n&lt;i&gt;no&lt;/i&gt;</pre>",
				"Too small.", "<dd>body</dd>", "<code>minimum</code>", "<code>/amount</code>", "<code>too_small</code>", "<dd>f-1</dd>",
			}, nil,
		},
		"a closed connection": {journal.Entry{Method: "GET", Path: "/"}, []string{`class="status server-error">closed<`, "<h2>Request"}, []string{"<h2>Response", "<dt>Code", "<dt>Fault"}},
		"no HTTP request":     {journal.Entry{Status: 400}, []string{"not HTTP", "<h2>Response"}, []string{"<h2>Request"}},
		"a success":           {journal.Entry{Status: 200}, []string{`class="status success">200<`}, nil},
		"a server error":      {journal.Entry{Status: 503}, []string{`class="status server-error">503<`}, nil},
	} {
		body := get(t, newConsole(t, 1, test.entry).JournalPage(), "/journal")
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page does not contain %s: %s", name, want, body)
			}
		}
		for _, unwanted := range test.unwanted {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s: the page contains %s", name, unwanted)
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	c := newConsole(t, 0, journal.Entry{})
	document := c.Document([]byte("openapi: 3.0.3"))
	for _, handler := range []http.Handler{c.StartPage(), c.JournalPage(), document} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/", nil))
		if recorder.Code != http.StatusMethodNotAllowed || recorder.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("POST: %d %v", recorder.Code, recorder.Header())
		}
	}
	if body := get(t, document, "/sandbox.yaml"); body != "openapi: 3.0.3" {
		t.Errorf("document: %s", body)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]console.Config{
		"no entries": {Logger: slog.New(slog.DiscardHandler)},
		"no logger":  {Entries: func(int, int64) []journal.Entry { return nil }},
	} {
		if _, err := console.New(config); err == nil || !strings.HasPrefix(err.Error(), "console: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
