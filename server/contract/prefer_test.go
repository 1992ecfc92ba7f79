package contract_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

// withExamples are edits that add examples of every kind to the library's document.
var withExamples = []string{
	// Of the default response and of a class, one with a name that is not a token.
	"              detail: {type: string}", "              detail: {type: string}\n" +
		"          examples: {gone: {value: {detail: Gone.}}, busy: {value: {detail: Busy.}}, 'not \"here\"': {value: {detail: Not here.}}}",
	// Named like a code, and not.
	"pages_too_few, isbn_malformed, kind_unknown, duplicate]}", "pages_too_few, isbn_malformed, kind_unknown, duplicate]}\n" +
		"              examples: {a_first: {value: {code: invalid}}, duplicate: {value: {code: duplicate}}, title_missing: {value: {code: title_missing}}}",
	// An unnamed one, and one of a media type that sorts before JSON.
	"description: Added.\n          content:\n            application/json: {schema: {$ref: '#/components/schemas/Book'}}",
	"description: Added.\n          content:\n            application/csv: {example: 'a,1'}\n            application/json: {schema: {$ref: '#/components/schemas/Book'}, example: {title: a, pages: 1}}",
	// No content, of a status that may have content.
	"'204': {description: Gone.}", "'204': {description: Gone.}\n        '202': {description: Later.}",
	// Not JSON.
	"text/plain: {schema: {type: string}}", "'*/*': {example: any}\n            text/plain: {schema: {type: string}, examples: {lent: {value: 'Lent, until <date>.'}}}\n            text/rich: {examples: {lent: {value: 'Lent.'}}}",
	// Of the schema and its properties.
	"schema: {type: object, additionalProperties: true}", "schema: {type: object, required: [stars], properties: {stars: {type: integer, example: 5}, note: {type: string}, by: {type: object, properties: {name: {type: string, example: ann}}}, to: {type: object, required: [name], properties: {name: {type: string}, age: {type: integer, example: 7}}}}}",
	// With headers.
	"X-Total: {required: true, schema: {type: integer}}", "X-Total: {required: true, schema: {type: integer}, example: 2}\n            X-More: {schema: {type: boolean, example: true}}\n            X-None: {schema: {type: string}}\n            Content-Type: {schema: {type: string, example: text/html}}",
	"schema: {type: array, items: {$ref: '#/components/schemas/Book'}}", "schema: {type: array, items: {$ref: '#/components/schemas/Book'}, example: []}",
}

// preferred is the result of a request.
type preferred struct {
	*httptest.ResponseRecorder
	applied string          // what PreferredExample returns to an outer middleware
	refused *contract.Error // nil if the request was not refused
	handled bool
}

// servePreferred serves a document with WithPrefer, and returns a function that sends it a request.
func servePreferred(t testing.TB, document *openapi3.T, options ...contract.Option) func(*http.Request) preferred {
	t.Helper()
	options = append([]contract.Option{withReaders, contract.WithPrefer()}, options...)
	compiled, err := contract.Compile(document, options...)
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) preferred {
		s := &shelf{}
		got := preferred{ResponseRecorder: httptest.NewRecorder()}
		e := echo.New()
		e.Binder = contract.Binder{}
		e.HTTPErrorHandler = func(err error, ec echo.Context) {
			if errors.As(err, &got.refused) {
				_ = ec.JSONBlob(got.refused.Status, got.refused.Body)
				return
			}
			_ = ec.JSONBlob(http.StatusInternalServerError, compiled.FailureBody(ec, err.Error()))
		}
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				defer func() { got.applied = contract.PreferredExample(ec) }()
				return next(ec)
			}
		}, compiled.Middleware)
		library.RegisterHandlersWithBaseURL(e, library.NewStrictHandler(s, nil), compiled.BasePath())
		e.ServeHTTP(got, r)
		got.handled = s.recorded() != nil
		return got
	}
}

// prefer returns a request with a header Prefer whose credentials, parameters and body are wrong.
func prefer(method, path string, headers ...string) *http.Request {
	r := request{method: method, path: path, headers: []string{"Authorization", "Bearer broken", "Content-Type", "text/none"}, body: "{"}.build()
	r.Header["Prefer"] = headers
	return r
}

func TestPreferSelectsAnExample(t *testing.T) {
	t.Parallel()
	send := servePreferred(t, loadLibrary(t, withExamples...))
	for _, row := range []struct {
		name         string
		method, path string
		prefer       []string
		status       int
		body         string
		applied      string
	}{
		{"the status itself, first by its enum", "POST", "/books", []string{"code=400"}, 400, `{"code":"title_missing"}`, "code=400"},
		{"a name", "POST", "/books", []string{"example=duplicate"}, 400, `{"code":"duplicate"}`, "example=duplicate"},
		{"a name that is not a code", "POST", "/books", []string{"example=a_first"}, 400, `{"code":"invalid"}`, "example=a_first"},
		{"both", "POST", "/books", []string{"code=400, example=duplicate"}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
		{"both, in the other order", "POST", "/books", []string{"example=duplicate,code=400"}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
		{"two headers", "POST", "/books", []string{"example=duplicate", "code=400"}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
		{"a success", "POST", "/books", []string{"code=201"}, 201, `{"pages":1,"title":"a"}`, "code=201"},
		{"a status of a class, first by name", "GET", "/books/!", []string{"code=451"}, 451, `{"detail":"Busy."}`, "code=451"},
		{"a status by default", "GET", "/books/!", []string{"code=503"}, 503, `{"detail":"Busy."}`, "code=503"},
		{"a name and a status by default", "POST", "/books", []string{"code=429, example=gone"}, 429, `{"detail":"Gone."}`, "code=429, example=gone"},
		{"a name of the default response", "POST", "/books", []string{"example=busy"}, 500, `{"detail":"Busy."}`, "example=busy"},
		{"a name of a class", "GET", "/books/!", []string{"example=busy"}, 400, `{"detail":"Busy."}`, "example=busy"},
		{"no content", "DELETE", "/books/!", []string{"code=204"}, 204, ``, "code=204"},
		{"no content, of a status that may have content", "DELETE", "/books/!", []string{"code=202"}, 202, ``, "code=202"},
		{"a status that has no body", "POST", "/books", []string{"code=204"}, 204, ``, "code=204"},
		{"a text", "POST", "/loans/!", []string{"code=200"}, 200, `Lent, until <date>.`, "code=200"},
		{"a name that two media types have", "POST", "/loans/!", []string{"example=lent"}, 200, `Lent, until <date>.`, "example=lent"},
		{"the examples of the schema", "PUT", "/reviews", []string{"code=200"}, 200, `{"by":{"name":"ann"},"stars":5}`, "code=200"},
		{"headers", "GET", "/books?limit=0", []string{"code=200"}, 200, `[]`, "code=200"},
		{"names in any case, with space", "POST", "/books", []string{" CODE\t= 400 ,\tExample =duplicate "}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
		{"quoted", "POST", "/books", []string{`code="400", example="dupl\icate"`}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
		{"a name that is not a token", "POST", "/books", []string{`example="not \"here\""`}, 500, `{"detail":"Not here."}`, `example="not \"here\""`},
		{"parameters", "POST", "/books", []string{`code=400;q=1; code=201 ;x="a,b", example=duplicate;y`}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
		{"other preferences, and empty ones", "POST", "/books", []string{`, respond-async, wait="10, \", code=201", code=400,`, "dynamic=true"}, 400, `{"code":"title_missing"}`, "code=400"},
		{"the first counts", "POST", "/books", []string{"code=400, code=201, example=duplicate", "Code=401, example=a_first"}, 400, `{"code":"duplicate"}`, "code=400, example=duplicate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := send(prefer(row.method, row.path, row.prefer...))
			if got.Code != row.status || got.Body.String() != row.body {
				t.Errorf("%d %s, want %d %s", got.Code, got.Body, row.status, row.body)
			}
			header := got.Header()
			if header.Get("Preference-Applied") != row.applied || got.applied != row.applied || !slices.Equal(header["Vary"], []string{"Prefer"}) {
				t.Errorf("applied %q and %q, Vary: %q", header["Preference-Applied"], got.applied, header["Vary"])
			}
			contentType := "application/json"
			switch {
			case row.body == "":
				contentType = ""
			case !strings.ContainsAny(row.body[:1], "[{"):
				contentType = "text/plain"
			}
			if header.Get("Content-Type") != contentType || contentType == "" && len(header["Content-Type"]) > 0 {
				t.Errorf("the media type is %q", header.Get("Content-Type"))
			}
			if got.handled || got.refused != nil {
				t.Errorf("handled: %t, refused: %v", got.handled, got.refused)
			}
			if row.name == "headers" && (header.Get("X-Total") != "2" || header.Get("X-More") != "true" || len(header["X-None"]) > 0) {
				t.Errorf("the headers are %v", header)
			}
		})
	}
}

func TestPreferRefusesWhatTheDocumentDoesNotHave(t *testing.T) {
	t.Parallel()
	send := servePreferred(t, loadLibrary(t, withExamples...))
	none := servePreferred(t, loadLibrary(t))
	bare := servePreferred(t, loadLibrary(t,
		"schema: {type: array, items: {$ref: '#/components/schemas/Book'}}", "schema: {type: array, items: {$ref: '#/components/schemas/Book'}, example: []}",
		"schema: {type: object, additionalProperties: true}", "schema: {type: object, required: [stars, note], properties: {stars: {type: integer, example: 5}, note: {type: string}}}",
		"        4XX: {$ref: '#/components/responses/Failure'}\n        default:", "        4XX: {$ref: '#/components/responses/Failure'}\n        5XX:"))
	long := strings.Repeat("x", 64)
	for _, row := range []struct {
		send         func(*http.Request) preferred
		method, path string
		prefer       string
		body         string // the whole sentence
	}{
		{send, "POST", "/books", "example=other", "The document has no example other for this operation. Available: title_missing, duplicate, a_first, busy, gone, not \\\"here\\\"."},
		{send, "POST", "/books", "code=400, example=gone", "The document has no example gone for the response 400 of this operation. Available: title_missing, duplicate, a_first."},
		{send, "POST", "/books", "example=" + long, "The document has no example " + long + " for this operation. Available: title_missing, duplicate, a_first, busy, gone, not \\\"here\\\"."},
		{send, "POST", "/books", "code=400, example=" + long + "x", "The document has no such example for the response 400 of this operation. Available: title_missing, duplicate, a_first."},
		{send, "POST", "/books", "code=400, example=caf\u00e9", "The document has no such example for the response 400 of this operation. Available: title_missing, duplicate, a_first."},
		{send, "POST", "/books", "code=400, example=\"\x7f\"", "The document has no such example for the response 400 of this operation. Available: title_missing, duplicate, a_first."},
		{send, "POST", "/books", "code=400, example", "The document has no such example for the response 400 of this operation. Available: title_missing, duplicate, a_first."},
		{send, "POST", "/books", "code=201, example=a", "The document has no example a for the response 201 of this operation. None is available."},
		{send, "POST", "/books", "code=401", "The document has no example for the response 401 of this operation. Available: 201, 400, default."},
		{send, "POST", "/books", "code=4o1", "The document has no response 4o1: a code is a number from 200 to 599. Available: 201, 400, default."},
		{send, "POST", "/books", "code=+400", "The document has no response +400: a code is a number from 200 to 599. Available: 201, 400, default."},
		{send, "POST", "/books", "code=600", "The document has no response 600: a code is a number from 200 to 599. Available: 201, 400, default."},
		{send, "POST", "/books", "code=101", "The document has no response 101: a code is a number from 200 to 599. Available: 201, 400, default."},
		{send, "POST", "/books", "code=\"\"", "The document has no such response: a code is a number from 200 to 599. Available: 201, 400, default."},
		{send, "POST", "/books", `code="400`, "The header Prefer cannot be read. It is a list such as code=404, example=name."},
		{send, "POST", "/books", `code="40"0`, "The header Prefer cannot be read. It is a list such as code=404, example=name."},
		{send, "POST", "/books", "code:400", "The header Prefer cannot be read. It is a list such as code=404, example=name."},
		{send, "POST", "/books", "wait=10, =400", "The header Prefer cannot be read. It is a list such as code=404, example=name."},
		{send, "GET", "/books/!", "example=other", "The document has no example other for this operation. Available: busy, gone, not \\\"here\\\"."},
		{none, "PUT", "/reviews", "code=200", "The document has no example for the response 200 of this operation. None is available."},
		{bare, "GET", "/books", "code=200", "The document has no example for the response 200 of this operation. None is available."},
		{none, "GET", "/books", "code=200", "The document has no example for the response 200 of this operation. None is available."},
		{none, "GET", "/books/!", "example=a", "The document has no example a for this operation. None is available."},
		{bare, "GET", "/books/!", "code=302", "The document has no response 302 for this operation. None is available."},
		{bare, "PUT", "/reviews", "code=200", "The document has no example for the response 200 of this operation. None is available."},
	} {
		t.Run(row.prefer, func(t *testing.T) {
			t.Parallel()
			got := row.send(prefer(row.method, row.path, row.prefer))
			if got.Code != 422 || got.Body.String() != `{"detail":"`+row.body+`"}` {
				t.Errorf("%d %s, want %s", got.Code, got.Body, row.body)
			}
			if got.refused == nil || got.refused.In != "header Prefer" || got.refused.Keyword != "prefer" || got.refused.Status != 422 {
				t.Errorf("refused: %v", got.refused)
			}
			if got.handled || got.applied != "" || got.Header().Get("Preference-Applied") != "" || got.Header().Get("Vary") != "Prefer" {
				t.Errorf("handled: %t, applied %q, headers %v", got.handled, got.applied, got.Header())
			}
		})
	}
}

// TestPreferredStatusBelongsToTheResponse has classes and defaults whose usual status has a response of its own, and
// an operation with a 422 of its own.
func TestPreferredStatusBelongsToTheResponse(t *testing.T) {
	t.Parallel()
	const failures = "        4XX: {$ref: '#/components/responses/Failure'}\n        default: {$ref: '#/components/responses/Failure'}"
	other := func(name string) string {
		return "{description: x, content: {application/json: {schema: {type: object, required: [why], properties: {why: {type: string}}}, examples: {" + name + ": {value: {why: x}}}}}}"
	}
	send := servePreferred(t, loadLibrary(t, failures,
		"        '400': "+other("bad")+"\n        '422': "+other("unfit")+"\n        5XX: "+other("down")+"\n        4XX: "+other("wrong")+"\n        1XX: "+other("wait")+"\n        default: "+other("any")))
	for sent, status := range map[string]int{
		"example=bad": 400, "example=unfit": 422, "example=wrong": 401, "example=down": 500, "example=any": 201,
		"code=400": 400, "code=499, example=wrong": 499,
	} {
		if got := send(prefer("GET", "/books/!", sent)); got.Code != status || got.Body.String() != `{"why":"x"}` {
			t.Errorf("%s: %d %s, want %d", sent, got.Code, got.Body, status)
		}
	}
	closed := servePreferred(t, loadLibrary(t, failures,
		"        '422': {description: x, x-error-codes: {implementation: [unfit]}, content: {application/json: {schema: {type: object, required: [code], properties: {code: {type: string, enum: [unfit]}}}}}}\n"+failures))
	if got := closed(prefer("GET", "/books/!", "example=wait")); got.Code != 422 || !strings.HasPrefix(got.Body.String(), `{"detail":"The document has no example wait`) {
		t.Errorf("a 422 with an enum of codes: %d %s", got.Code, got.Body)
	}
	open := servePreferred(t, loadLibrary(t, failures, "        '422': "+other("unfit")+"\n"+failures))
	if got := open(prefer("GET", "/books/!", "example=wait")); got.Code != 422 || !strings.HasPrefix(got.Body.String(), `{"why":"The document has no example wait`) {
		t.Errorf("a 422 of its own: %d %s", got.Code, got.Body)
	}
	if got := send(prefer("GET", "/books/!", "example=wait")); got.Code != 422 {
		t.Errorf("a response that is not final: %d %s", got.Code, got.Body)
	}
}

// TestRequestsWithoutPreferenceAreServed has requests without the option, without the header, and with other
// preferences.
func TestRequestsWithoutPreferenceAreServed(t *testing.T) {
	t.Parallel()
	document := loadLibrary(t, withExamples...)
	withoutOption := serveDocument(t, document, &shelf{response: library.ListBooks200JSONResponse{Body: []library.Book{}}})
	if w := withoutOption(request{method: "GET", path: "/books", headers: []string{"Prefer", "code=503"}}.build()); w.Code != 200 || w.Header().Get("Vary") != "" || w.Header().Get("Preference-Applied") != "" {
		t.Errorf("without the option: %d %v", w.Code, w.Header())
	}
	send := servePreferred(t, document, contract.WithResponseCheck(contract.ResponsesUnchecked))
	for _, sent := range [][]string{nil, {""}, {"return=minimal"}, {`wait=10; code=503, x="code=503"`}, {"cod=503"}} {
		r := request{method: "PUT", path: "/reviews"}.build()
		r.Header["Prefer"] = sent
		if got := send(r); got.Code != 200 || !got.handled || got.applied != "" || got.Header().Get("Preference-Applied") != "" {
			t.Errorf("%q: %d, handled: %t, applied %q", sent, got.Code, got.handled, got.applied)
		}
	}
	for method, path := range map[string]string{"GET": "/books?limit=0", "PUT": "/reviews"} {
		hasVary := send(request{method: method, path: path}.build()).Header().Get("Vary") != ""
		if hasVary != (method == "GET") {
			t.Errorf("%s without the header: Vary: %t", method, hasVary)
		}
	}
}

// TestVaryIsAppended adds to Vary before and after the contract does.
func TestVaryIsAppended(t *testing.T) {
	t.Parallel()
	compiled, err := contract.Compile(loadLibrary(t), withReaders, contract.WithPrefer())
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct{ before, after, want string }{
		{"Origin", "", "Origin+Prefer"},
		{"", "Origin", "Prefer+Origin"},
		{"", "Accept", "Prefer+Accept"},
	}
	headers := make([]http.Header, len(rows))
	for i, row := range rows {
		ec := echo.New().NewContext(httptest.NewRequest("GET", "/v2/books/a-1", nil), httptest.NewRecorder())
		ec.SetPath("/v2/books/:id")
		headers[i] = ec.Response().Header()
		if row.before != "" {
			headers[i].Add("Vary", row.before)
		}
		_ = compiled.Middleware(func(echo.Context) error { return nil })(ec)
		if row.after != "" {
			headers[i].Add("Vary", row.after)
		}
	}
	for i, row := range rows {
		if got := strings.Join(headers[i]["Vary"], "+"); got != row.want {
			t.Errorf("Vary: %s, want %s", got, row.want)
		}
	}
}

// TestBodyIsReadBeforeTheExample has a body that is larger than net/http reads by itself, and one that the client sends
// only after 100 Continue, which it does not get.
func TestBodyIsReadBeforeTheExample(t *testing.T) {
	t.Parallel()
	send := servePreferred(t, loadLibrary(t, withExamples...))
	for expect, left := range map[string]int{"": 0, "100-continue": 1 << 20} {
		r := prefer("POST", "/books", "code=400")
		body := &counter{left: 1 << 20}
		r.Body = io.NopCloser(body)
		if expect != "" {
			r.Header.Set("Expect", expect)
		}
		if got := send(r); got.Code != 400 || body.left != left {
			t.Errorf("expect %q: %d with %d bytes left, want %d", expect, got.Code, body.left, left)
		}
	}
}

// TestPreferOverAConnection also has a HEAD request.
func TestPreferOverAConnection(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData([]byte(`{openapi: 3.0.3, info: {title: x, version: '1'}, servers: [{url: /}], paths: {/x: {
		head: {operationId: look, responses: {'200': {description: x, content: {application/json: {example: {a: 1}}}}, default: {$ref: '#/components/responses/F'}}},
		post: {operationId: put, responses: {'200': {description: x, content: {application/json: {example: {a: 1}}}}, default: {$ref: '#/components/responses/F'}}}}},
		components: {responses: {F: {description: x, content: {application/json: {schema: {type: object, required: [a], properties: {a: {type: string}}}}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := contract.Compile(document, contract.WithPrefer())
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Use(compiled.Middleware)
	e.HEAD("/x", func(echo.Context) error { return errors.New("called") })
	e.POST("/x", func(echo.Context) error { return errors.New("called") })
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	for method, body := range map[string]string{"HEAD": "", "POST": `{"a":1}`} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Prefer", "code=200")
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != 200 || string(text) != body || response.Header.Get("Content-Type") != "application/json" || response.Header.Get("Preference-Applied") != "code=200" {
			t.Errorf("%s: %d %q %v, %v", method, response.StatusCode, text, response.Header, err)
		}
	}
}

// counter is a body that counts its unread bytes.
type counter struct{ left int }

func (c *counter) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), c.left)
	c.left -= n
	return n, nil
}
