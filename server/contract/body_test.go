package contract_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

func TestBodiesMustSatisfyTheirSchema(t *testing.T) {
	t.Parallel()
	s := &shelf{response: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	send := serveLibrary(t, s)
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
		{"", "POST", "/books", bearer, `{}`, 415, "application/json or application/vnd.books+json"},
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
		{"", "PUT", "/reviews", plain, `{"scores":{"a":` + strings.Repeat("[", 97) + strings.Repeat("]", 97) + `}}`, 400, "type"},
		{"", "PUT", "/reviews", plain, `{"scores":{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}}`, 400, "cannot be read"},
	} {
		row.run(t, send)
	}
}

func TestOptionalBodiesTextsAndForms(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	send := serveLibrary(t, s)
	review := func() library.ReviewRequestObject { return s.recorded().(library.ReviewRequestObject) }

	request{"", "PUT", "/reviews", nil, "", 200, "ok"}.run(t, send)
	if r := review(); r.JSONBody != nil || r.TextBody != nil {
		t.Error("an absent body was bound")
	}
	request{"", "PUT", "/reviews", asJSON, "", 200, "ok"}.run(t, send)
	if r := review(); r.JSONBody != nil {
		t.Error("an absent body was bound, because the request names its media type")
	}
	empty := request{"", "PUT", "/reviews", plain, "", 200, "ok"}.build()
	empty.ContentLength = -1
	if w := send(empty); w.Code != 200 || review().JSONBody != nil {
		t.Error("an empty body of unknown length was bound")
	}
	request{"", "PUT", "/reviews", []string{"Content-Type", "APPLICATION/Json ; charset=utf-8"}, `{"stars":3}`, 200, "ok"}.run(t, send)
	if r := review(); r.JSONBody == nil || *r.JSONBody.Stars != 3 {
		t.Error("a media type in another case was not bound")
	}
	request{"", "PUT", "/reviews", []string{"Content-Type", "Text/Plain"}, "fine", 200, "ok"}.run(t, send)
	if r := review(); r.TextBody == nil || *r.TextBody != "fine" {
		t.Error("a text body was not bound")
	}
	request{"", "PUT", "/reviews", []string{"Content-Type", "text/plain"}, strings.Repeat("x", 21), 400, "maxLength"}.run(t, send)

	request{"", "POST", "/loans/7?reader=eve&days=900&note=c", asForm, "reader=ann&days=3&note=a&note=b", 200, "lent"}.run(t, send)
	if r := s.recorded().(library.LendRequestObject); r.Copy != 7 || r.Body.Reader != "ann" || r.Body.Days != 3 || len(*r.Body.Note) != 2 {
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
		row.run(t, send)
	}
}

// TestHandlersReceiveTheCheckedValue sends bodies that lenient decoders read differently.
func TestHandlersReceiveTheCheckedValue(t *testing.T) {
	t.Parallel()
	s := &shelf{response: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	send := serveLibrary(t, s)
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
		s.request = nil
		r := request{method: "POST", path: "/books", headers: asJSON, body: row.body}.build()
		if w := send(r); w.Code != row.status {
			t.Errorf("%s: %d %s", row.body, w.Code, w.Body)
		}
		if row.status != 201 {
			if s.recorded() != nil {
				t.Errorf("%s reached the handler", row.body)
			}
			continue
		}
		if got := s.recorded().(library.AddBookRequestObject).JSONBody.Pages; got != row.pages {
			t.Errorf("%s: the handler received %d", row.body, got)
		}
	}
}

func TestBinderNeedsTheMiddleware(t *testing.T) {
	t.Parallel()
	e := echo.New()
	ec := e.NewContext(httptest.NewRequest("POST", "/", strings.NewReader(`{"pages":3}`)), httptest.NewRecorder())
	var book library.Book
	if err := (contract.Binder{}).Bind(&book, ec); err == nil {
		t.Error("an unchecked body was bound")
	}
}
