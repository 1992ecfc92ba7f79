package contract_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

// loadLibrary loads the library's document. edit are pairs of a text and its replacement.
func loadLibrary(t testing.TB, edit ...string) *openapi3.T {
	t.Helper()
	text := string(library.Document)
	if len(edit)%2 != 0 {
		t.Fatal("edits come in pairs")
	}
	for i := 0; i < len(edit); i += 2 {
		if !strings.Contains(text, edit[i]) {
			t.Fatalf("the document does not contain %q", edit[i])
		}
		text = strings.Replace(text, edit[i], edit[i+1], 1)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// shelf implements the interface of the library's document. It records its last request, and returns response and
// err.
type shelf struct {
	mu        sync.Mutex
	request   any
	principal any
	response  any
	err       error
	handle    func(ctx context.Context) error // optional, instead of err
}

func (s *shelf) record(ctx context.Context, request any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request, s.principal = request, contract.Principal(ctx)
	if s.handle != nil {
		return s.handle(ctx)
	}
	return s.err
}

func (s *shelf) recorded() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.request
}

func (s *shelf) ListBooks(ctx context.Context, r library.ListBooksRequestObject) (library.ListBooksResponseObject, error) {
	err := s.record(ctx, r)
	response, _ := s.response.(library.ListBooksResponseObject)
	return response, err
}

func (s *shelf) AddBook(ctx context.Context, r library.AddBookRequestObject) (library.AddBookResponseObject, error) {
	err := s.record(ctx, r)
	response, _ := s.response.(library.AddBookResponseObject)
	return response, err
}

func (s *shelf) RemoveBook(ctx context.Context, r library.RemoveBookRequestObject) (library.RemoveBookResponseObject, error) {
	return library.RemoveBook204Response{}, s.record(ctx, r)
}

func (s *shelf) GetBook(ctx context.Context, r library.GetBookRequestObject) (library.GetBookResponseObject, error) {
	err := s.record(ctx, r)
	response, _ := s.response.(library.GetBookResponseObject)
	return response, err
}

func (s *shelf) Lend(ctx context.Context, r library.LendRequestObject) (library.LendResponseObject, error) {
	return library.Lend200TextResponse("lent"), s.record(ctx, r)
}

func (s *shelf) Review(ctx context.Context, r library.ReviewRequestObject) (library.ReviewResponseObject, error) {
	return library.Review200JSONResponse{"ok": true}, s.record(ctx, r)
}

// authenticate accepts one reader for each kind of credentials.
func authenticate(_ context.Context, c contract.Credentials) (any, error) {
	switch {
	case c.Value("token") == "suspended":
		return "suspended reader", &contract.DeniedError{Code: "suspended"}
	case c.Value("token") == "odd":
		return nil, &contract.DeniedError{Code: "no such code"}
	case c.Value("token") == "broken":
		return nil, errors.New("the database is away")
	case c.Value("token") == "good":
		return "token reader", nil
	case c.Value("user") == "ann:secret":
		return "user reader", nil
	case c.Value("key") == "k1" && c.Value("site") == "s1":
		return "site reader", nil
	}
	return nil, contract.ErrNotAccepted
}

// serveLibrary serves the library's document, and returns a function that sends it a request.
func serveLibrary(t testing.TB, s *shelf, options ...contract.Option) func(*http.Request) *httptest.ResponseRecorder {
	t.Helper()
	return serveDocument(t, loadLibrary(t), s, options...)
}

func serveDocument(t testing.TB, document *openapi3.T, s *shelf, options ...contract.Option) func(*http.Request) *httptest.ResponseRecorder {
	t.Helper()
	options = append([]contract.Option{
		contract.WithAuthenticator(contract.AuthenticatorFunc(authenticate)),
		contract.WithMaxBody(2000),
	}, options...)
	compiled, err := contract.Compile(document, options...)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Binder = contract.Binder{}
	e.HTTPErrorHandler = func(err error, ec echo.Context) {
		if ec.Response().Committed {
			t.Errorf("failed after the response was sent: %v", err)
			return
		}
		var refused *contract.Error
		if errors.As(err, &refused) {
			_ = ec.JSONBlob(refused.Status, refused.Body)
			return
		}
		_ = ec.JSONBlob(http.StatusInternalServerError, compiled.FailureBody(ec, err.Error()))
	}
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = errors.New("panicked")
				}
			}()
			return next(ec)
		}
	}, compiled.Middleware)
	library.RegisterHandlersWithBaseURL(e, library.NewStrictHandler(s, nil), compiled.BasePath())
	if err := compiled.CheckRoutes(e.Routes()); err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w
	}
}

// request is a request and the response that the test expects.
type request struct {
	name    string
	method  string
	path    string
	headers []string // pairs
	body    string
	status  int
	want    string // a part of the response's body
}

func (r request) build() *http.Request {
	built := httptest.NewRequest(r.method, "/v2"+r.path, strings.NewReader(r.body))
	for i := 0; i+1 < len(r.headers); i += 2 {
		built.Header.Add(r.headers[i], r.headers[i+1])
	}
	return built
}

func (r request) run(t *testing.T, send func(*http.Request) *httptest.ResponseRecorder) {
	t.Helper()
	w := send(r.build())
	body := strings.TrimSpace(w.Body.String())
	if w.Code != r.status || !strings.Contains(body, r.want) {
		t.Errorf("%s %s: %d %s, want %d with %q", r.method, r.path, w.Code, body, r.status, r.want)
	}
	if w.Code != http.StatusNoContent && body == "" {
		t.Errorf("%s %s: %d with an empty body", r.method, r.path, w.Code)
	}
}

var (
	bearer = []string{"Authorization", "Bearer good"}
	asJSON = []string{"Authorization", "Bearer good", "Content-Type", "application/json"}
	asForm = []string{"Authorization", "Bearer good", "Content-Type", "application/x-www-form-urlencoded"}
	plain  = []string{"Content-Type", "application/json"}
)

func TestParameters(t *testing.T) {
	t.Parallel()
	s := &shelf{response: library.ListBooks200JSONResponse{Body: []library.Book{}, Headers: library.ListBooks200ResponseHeaders{}}}
	send := serveLibrary(t, s)
	for _, row := range []request{
		{"", "GET", "/books?limit=1&tag=ab&tag=cd&order=year&available=true", nil, "", 200, "[]"},
		{"", "GET", "/books?limit=100&unknown=1", nil, "", 200, "[]"},
		{"", "GET", "/books?limit=0", nil, "", 400, "query parameter limit does not satisfy the keyword minimum"},
		{"", "GET", "/books?limit=101", nil, "", 400, "maximum"},
		{"", "GET", "/books?limit=5.0", nil, "", 400, "query parameter limit"},
		{"", "GET", "/books?limit=5e1", nil, "", 400, "query parameter limit"},
		{"", "GET", "/books?limit=", nil, "", 400, "query parameter limit"},
		{"", "GET", "/books?limit=99999999999999999999", nil, "", 400, "query parameter limit"},
		{"", "GET", "/books?limit=5&limit=500", nil, "", 400, "query parameter limit"},
		{"", "GET", "/books?tag=a", nil, "", 400, "minLength"},
		{"", "GET", "/books?tag=aa&tag=bb&tag=cc&tag=dd", nil, "", 400, "maxItems"},
		{"", "GET", "/books?order=size", nil, "", 400, "enum"},
		{"", "GET", "/books?available=maybe", nil, "", 400, "query parameter available"},
		{"", "GET", "/books?limit=5;order=size", nil, "", 400, "query parameter"},
		{"", "GET", "/books?limit=%zz", nil, "", 400, "query parameter"},
		{"", "GET", "/books", []string{"X-Trace", "7"}, "", 200, "[]"},
		{"", "GET", "/books", []string{"X-Trace", "seven"}, "", 400, "header parameter X-Trace"},
		{"", "GET", "/books", []string{"X-Trace", "7", "X-Trace", "8"}, "", 400, "header parameter X-Trace"},
		{"", "DELETE", "/books/a-1?reason=old", bearer, "", 204, ""},
		{"", "DELETE", "/books/a-1", bearer, "", 400, "query parameter reason is missing"},
		{"", "DELETE", "/books/a-1?reason=ab", bearer, "", 400, "minLength"},
		{"", "DELETE", "/books/A-1?reason=old", bearer, "", 400, "path parameter id"},
		{"", "DELETE", "/books/a%2D1?reason=old", bearer, "", 204, ""},
		{"", "DELETE", "/books/a%2F1?reason=old", bearer, "", 400, "path parameter id"},
		{"", "DELETE", "/books/A-1", nil, "", 401, "Credentials"},
	} {
		row.run(t, send)
	}
	row := request{"", "GET", "/books?limit=7&tag=ab&tag=cd", nil, "", 200, "[]"}
	row.run(t, send)
	params := s.recorded().(library.ListBooksRequestObject).Params
	if *params.Limit != 7 || strings.Join(*params.Tag, "+") != "ab+cd" {
		t.Errorf("the handler received %v and %v", *params.Limit, *params.Tag)
	}
}

func TestFailedHandlerSendsOnlyTheErrorResponse(t *testing.T) {
	t.Parallel()
	panics := func(context.Context) error { panic("in the handler") }
	for _, s := range []*shelf{{handle: panics}, {err: errors.New("failed"), response: library.GetBook200JSONResponse{Title: "a", Pages: 1}}} {
		send := serveLibrary(t, s)
		for range 3 {
			w := send(request{method: "GET", path: "/books/a-1"}.build())
			if w.Code != 500 || !strings.Contains(w.Body.String(), `{"detail":`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	}
}

func TestCheckRoutes(t *testing.T) {
	t.Parallel()
	compiled, err := contract.Compile(loadLibrary(t), contract.WithAuthenticator(contract.AuthenticatorFunc(authenticate)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.CheckRoutes(nil); err == nil || !strings.Contains(err.Error(), "has no route") {
		t.Errorf("no routes: %v", err)
	}
	e := echo.New()
	library.RegisterHandlersWithBaseURL(e, library.NewStrictHandler(&shelf{}, nil), compiled.BasePath())
	e.GET("/elsewhere", nil)
	if err := compiled.CheckRoutes(e.Routes()); err != nil {
		t.Error(err)
	}
	e.GET("/v2/backdoor", nil)
	if err := compiled.CheckRoutes(e.Routes()); err == nil || !strings.Contains(err.Error(), "/v2/backdoor") {
		t.Errorf("a route without an operation: %v", err)
	}
}
