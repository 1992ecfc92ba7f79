package contract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

func TestErrorsNameTheirPlace(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	refused := &contract.Error{Status: 400, In: "body", Keyword: "maximum", Pointer: "/a~1b/0", Cause: cause}
	if got := refused.Error(); got != "contract: 400: body: maximum at /a~1b/0" || !errors.Is(refused, cause) {
		t.Error(got)
	}
	for err, want := range map[error]string{
		&contract.DeniedError{Code: "suspended"}:                            "contract: denied: suspended",
		&contract.ResponseError{Operation: "o", Status: 200, Reason: "bad"}: "contract: operation o: the document does not allow the response 200: bad",
		&contract.ResponseError{Operation: "o", Reason: "none"}:             "contract: operation o: none",
	} {
		if err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestErrorsHaveKeywordAndPointer(t *testing.T) {
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
		e.ServeHTTP(httptest.NewRecorder(), row.build())
		if found == nil || found.In != row.in || found.Keyword != row.keyword || found.Pointer != row.pointer {
			t.Errorf("%s %s: %v, want %s: %s at %s", row.path, row.body, found, row.in, row.keyword, row.pointer)
		}
	}
}

// TestCredentialsPrintNoValue prints credentials with the verbs of package fmt.
func TestCredentialsPrintNoValue(t *testing.T) {
	t.Parallel()
	var seen contract.Credentials
	send := serveLibrary(t, &shelf{}, contract.WithAuthenticator(contract.AuthenticatorFunc(func(_ context.Context, c contract.Credentials) (any, error) {
		seen = c
		return nil, contract.ErrNotAccepted
	})))
	request{method: "POST", path: "/books?key=hush-hush", headers: []string{"X-Site", "hush-hush"}, status: 401}.run(t, send)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, seen) + fmt.Sprintf(verb, &seen); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if fmt.Sprint(seen) != "credentials(key+site)" || seen.Value("key") != "hush-hush" || seen.Value("token") != "" {
		t.Errorf("%v", seen)
	}
}

// TestErrorOfTheGeneratedServerBecomesTheDocuments has a parameter that the generated server refuses after the contract
// has accepted it.
func TestErrorOfTheGeneratedServerBecomesTheDocuments(t *testing.T) {
	t.Parallel()
	send := serveLibrary(t, &shelf{err: echo.NewHTTPError(http.StatusBadRequest, "Invalid format for parameter limit: internal text")})
	request{method: "GET", path: "/books", status: 400, want: `{"detail":"The query parameter`}.run(t, send)
	w := send(request{method: "GET", path: "/books"}.build())
	if strings.Contains(w.Body.String(), "internal text") {
		t.Error(w.Body)
	}
}
