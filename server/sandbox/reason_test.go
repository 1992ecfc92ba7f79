package sandbox

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// TestReasons has the reasons that no request to a sandbox leads to: TestJournalReasons has the others.
func TestReasons(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]struct {
		status int
		err    error
		body   string
	}{
		"The server created a response that the document does not allow: the status is not documented.": {500, &contract.ResponseError{Reason: "the status is not documented"}, ""},
		"The server failed. The log contains the details.":                                              {500, errors.New("a failure"), ""},
		"The connection was closed without a response.":                                                 {0, nil, ""},
		"Not now.":                          {503, nil, `{"message":"Not now."}`},
		"The sandbox rejected the request.": {503, nil, `x`},
	} {
		ec := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), "POST", "/", nil), httptest.NewRecorder())
		if got := apiReason(ec, test.status, test.body, test.err); got.Text != want {
			t.Errorf("%s, want %s", got.Text, want)
		}
	}
	ec := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), "POST", "/", nil), httptest.NewRecorder())
	ec.Response().Header().Set("Retry-After", "1")
	if got := apiReason(ec, 503, "", errors.New("a failure")); !strings.Contains(got.Text, "temporarily") {
		t.Error(got.Text)
	}
}

// TestViolations names the keyword of each check.
func TestViolations(t *testing.T) {
	t.Parallel()
	for _, keyword := range []string{
		"required", "type", "nullable", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "enum", "pattern", "additionalProperties",
		"unreadable", "mediaType", "size", "time", "invalid", "prefer",
	} {
		if got := violation(&contract.Error{In: "body", Keyword: keyword}); !strings.HasPrefix(got, "The body ") || !strings.HasSuffix(got, "("+keyword+").") {
			t.Errorf("%s: %s", keyword, got)
		}
	}
	for _, keyword := range []string{"missing", "invalid", "denied"} {
		if got := violation(&contract.Error{In: "credentials", Keyword: keyword}); !strings.HasPrefix(got, "The credentials ") || !strings.HasSuffix(got, "("+keyword+").") {
			t.Errorf("%s: %s", keyword, got)
		}
	}
}

func TestPageReasons(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method string
		status int
		want   string
	}{
		{"GET", 200, "requested"},
		{"HEAD", 200, "requested"},
		{"POST", 303, "processed"},
		{"POST", 200, "processed"},
		{"GET", 404, "does not exist"},
		{"POST", 404, "does not exist"},
		{"PUT", 405, "PUT"},
		{"POST", 403, "cookie"},
		{"POST", 409, "expired"},
		{"POST", 400, "form"},
		{"POST", 413, "form"},
		{"POST", 415, "form"},
		{"GET", 500, "log"},
	} {
		if got := pageReason(row.method, row.status); !strings.Contains(got, row.want) || !strings.HasSuffix(got, ".") {
			t.Errorf("%s %d: %s", row.method, row.status, got)
		}
	}
}
