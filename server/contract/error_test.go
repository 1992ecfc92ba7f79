package contract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	refused := &contract.Error{Status: 400, In: "body", Keyword: "maximum", Pointer: "/a~1b/0", Cause: cause}
	if got := refused.Error(); got != "400: body: maximum at /a~1b/0" || !errors.Is(refused, cause) {
		t.Error(got)
	}
	for err, want := range map[error]string{
		&contract.DeniedError{Code: "suspended"}:                                  "denied: suspended",
		&contract.ResponseError{Operation: "o", Status: 200, Reason: "no such one"}: "operation o: answer 200: no such one",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestErrorsSayWhy looks at the keyword and pointer that a log or a journal gets.
func TestErrorsSayWhy(t *testing.T) {
	t.Parallel()
	compiled, err := contract.Compile(loadLibrary(t), withReaders)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		request
		in, keyword, pointer string
	}{
		{request{method: "POST", path: "/books", headers: asJSON, body: `{"title":"a","pages":0}`}, "body", "minimum", "/pages"},
		{request{method: "POST", path: "/books", headers: asJSON, body: `{"pages":1}`}, "body", "required", "/title"},
		{request{method: "POST", path: "/books", headers: asJSON, body: `{"title":"a","pages":1,"authors":[{"name":"x"},{"name":"y","born":1.0}]}`}, "body", "type", "/authors/1/born"},
		{request{method: "PUT", path: "/reviews", headers: plain, body: `{"scores":{"a/b~c":1.5}}`}, "body", "type", "/scores/a~1b~0c"},
		{request{method: "POST", path: "/books", headers: asJSON, body: `{`}, "body", "unreadable", ""},
		{request{method: "POST", path: "/books", headers: bearer, body: `{`}, "body", "mediaType", ""},
		{request{method: "POST", path: "/books"}, "credentials", "missing", ""},
		{request{method: "GET", path: "/books?limit=0"}, "query parameter limit", "minimum", ""},
	} {
		e := echo.New()
		e.Binder = contract.Binder{}
		var found *contract.Error
		e.HTTPErrorHandler = func(err error, _ echo.Context) { errors.As(err, &found) }
		e.Use(compiled.Middleware)
		library.RegisterHandlersWithBaseURL(e, library.NewStrictHandler(&shelf{}, nil), compiled.BasePath())
		e.ServeHTTP(nobody{}, row.build())
		if found == nil || found.In != row.in || found.Keyword != row.keyword || found.Pointer != row.pointer {
			t.Errorf("%s %s: %v, want %s: %s at %s", row.path, row.body, found, row.in, row.keyword, row.pointer)
		}
	}
}

type nobody struct{}

func (nobody) Header() http.Header         { return http.Header{} }
func (nobody) WriteHeader(int)             {}
func (nobody) Write(p []byte) (int, error) { return len(p), nil }

// TestCredentialsPrintNoValue prints credentials in every way that package fmt has.
func TestCredentialsPrintNoValue(t *testing.T) {
	t.Parallel()
	var seen contract.Credentials
	ask := serveLibrary(t, &shelf{}, contract.WithAuthenticator(contract.AuthenticatorFunc(func(_ context.Context, c contract.Credentials) (any, error) {
		seen = c
		return nil, contract.ErrNotAccepted
	})))
	request{method: "POST", path: "/books?key=hush-hush", headers: []string{"X-Site", "hush-hush"}, status: 401}.run(t, ask)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, seen) + fmt.Sprintf(verb, &seen); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if fmt.Sprint(seen) != "credentials(key+site)" || seen.Value("key") != "hush-hush" || seen.Value("token") != "" {
		t.Errorf("%v", seen)
	}
}

// TestGeneratedRefusal is a parameter that passed the contract and that the generated server refuses
// in words of its own: the document's answer takes their place.
func TestGeneratedRefusal(t *testing.T) {
	t.Parallel()
	ask := serveLibrary(t, &shelf{err: echo.NewHTTPError(http.StatusBadRequest, "Invalid format for parameter limit: its own words")})
	request{method: "GET", path: "/books", status: 400, answer: `{"detail":"The query parameter`}.run(t, ask)
	w := ask(request{method: "GET", path: "/books"}.build())
	if strings.Contains(w.Body.String(), "own words") {
		t.Error(w.Body)
	}
}
