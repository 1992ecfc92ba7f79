package contract_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
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

// loadLibrary parses the second document, after edit has changed its text.
func loadLibrary(t testing.TB, edit ...string) *openapi3.T {
	t.Helper()
	text := string(library.Document)
	if len(edit)%2 != 0 {
		t.Fatal("edits come in pairs")
	}
	for i := 0; i < len(edit); i += 2 {
		if !strings.Contains(text, edit[i]) {
			t.Fatalf("the document does not hold %q", edit[i])
		}
		text = strings.Replace(text, edit[i], edit[i+1], 1)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// shelf implements the second document's interface: it notes what it is asked, and answers with what
// the test wants.
type shelf struct {
	mu     sync.Mutex
	got    any
	who    any
	answer any
	err    error
	panics bool
}

func (s *shelf) take(ctx context.Context, request any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got, s.who = request, contract.Principal(ctx)
	if s.panics {
		panic("a handler's panic")
	}
	return s.err
}

func (s *shelf) seen() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func (s *shelf) ListBooks(ctx context.Context, r library.ListBooksRequestObject) (library.ListBooksResponseObject, error) {
	err := s.take(ctx, r)
	answer, _ := s.answer.(library.ListBooksResponseObject)
	return answer, err
}

func (s *shelf) AddBook(ctx context.Context, r library.AddBookRequestObject) (library.AddBookResponseObject, error) {
	err := s.take(ctx, r)
	answer, _ := s.answer.(library.AddBookResponseObject)
	return answer, err
}

func (s *shelf) RemoveBook(ctx context.Context, r library.RemoveBookRequestObject) (library.RemoveBookResponseObject, error) {
	return library.RemoveBook204Response{}, s.take(ctx, r)
}

func (s *shelf) GetBook(ctx context.Context, r library.GetBookRequestObject) (library.GetBookResponseObject, error) {
	err := s.take(ctx, r)
	answer, _ := s.answer.(library.GetBookResponseObject)
	return answer, err
}

func (s *shelf) Lend(ctx context.Context, r library.LendRequestObject) (library.LendResponseObject, error) {
	return library.Lend200TextResponse("lent"), s.take(ctx, r)
}

func (s *shelf) Review(ctx context.Context, r library.ReviewRequestObject) (library.ReviewResponseObject, error) {
	return library.Review200JSONResponse{"ok": true}, s.take(ctx, r)
}

// authenticate knows one reader for each kind of credentials.
func authenticate(_ context.Context, c contract.Credentials) (any, error) {
	switch {
	case c.Value("token") == "suspended":
		return nil, &contract.Denied{Code: "suspended"}
	case c.Value("token") == "odd":
		return nil, &contract.Denied{Code: "no such code"}
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

// serveLibrary serves the second document, and returns how to ask it.
func serveLibrary(t testing.TB, s *shelf, options ...contract.Option) func(*http.Request) *httptest.ResponseRecorder {
	t.Helper()
	options = append([]contract.Option{
		contract.WithAuthenticator(contract.AuthenticatorFunc(authenticate)),
		contract.WithMaxBody(2000),
	}, options...)
	compiled, err := contract.Compile(loadLibrary(t), options...)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Binder = contract.Binder{}
	e.HTTPErrorHandler = func(err error, ec echo.Context) {
		if ec.Response().Committed {
			t.Errorf("failed after the answer was sent: %v", err)
			return
		}
		var refused *contract.Error
		if errors.As(err, &refused) {
			_ = ec.JSONBlob(refused.Status, refused.Body)
			return
		}
		_ = ec.JSONBlob(http.StatusInternalServerError, compiled.Failure(ec, err.Error()))
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

// request is one row of a table: what is sent, and what must come back.
type request struct {
	name    string
	method  string
	path    string
	headers []string // pairs
	body    string
	status  int
	answer  string // a part of the body
}

func (r request) build() *http.Request {
	built := httptest.NewRequest(r.method, "/v2"+r.path, strings.NewReader(r.body))
	for i := 0; i+1 < len(r.headers); i += 2 {
		built.Header.Add(r.headers[i], r.headers[i+1])
	}
	return built
}

func (r request) run(t *testing.T, ask func(*http.Request) *httptest.ResponseRecorder) {
	t.Helper()
	w := ask(r.build())
	body := strings.TrimSpace(w.Body.String())
	if w.Code != r.status || !strings.Contains(body, r.answer) {
		t.Errorf("%s %s: %d %s, want %d with %q", r.method, r.path, w.Code, body, r.status, r.answer)
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

func TestSecurityAlternatives(t *testing.T) {
	t.Parallel()
	book := `{"title":"a","pages":1}`
	s := &shelf{answer: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	ask := serveLibrary(t, s)
	for _, row := range []struct {
		request
		who any
	}{
		{request{"none", "POST", "/books", nil, book, 401, `{"code":"who_are_you"}`}, nil},
		{request{"empty", "POST", "/books", []string{"Authorization", ""}, book, 401, "who_are_you"}, nil},
		{request{"another scheme", "POST", "/books", []string{"Authorization", "Digest good"}, book, 401, "who_are_you"}, nil},
		{request{"no token after the scheme", "POST", "/books", []string{"Authorization", "Bearer "}, book, 401, "who_are_you"}, nil},
		{request{"half a pair, query", "POST", "/books?key=k1", nil, book, 401, "who_are_you"}, nil},
		{request{"half a pair, header", "POST", "/books", []string{"X-Site", "s1"}, book, 401, "who_are_you"}, nil},
		{request{"wrong token", "POST", "/books", []string{"Authorization", "Bearer bad"}, book, 401, "not_you"}, nil},
		{request{"wrong pair", "POST", "/books?key=k1", []string{"X-Site", "s2"}, book, 401, "not_you"}, nil},
		{request{"basic that is not base64", "POST", "/books", []string{"Authorization", "Basic !"}, book, 401, "who_are_you"}, nil},
		{request{"token", "POST", "/books", asJSON, book, 201, "title"}, "token reader"},
		{request{"scheme in other case", "POST", "/books", []string{"Authorization", "bEARER  good", "Content-Type", "application/json"}, book, 201, "title"}, "token reader"},
		{request{"basic", "POST", "/books", []string{"Authorization", "Basic YW5uOnNlY3JldA==", "Content-Type", "application/json"}, book, 201, "title"}, "user reader"},
		{request{"pair", "POST", "/books?key=k1", []string{"X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"one accepted is enough", "POST", "/books?key=k1", []string{"Authorization", "Bearer bad", "X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"sent twice, the same", "POST", "/books", append([]string{"Authorization", "Bearer good"}, asJSON...), book, 201, "title"}, "token reader"},
		{request{"sent twice, differently", "POST", "/books", append([]string{"Authorization", "Bearer bad"}, asJSON...), book, 401, "not_you"}, nil},
		{request{"sent twice, good first", "POST", "/books", append(asJSON[:len(asJSON):len(asJSON)], "Authorization", "Bearer bad"), book, 401, "not_you"}, nil},
		{request{"query twice, differently", "POST", "/books?key=k1&key=k2", []string{"X-Site", "s1"}, book, 401, "not_you"}, nil},
		{request{"denied", "POST", "/books", []string{"Authorization", "Bearer suspended"}, book, 401, "suspended"}, nil},
		{request{"denied by one, let in by another", "POST", "/books?key=k1", []string{"Authorization", "Bearer suspended", "X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"denied with a code that is not documented", "POST", "/books", []string{"Authorization", "Bearer odd"}, book, 500, "does not have"}, nil},
		{request{"cannot tell", "POST", "/books", []string{"Authorization", "Bearer broken"}, book, 500, "away"}, nil},
		{request{"nothing asked for", "GET", "/books/a-1", []string{"Authorization", "Bearer bad"}, "", 500, "no answer"}, nil},
		{request{"the document's own requirement", "DELETE", "/books/a-1?reason=old", nil, "", 401, `{"detail":"Credentials are needed."}`}, nil},
		{request{"the document's own requirement, wrong", "DELETE", "/books/a-1?reason=old", []string{"Authorization", "Bearer bad"}, "", 401, `{"detail":"The credentials are not accepted."}`}, nil},
	} {
		s.who = nil
		row.run(t, ask)
		if s.who != row.who {
			t.Errorf("%s: the principal is %v, want %v", row.name, s.who, row.who)
		}
	}
}

func TestAnonymousAlternative(t *testing.T) {
	t.Parallel()
	s := &shelf{answer: library.ListBooks200JSONResponse{Body: []library.Book{}, Headers: library.ListBooks200ResponseHeaders{}}}
	ask := serveLibrary(t, s)
	for _, row := range []struct {
		request
		who any
	}{
		{request{"", "GET", "/books", nil, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", bearer, "", 200, "[]"}, "token reader"},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer bad"}, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer suspended"}, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer broken"}, "", 500, "away"}, nil},
	} {
		s.who = nil
		row.run(t, ask)
		if s.who != row.who {
			t.Errorf("%v: the principal is %v, want %v", row.headers, s.who, row.who)
		}
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	s := &shelf{answer: library.ListBooks200JSONResponse{Body: []library.Book{}, Headers: library.ListBooks200ResponseHeaders{}}}
	ask := serveLibrary(t, s)
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
		row.run(t, ask)
	}
	row := request{"", "GET", "/books?limit=7&tag=ab&tag=cd", nil, "", 200, "[]"}
	row.run(t, ask)
	params := s.seen().(library.ListBooksRequestObject).Params
	if *params.Limit != 7 || strings.Join(*params.Tag, "+") != "ab+cd" {
		t.Errorf("the handler saw %v and %v", *params.Limit, *params.Tag)
	}
}

func TestBodySchemas(t *testing.T) {
	t.Parallel()
	s := &shelf{answer: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	ask := serveLibrary(t, s)
	for _, row := range []request{
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1}`, 201, "title"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"isbn":null,"kind":"novel","authors":[{"name":"x","born":null}]}`, 201, "title"},
		{"", "POST", "/books", asJSON, `{"pages":1}`, 400, `{"code":"title_missing"}`},
		{"", "POST", "/books", asJSON, `{"title":"` + strings.Repeat("x", 41) + `","pages":1}`, 400, "title_too_long"},
		{"", "POST", "/books", asJSON, `{"title":"a"}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":0}`, 400, "pages_too_few"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1.0}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1e2}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":-` + strings.Repeat("9", 400) + `}`, 400, "pages_too_few"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":` + strings.Repeat("9", 400) + `}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":9223372036854775807}`, 201, "title"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":9223372036854775808}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"isbn":"12"}`, 400, "isbn_malformed"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"kind":"x"}`, 400, "kind_unknown"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"id":"mine"}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"authors":[]}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"authors":[{"name":"x"},{"name":"x"}]}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"authors":[{"name":"x","age":3}]}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1,"authors":[{"name":"x","born":19.0}]}`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `[]`, 400, "invalid"},
		{"", "POST", "/books", asJSON, `null`, 400, "invalid"},
		{"", "POST", "/books", asJSON, ``, 400, "unreadable"},
		{"", "POST", "/books", asJSON, `{"title":"a","pages":1}{}`, 400, "unreadable"},
		{"", "POST", "/books", asJSON, `{"title":"a","title":"b","pages":1}`, 400, "unreadable"},
		{"", "POST", "/books", asJSON, `{"title":"` + strings.Repeat("x", 2000) + `"}`, 413, "larger than 2000 bytes"},
		{"", "POST", "/books", bearer, `{}`, 415, "application/json or application/vnd.library+json"},
		{"", "POST", "/books", []string{"Authorization", "Bearer good", "Content-Type", "text/plain"}, `{}`, 415, "application/json"},
		{"", "POST", "/books", append(asJSON[:4:4], "Content-Type", "text/plain"), `{}`, 415, "application/json"},
		{"", "POST", "/books", append(asJSON[:4:4], "Content-Encoding", "gzip"), `{}`, 415, "application/json"},
		{"", "PUT", "/reviews", plain, `{"stars":2147483647,"weight":2.50,"by":7,"scores":{"a":-5}}`, 200, "ok"},
		{"", "PUT", "/reviews", plain, `{"stars":2147483648}`, 400, "format"},
		{"", "PUT", "/reviews", plain, `{"stars":3.0}`, 400, "type"},
		{"", "PUT", "/reviews", plain, `{"weight":10.5}`, 400, "maximum"},
		{"", "PUT", "/reviews", plain, `{"weight":-1e39}`, 400, "cannot be read"},
		{"", "PUT", "/reviews", plain, `{"by":7.0}`, 400, "oneOf"},
		{"", "PUT", "/reviews", plain, `{"by":true}`, 400, "oneOf"},
		{"", "PUT", "/reviews", plain, `{"by":"7.0"}`, 200, "ok"},
		{"", "PUT", "/reviews", plain, `{"scores":{"a":1,"b":-6}}`, 400, "minimum"},
		{"", "PUT", "/reviews", plain, `{"scores":{"a":1,"b":1.0}}`, 400, "type"},
	} {
		row.run(t, ask)
	}
}

func TestOptionalAndOtherBodies(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	ask := serveLibrary(t, s)
	review := func() library.ReviewRequestObject { return s.seen().(library.ReviewRequestObject) }

	request{"", "PUT", "/reviews", nil, "", 200, "ok"}.run(t, ask)
	if r := review(); r.JSONBody != nil || r.TextBody != nil {
		t.Error("an absent body was bound")
	}
	empty := request{"", "PUT", "/reviews", plain, "", 200, "ok"}.build()
	empty.ContentLength = -1
	if w := ask(empty); w.Code != 200 || review().JSONBody != nil {
		t.Error("an empty body of unknown length was bound")
	}
	request{"", "PUT", "/reviews", []string{"Content-Type", "APPLICATION/Json ; charset=utf-8"}, `{"stars":3}`, 200, "ok"}.run(t, ask)
	if r := review(); r.JSONBody == nil || *r.JSONBody.Stars != 3 {
		t.Error("a media type in other case was not bound")
	}
	request{"", "PUT", "/reviews", []string{"Content-Type", "Text/Plain"}, "fine", 200, "ok"}.run(t, ask)
	if r := review(); r.TextBody == nil || *r.TextBody != "fine" {
		t.Error("a text body was not bound")
	}
	request{"", "PUT", "/reviews", []string{"Content-Type", "text/plain"}, strings.Repeat("x", 21), 400, "maxLength"}.run(t, ask)

	request{"", "POST", "/loans/7?reader=eve&days=900", asForm, "reader=ann&days=3&note=a&note=b", 200, "lent"}.run(t, ask)
	if r := s.seen().(library.LendRequestObject); r.Copy != 7 || r.Body.Reader != "ann" || r.Body.Days != 3 || len(*r.Body.Note) != 2 {
		t.Errorf("the form was bound as %+v", *r.Body)
	}
	for _, row := range []request{
		{"", "POST", "/loans/7", asForm, "reader=ann", 400, "required"},
		{"", "POST", "/loans/7?days=3", asForm, "reader=ann", 400, "required"},
		{"", "POST", "/loans/7", asForm, "reader=ann&days=31", 400, "maximum"},
		{"", "POST", "/loans/7", asForm, "reader=ann&days=3.0", 400, "body"},
		{"", "POST", "/loans/7", asForm, "reader=ann&days=3&days=900", 400, "body"},
		{"", "POST", "/loans/7", asForm, "reader=ann;days=3", 400, "body"},
		{"", "POST", "/loans/7", asForm, "reader=%zz&days=3", 400, "body"},
		{"", "POST", "/loans/7", asForm, "", 400, "body"},
		{"", "POST", "/loans/0", asForm, "reader=ann&days=3", 400, "minimum"},
		{"", "POST", "/loans/x", asForm, "reader=ann&days=3", 400, "path parameter copy"},
		{"", "POST", "/loans/7", asJSON, "{}", 415, "form-urlencoded"},
	} {
		row.run(t, ask)
	}
}

// TestHandlerSeesWhatWasValidated sends bodies that lenient decoders read differently.
func TestHandlerSeesWhatWasValidated(t *testing.T) {
	t.Parallel()
	s := &shelf{answer: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	ask := serveLibrary(t, s)
	for _, row := range []struct {
		body   string
		status int
		pages  int
	}{
		{`{"title":"a","pages":3,"Pages":0}`, 201, 3},
		{`{"title":"a","pages":3,"PAGES":"x"}`, 201, 3},
		{`{"title":"a","\u0070ages":3}`, 201, 3},
		{`{"title":"a","pages":3,"\u0070ages":0}`, 400, 0},
		{`{"title":"a","pages":3,"pages":0}`, 400, 0},
		{`{"title":"a","pages":3} {"pages":0}`, 400, 0},
		{`{"title":"a","pages":3}garbage`, 400, 0},
		{"{\"title\":\"\xff\",\"pages\":3}", 400, 0},
		{"\xef\xbb\xbf{\"title\":\"a\",\"pages\":3}", 400, 0},
		{`{"title":"a","pages":03}`, 400, 0},
		{`{"title":"a","pages":9007199254740993}`, 201, 9007199254740993},
	} {
		s.got = nil
		r := request{method: "POST", path: "/books", headers: asJSON, body: row.body}.build()
		if w := ask(r); w.Code != row.status {
			t.Errorf("%s: %d %s", row.body, w.Code, w.Body)
		}
		if row.status != 201 {
			if s.seen() != nil {
				t.Errorf("%s reached the handler", row.body)
			}
			continue
		}
		if got := s.seen().(library.AddBookRequestObject).JSONBody.Pages; got != row.pages {
			t.Errorf("%s: the handler saw %d", row.body, got)
		}
	}
}

func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	name := "x"
	for _, row := range []struct {
		name   string
		answer any
		reason string // "" is a good answer
	}{
		{"good", library.GetBook200JSONResponse{Title: "a", Pages: 1}, ""},
		{"documented by its class", library.GetBook4XXJSONResponse{StatusCode: 404, Body: library.Failure{Detail: "gone"}}, ""},
		{"documented by default", library.GetBookdefaultJSONResponse{StatusCode: 503, Body: library.Failure{Detail: "later"}}, ""},
		{"none", nil, "gave no answer"},
		{"out of its limits", library.GetBook200JSONResponse{Title: "a", Pages: 0}, `minimum at \"/pages\"`},
		{"too long", library.GetBook200JSONResponse{Title: strings.Repeat("x", 41), Pages: 1}, "maxLength"},
		{"unknown value", library.GetBook200JSONResponse{Title: "a", Pages: 1, Kind: (*library.BookKind)(&name)}, "enum"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, check := range []contract.AnswerCheck{contract.AnswersEnforced, contract.AnswersLogged, contract.AnswersUnchecked} {
				var log strings.Builder
				ask := serveLibrary(t, &shelf{answer: row.answer}, contract.WithAnswerCheck(check), contract.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				w := ask(request{method: "GET", path: "/books/a-1"}.build())
				refused := row.reason != "" && (check == contract.AnswersEnforced || row.answer == nil)
				if refused != (w.Code == 500) || refused && !strings.Contains(w.Body.String(), row.reason) {
					t.Errorf("check %d: %d %s", check, w.Code, w.Body)
				}
				if w.Header().Get("Content-Type") != "application/json" || w.Body.Len() == 0 {
					t.Errorf("check %d: an answer of %q, %d bytes", check, w.Header().Get("Content-Type"), w.Body.Len())
				}
				if logged := strings.Contains(log.String(), "GetBook") || strings.Contains(log.String(), "get-book"); logged != (check == contract.AnswersLogged && row.reason != "" && row.answer != nil) {
					t.Errorf("check %d: the log is %q", check, log.String())
				}
			}
		})
	}
}

// raw answers a request with whatever is in it, below the generated code.
type raw struct {
	status  int
	headers []string
	body    string
}

func (r raw) VisitListBooksResponse(w http.ResponseWriter) error {
	for i := 0; i+1 < len(r.headers); i += 2 {
		w.Header().Set(r.headers[i], r.headers[i+1])
	}
	w.WriteHeader(r.status)
	_, err := io.WriteString(w, r.body)
	return err
}

func TestRawAnswersAreChecked(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		answer raw
		reason string
	}{
		{raw{200, []string{"Content-Type", "application/json; charset=utf-8", "X-Total", "0"}, "[]"}, ""},
		{raw{200, []string{"Content-Type", "application/json"}, "[]"}, "X-Total is missing"},
		{raw{200, []string{"Content-Type", "text/html", "X-Total", "0"}, "<p>"}, "media type"},
		{raw{200, []string{"X-Total", "0"}, "[]"}, "media type"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, ""}, "well-formed"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, "[] []"}, "well-formed"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, `[{"title":"a","title":"b","pages":1}]`}, "well-formed"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, `[{"title":"a","pages":1.0}]`}, "type"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, `{}`}, "type"},
		{raw{418, []string{"Content-Type", "application/json"}, `{"detail":7}`}, "type"},
	} {
		ask := serveLibrary(t, &shelf{answer: row.answer})
		w := ask(request{method: "GET", path: "/books"}.build())
		if row.reason == "" && (w.Code != row.answer.status || w.Body.String() != row.answer.body) ||
			row.reason != "" && (w.Code != 500 || !strings.Contains(w.Body.String(), row.reason)) {
			t.Errorf("%+v: %d %s, want %q", row.answer, w.Code, w.Body, row.reason)
		}
		if row.reason != "" && w.Header().Get("X-Total") != "" {
			t.Errorf("%+v: a refused answer left its header behind", row.answer)
		}
	}
}

func TestPanicAndErrorAfterAnAnswerLeaveNoTrace(t *testing.T) {
	t.Parallel()
	for _, s := range []*shelf{{panics: true}, {err: errors.New("failed"), answer: library.GetBook200JSONResponse{Title: "a", Pages: 1}}} {
		ask := serveLibrary(t, s)
		for range 3 {
			w := ask(request{method: "GET", path: "/books/a-1"}.build())
			if w.Code != 500 || !strings.Contains(w.Body.String(), `{"detail":`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	}
}

func TestBinderWithoutContract(t *testing.T) {
	t.Parallel()
	e := echo.New()
	ec := e.NewContext(httptest.NewRequest("POST", "/", strings.NewReader(`{"pages":3}`)), httptest.NewRecorder())
	var book library.Book
	if err := (contract.Binder{}).Bind(&book, ec); err == nil {
		t.Error("an unguarded body was bound")
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
		t.Errorf("a route without a plan: %v", err)
	}
}
