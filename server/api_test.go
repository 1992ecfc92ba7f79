package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

const shelf = `
openapi: 3.0.3
info: {title: Shelf, version: "1"}
servers: [{url: http://localhost/shelf}]
security: [{key: []}]
paths:
  /books:
    get:
      operationId: listBooks
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 5}}
      responses:
        '204': {description: None.}
        default:
          description: A failure.
          content:
            application/json:
              schema: {type: object, required: [reason], properties: {reason: {type: string}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
`

// shelfAPI is a second document, whose failures look unlike the first one's.
func shelfAPI(t testing.TB, change func(string) string) server.API {
	t.Helper()
	text := shelf
	if change != nil {
		text = change(text)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return server.API{
		Document: doc,
		Authenticator: contract.AuthenticatorFunc(func(_ context.Context, c contract.Credentials) (any, error) {
			if c.Value("key") == "shelf key" {
				return "reader", nil
			}
			return nil, contract.ErrNotAccepted
		}),
		Register: func(router *echo.Echo, basePath string) {
			router.GET(basePath+"/books", func(ec echo.Context) error {
				if ec.QueryParam("limit") == "3" {
					panic("the shelf breaks")
				}
				return ec.NoContent(http.StatusNoContent)
			})
		},
	}
}

func TestASecondAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t, succeed, server.WithAPI(shelfAPI(t, nil)))
	for name, test := range map[string]struct {
		method, path, key string
		status            int
		body              string
	}{
		"a success":                {"GET", "/shelf/books", "shelf key", 204, ""},
		"no credentials":           {"GET", "/shelf/books", "", 401, `{"reason":"Credentials are missing."}`},
		"the first API's key":      {"GET", "/shelf/books", annsKey, 401, `{"reason":"The credentials are not accepted."}`},
		"an invalid parameter":     {"GET", "/shelf/books?limit=6", "shelf key", 400, `{"reason":`},
		"an unknown path below it": {"GET", "/shelf/magazines", "shelf key", 404, `{"reason":"Path not found."}`},
		"another method":           {"POST", "/shelf/books", "shelf key", 405, `{"reason":`},
		"a panic":                  {"GET", "/shelf/books?limit=3", "shelf key", 500, `{"reason":`},
		"a path of no API":         {"GET", "/shelfs", "", 404, `{"message":"Path not found."}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil)
			request.Header.Set("X-Key", test.key)
			if w := record(s, request); w.Code != test.status || !strings.HasPrefix(w.Body.String(), test.body) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, test.status, test.body)
			}
		})
	}
}

func TestASecondAPIFails(t *testing.T) {
	t.Parallel()
	whole := shelfAPI(t, nil)
	for name, test := range map[string]struct {
		api   server.API
		error string
	}{
		"no document":      {server.API{Register: whole.Register}, "needs a document"},
		"no handlers":      {server.API{Document: whole.Document}, "and a Register function"},
		"no authenticator": {server.API{Document: whole.Document, Register: whole.Register}, "authenticator"},
		"the same path":    {shelfAPI(t, func(s string) string { return strings.Replace(s, "/shelf}", "/api/v2}", 1) }), "one below the other"},
		"below the other":  {shelfAPI(t, func(s string) string { return strings.Replace(s, "/shelf}", "/api/v2/shelf}", 1) }), "one below the other"},
		"above the other":  {shelfAPI(t, func(s string) string { return strings.Replace(s, "/shelf}", "/api}", 1) }), "one below the other"},
		"no route":         {shelfAPI(t, func(s string) string { return strings.Replace(s, "/books:", "/papers:", 1) }), "operation"},
	} {
		if _, err := server.New(shop{}, contract.AuthenticatorFunc(authenticate), server.WithAPI(test.api)); err == nil || !strings.Contains(err.Error(), test.error) {
			t.Errorf("%s: %v, want %q", name, err, test.error)
		}
	}
	_, err := server.New(shop{}, contract.AuthenticatorFunc(authenticate), server.WithAPI(whole), server.WithHandler("/shelf/x", http.NotFoundHandler()))
	if err == nil || !strings.Contains(err.Error(), "below the base path /shelf") {
		t.Errorf("a handler below the second API: %v", err)
	}
}

// TestMiddleware gets every request once, and each failure as an error before it is a response.
func TestMiddleware(t *testing.T) {
	t.Parallel()
	var got error
	var calls int
	var s *server.Server
	s = newServer(t, succeed, server.WithAPI(shelfAPI(t, nil)), server.WithMiddleware(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			calls++
			r := ec.Request()
			if ec.Response().Header().Get("X-Request-Id") == "" {
				t.Errorf("%s %s has no request id yet", r.Method, r.URL)
			}
			isPurchase := r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, s.BasePath())
			if id := s.Contract().OperationID(ec); (id == "buyEmailValidatorCredits") != isPurchase {
				t.Errorf("%s %s: the operation is %q", r.Method, r.URL, id)
			}
			principal, _ := s.Contract().Authenticate(r.Context(), ec)
			if (principal == "ann") != (isPurchase && r.Header.Get("Authorization") == annsKey) {
				t.Errorf("%s %s: the principal is %v", r.Method, r.URL, principal)
			}
			got = next(ec)
			ec.Error(got)
			return nil
		}
	}))
	path := newPurchase(t, s.BasePath()+"/").URL.Path
	for name, test := range map[string]struct {
		method, path, key, body string
		status                  int
		error                   string
	}{
		"a purchase":            {"POST", path, annsKey, `{"amount":320}`, 200, ""},
		"no amount":             {"POST", path, annsKey, `{}`, 400, "400: body: required at /amount"},
		"no credentials":        {"POST", path, "", `{"amount":320}`, 401, "401: credentials: missing"},
		"an unknown path":       {"GET", "/nowhere", "", "", 404, "code=404"},
		"another method":        {"PUT", path, annsKey, "", 405, "code=405"},
		"OPTIONS":               {"OPTIONS", path, "", "", 405, "code=405"},
		"the second API":        {"GET", "/shelf/books", "", "", 401, "401: credentials: missing"},
		"the second API panics": {"GET", "/shelf/books?limit=3", "shelf key", "", 500, "panic: the shelf breaks"},
	} {
		request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
		request.Header.Set("Authorization", test.key)
		request.Header.Set("X-Key", test.key)
		request.Header.Set("Content-Type", "application/json")
		calls = 0
		w := record(s, request)
		if w.Code != test.status || calls != 1 || (got == nil) != (test.error == "") {
			t.Errorf("%s: %d %s, %d calls, the error is %v", name, w.Code, w.Body, calls, got)
		}
		if got != nil && !strings.Contains(got.Error(), test.error) {
			t.Errorf("%s: the error is %v, want %s", name, got, test.error)
		}
		var refused *contract.Error
		if test.status == http.StatusUnauthorized && !errors.As(got, &refused) {
			t.Errorf("%s: the error is %T", name, got)
		}
	}
}
