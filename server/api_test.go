package server_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// path is the one operation of the server's own document.
const path = "/api/v2/billing/buy_emailvalidation_credits"

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

// newShop is the server of the example, whose one customer is ann.
func newShop(t testing.TB, options ...server.Option) *server.Server {
	t.Helper()
	options = append([]server.Option{server.WithLogger(slog.New(slog.DiscardHandler))}, options...)
	s, err := server.New(shop{}, contract.AuthenticatorFunc(doorkeeper), options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASecondAPI(t *testing.T) {
	t.Parallel()
	s := newShop(t, server.WithAPI(shelfAPI(t, nil)))
	for name, test := range map[string]struct {
		method, path, key string
		status            int
		body              string
	}{
		"its answer":             {"GET", "/shelf/books", "shelf key", 204, ""},
		"its credentials":        {"GET", "/shelf/books", "", 401, `{"reason":"Credentials are needed."}`},
		"the other's do nothing": {"GET", "/shelf/books", "ann's key", 401, `{"reason":"The credentials are not accepted."}`},
		"its schema":             {"GET", "/shelf/books?limit=6", "shelf key", 400, `{"reason":`},
		"a path it lacks":        {"GET", "/shelf/magazines", "shelf key", 404, `{"reason":"No such path."}`},
		"a method it lacks":      {"POST", "/shelf/books", "shelf key", 405, `{"reason":`},
		"a panic":                {"GET", "/shelf/books?limit=3", "shelf key", 500, `{"reason":`},
		"a path nobody has":      {"GET", "/shelfs", "", 404, `{"message":"No such path."}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil)
			request.Header.Set("X-Key", test.key)
			recorder := httptest.NewRecorder()
			s.Handler().ServeHTTP(recorder, request)
			if recorder.Code != test.status || !strings.HasPrefix(recorder.Body.String(), test.body) {
				t.Errorf("answered %d %s, want %d %s", recorder.Code, recorder.Body, test.status, test.body)
			}
		})
	}
}

func TestASecondAPIThatIsRefused(t *testing.T) {
	t.Parallel()
	whole := shelfAPI(t, nil)
	for name, test := range map[string]struct {
		api  server.API
		says string
	}{
		"no document":        {server.API{Register: whole.Register}, "without a document"},
		"no handlers":        {server.API{Document: whole.Document}, "without its handlers"},
		"no authenticator":   {server.API{Document: whole.Document, Register: whole.Register}, "no authenticator"},
		"the same place":     {shelfAPI(t, func(s string) string { return strings.Replace(s, "/shelf}", "/api/v2}", 1) }), "one below the other"},
		"below the other":    {shelfAPI(t, func(s string) string { return strings.Replace(s, "/shelf}", "/api/v2/shelf}", 1) }), "one below the other"},
		"around the other":   {shelfAPI(t, func(s string) string { return strings.Replace(s, "/shelf}", "/api}", 1) }), "one below the other"},
		"an operation alone": {shelfAPI(t, func(s string) string { return strings.Replace(s, "/books:", "/papers:", 1) }), "no operation"},
	} {
		if _, err := server.New(shop{}, contract.AuthenticatorFunc(doorkeeper), server.WithAPI(test.api)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, test.says)
		}
	}
	_, err := server.New(shop{}, contract.AuthenticatorFunc(doorkeeper), server.WithAPI(whole), server.WithHandler("/shelf/x", http.NotFoundHandler()))
	if err == nil || !strings.Contains(err.Error(), "below an API's own, /shelf") {
		t.Errorf("a handler below the second API: %v", err)
	}
}

// TestMiddleware sees every request once, and each failure as an error before it is an answer.
func TestMiddleware(t *testing.T) {
	t.Parallel()
	var lock sync.Mutex
	seen := map[string]error{}
	var s *server.Server
	s = newShop(t, server.WithAPI(shelfAPI(t, nil)), server.WithMiddleware(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			principal, _ := s.Contract().Authenticate(ec.Request().Context(), ec)
			id := ec.Response().Header().Get("X-Request-Id")
			err := next(ec)
			lock.Lock()
			defer lock.Unlock()
			name := ec.Request().Header.Get("Name")
			if _, twice := seen[name]; twice {
				t.Errorf("%s was seen twice", name)
			}
			seen[name] = err
			if id == "" {
				t.Errorf("%s has no name yet", name)
			}
			want := ""
			if strings.HasPrefix(name, "buy") {
				want = "buyEmailValidatorCredits"
			}
			if got := s.Contract().OperationID(ec); got != want {
				t.Errorf("%s: the operation is %q, want %q", name, got, want)
			}
			if (principal == "ann") != (name == "buy" || name == "buy nothing") {
				t.Errorf("%s: the principal is %v", name, principal)
			}
			ec.Error(err)
			return nil
		}
	}))
	for name, test := range map[string]struct {
		method, path, key, body string
		status                  int
		says                    string
	}{
		"buy":           {"POST", path, "ann's key", `{"amount":320}`, 200, ""},
		"buy nothing":   {"POST", path, "ann's key", `{}`, 400, "400: body: required at /amount"},
		"buy unnamed":   {"POST", path, "", `{"amount":320}`, 401, "401: credentials: missing"},
		"no such path":  {"GET", "/nowhere", "", "", 404, "code=404"},
		"other method":  {"PUT", path, "ann's key", "", 405, "code=405"},
		"OPTIONS":       {"OPTIONS", path, "", "", 405, "code=405"},
		"second":        {"GET", "/shelf/books", "", "", 401, "401: credentials: missing"},
		"second panics": {"GET", "/shelf/books?limit=3", "", "", 500, "panic: the shelf breaks"},
	} {
		request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
		request.Header.Set("Authorization", test.key)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Name", name)
		if name == "second panics" {
			request.Header.Set("X-Key", "shelf key")
		}
		recorder := httptest.NewRecorder()
		s.Handler().ServeHTTP(recorder, request)
		err, ok := seen[name]
		if recorder.Code != test.status || !ok || (err == nil) != (test.says == "") {
			t.Errorf("%s: answered %d %s, seen as %v", name, recorder.Code, recorder.Body, err)
		}
		if err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: seen as %v, want %s", name, err, test.says)
		}
		if test.status == http.StatusUnauthorized {
			var refused *contract.Error
			if !errors.As(err, &refused) {
				t.Errorf("%s: seen as %T", name, err)
			}
		}
	}
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	told := make(chan string, 1)
	s := newShop(t, server.WithRefusals(func(status int, sentence string, body []byte) {
		told <- http.StatusText(status) + ": " + sentence + " " + string(body)
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "this is no HTTP\r\n\r\n")
	want := "Bad Request: The request is not well-formed HTTP/1.1. "
	if got := <-told; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "}") {
		t.Errorf("told %q, want %q and the body", got, want)
	}
}
