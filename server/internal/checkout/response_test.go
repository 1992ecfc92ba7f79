package checkout

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The Accept header selects the page or JSON, also for failures.
func TestContentNegotiation(t *testing.T) {
	t.Parallel()
	handler, err := New(stub{}, publicURL, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	getsJSON := func(path string, accept []string) bool {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		request.Header = http.Header{"Accept": accept}
		handler.ServeHTTP(recorder, request)
		return recorder.Header().Get("Content-Type") == "application/json" && strings.HasPrefix(recorder.Body.String(), "{")
	}
	for _, test := range []struct {
		accept string
		want   bool
	}{
		{"", false},
		{"*/*", false},
		{html, false},
		{"text/html", false},
		{"application/json", true},
		{"APPLICATION/JSON; charset=utf-8", true},
		{"application/*", true},
		{"text/*", false},
		{"image/png", false},
		{"application/problem+json", false},
		{"application/json, */*", true},
		{"application/json, text/plain, */*", true},
		{"application/json, text/html", false},
		{"text/html, application/json", false},
		{"text/*, application/json", true},
		{"application/*, text/html", false},
		{"text/html;q=0.9, application/json", true},
		{"text/html, application/json;q=0.9", false},
		{"application/json;q=0.5, */*;q=0.8", false},
		{"text/html;q=0, */*", true},
		{"application/json;q=0", false},
		{"application/json;q=0, */*;q=0", false},
		{"application/json;q=0, application/*", false},
		{"application/json;q=0.001", true},
		{"application/json;q=x", false},
	} {
		for _, path := range []string{"/checkout/x", "/unknown"} {
			if got := getsJSON(path, []string{test.accept}); got != test.want {
				t.Errorf("%s with Accept: %q returns JSON: %v, want %v", path, test.accept, got, test.want)
			}
		}
	}
	if !getsJSON("/checkout/x", []string{"text/html;q=0.1", "application/json"}) {
		t.Error("the second of two Accept headers is ignored")
	}
	if getsJSON("/checkout/x", nil) {
		t.Error("a request without an Accept header gets JSON")
	}
}
