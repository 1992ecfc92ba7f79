package journal

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
)

// pass sends a request through a Journal to a handler, and returns what is kept of it.
func pass(t testing.TB, j *Journal, request *http.Request, handler echo.HandlerFunc) []control.JournalEntry {
	t.Helper()
	e := echo.New()
	e.Use(j.Middleware)
	e.Any("/*", handler)
	e.ServeHTTP(httptest.NewRecorder(), request)
	entries := j.List(10, 0)
	for _, entry := range entries {
		for _, text := range []string{entry.Path, entry.RequestBody, entry.AnswerBody, entry.Why.Text} {
			if !utf8.ValidString(text) {
				t.Errorf("%q is not valid UTF-8", text)
			}
		}
	}
	return entries
}

func ok(ec echo.Context) error { return ec.JSONBlob(http.StatusOK, []byte(`{"url":"x"}`)) }

func TestHeadersAreMasked(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/x", nil)
	request.Header = http.Header{
		"Authorization": {"secret"}, "Consumerkey": {"secret", "secret"}, "Cookie": {"a=secret; b=secret"},
		"Accept": {"a/b", "c/d"}, "X-Strange": {"\xff"}, "Referer": {"http://host/page/secret-of-a-page?x"},
	}
	request.Header["authorization"] = []string{"secret"} // as no server would pass it on
	entries := pass(t, newJournal(3), request, func(ec echo.Context) error {
		ec.Response().Header().Add("Set-Cookie", "a=secret")
		ec.Response().Header().Add("Set-Cookie", "b=secret")
		return ok(ec)
	})
	wantSent := control.Headers{
		"Authorization": mask, "authorization": mask, "Consumerkey": mask, "Cookie": mask,
		"Accept": "a/b, c/d", "X-Strange": "\uFFFD", "Referer": "http://host/page/sec…?x",
	}
	wantAnswered := control.Headers{"Set-Cookie": mask, "Content-Type": "application/json"}
	if len(entries) != 1 || !maps.Equal(entries[0].RequestHeaders, wantSent) || !maps.Equal(entries[0].AnswerHeaders, wantAnswered) {
		t.Errorf("%+v", entries)
	}
	if request.Header.Get("Authorization") != "secret" {
		t.Error("the request itself was changed")
	}
}

func TestAddressIsMasked(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"/x":                            "/x",
		"/x?":                           "/x",
		"/x?a=1&b=2":                    "/x?a=1&b=2",
		"/x?authorization=secret":       "/x?authorization=[masked]",
		"/x?AUTHORIZATION=secret&a=1":   "/x?AUTHORIZATION=[masked]&a=1",
		"/x?consumerKey=secret":         "/x?consumerKey=[masked]",
		"/x?consumerkey=secret=secret":  "/x?consumerkey=[masked]",
		"/x?a=1&ConsumerKey=secret&b=2": "/x?a=1&ConsumerKey=[masked]&b=2",
		"/x?consumer%4bey=secret":       "/x?consumer%4bey=[masked]",
		"/x?consumerKey=secret&consumerKey=secret": "/x?consumerKey=[masked]&consumerKey=[masked]",
		"/x?cookie=secret":                         "/x?cookie=[masked]",
		"/x?consumerKeys=1":                        "/x?consumerKeys=1",
		"/x?next=/page/secret-of-a-page":           "/x?next=/page/sec…",
		"/a%20b%2Fc":                               "/a%20b%2Fc",
		"/%ff":                                     "/%ff",
		"/page/secret-of-a-page":                   "/page/sec…",
		"/page/secret-of-a-page?a=1":               "/page/sec…?a=1",
		"/page/secret%2dof-a-page":                 "/page/sec…",
		"//page/secret-of-a-page":                  "//page/sec…",
	} {
		entries := pass(t, newJournal(3), httptest.NewRequestWithContext(t.Context(), "GET", sent, nil), ok)
		if len(entries) != 1 || entries[0].Path != want {
			t.Errorf("%s: %+v, want %s", sent, entries, want)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 3000)
	for name, test := range map[string]struct {
		sent, answered         string
		keptSent, keptAnswered string
	}{
		"none":                  {"", "", "", ""},
		"short":                 {"a", "b", "a", "b"},
		"at the limit":          {strings.Repeat("a", 4096), strings.Repeat("b", 4096), strings.Repeat("a", 4096), strings.Repeat("b", 4096)},
		"one more":              {strings.Repeat("a", 4097), strings.Repeat("b", 4097), strings.Repeat("a", 4096), strings.Repeat("b", 4096)},
		"much more":             {strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20), strings.Repeat("a", 4096), strings.Repeat("b", 4096)},
		"of two bytes a letter": {long, long, long[:4096], long[:4096]},
		"cut in a letter":       {"a" + long, "b" + long, "a" + long[:4094] + "\uFFFD", "b" + long[:4094] + "\uFFFD"},
		"no UTF-8":              {"\xff\xfe{", "}\x80", "\uFFFD{", "}\uFFFD"},
		"NUL":                   {"\x00", "\x00", "\x00", "\x00"},
		"a secret address":      {"see /page/secret-of-a-page", "/page/secret-of-a-page", "see /page/sec…", "/page/secret-of-a-page"}, // an answer is the API's own
	} {
		request := httptest.NewRequestWithContext(t.Context(), "POST", "/x", strings.NewReader(test.sent))
		entries := pass(t, newJournal(3), request, func(ec echo.Context) error {
			got, err := io.ReadAll(ec.Request().Body)
			if err != nil || string(got) != test.sent {
				t.Errorf("%s: the handler read %d bytes, %v", name, len(got), err)
			}
			return ec.Blob(http.StatusOK, "text/plain", []byte(test.answered))
		})
		if len(entries) != 1 || entries[0].RequestBody != test.keptSent || entries[0].AnswerBody != test.keptAnswered {
			t.Errorf("%s: %+v", name, entries)
		}
	}
}

// TestOnlyWhatWasRead has a handler that reads a part of the body.
func TestOnlyWhatWasRead(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/x", strings.NewReader("0123456789"))
	entries := pass(t, newJournal(3), request, func(ec echo.Context) error {
		_, err := io.ReadFull(ec.Request().Body, make([]byte, 4))
		return errors.Join(err, ec.NoContent(http.StatusNoContent))
	})
	if len(entries) != 1 || entries[0].RequestBody != "0123" || entries[0].Status != 204 {
		t.Errorf("%+v", entries)
	}
}

// TestPagesKeepNoBodies also has the page's address in an answer that leads to it.
func TestPagesKeepNoBodies(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/page/secret-of-a-page", strings.NewReader("form"))
	j := newJournal(3)
	entries := pass(t, j, request, func(ec echo.Context) error {
		if _, err := io.ReadAll(ec.Request().Body); err != nil {
			return err
		}
		ec.Response().Header().Set("Location", "secret-of-a-page")
		err := ec.HTML(http.StatusSeeOther, strings.Repeat("secret-of-a-page", 1000))
		if n := len(j.List(10, 0)); n != 1 {
			t.Errorf("%d entries as the answer leaves, which is longer than what net/http holds back", n)
		}
		return err
	})
	if len(entries) != 1 || entries[0].RequestBody != "" || entries[0].AnswerBody != "" || entries[0].AnswerHeaders["Location"] != "sec…" {
		t.Errorf("%+v", entries)
	}
	if text, err := json.Marshal(entries); err != nil || strings.Contains(string(text), "secret-of") {
		t.Errorf("%s, %v", text, err)
	}
}

// TestShortPages are no purchases: nothing is cut that only happens to stand in a header.
func TestShortPages(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/page/", "/page/t", "/page/x/t"} {
		j := newJournal(3)
		j.settings.Shorten = func(text string) string {
			if strings.HasPrefix(text, "/page/") {
				return "/page/…"
			}
			return text
		}
		request := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		request.Header.Set("Accept", "text/html")
		entries := pass(t, j, request, ok)
		if len(entries) != 1 || entries[0].RequestHeaders["Accept"] != "text/html" || entries[0].Path != "/page/…" {
			t.Errorf("%s: %+v", path, entries)
		}
	}
}

func TestOnceEach(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path    string
		handler echo.HandlerFunc
		want    []int // the statuses
	}{
		"an answer":       {"/x", ok, []int{200}},
		"a page":          {"/page/secret-of-a-page", ok, []int{200}},
		"an error":        {"/x", func(echo.Context) error { return echo.ErrTeapot }, []int{418}},
		"an unknown one":  {"/x", func(echo.Context) error { return io.ErrUnexpectedEOF }, []int{500}},
		"a page's error":  {"/page/secret-of-a-page", func(echo.Context) error { return echo.ErrForbidden }, []int{403}},
		"kept before":     {"/x", func(ec echo.Context) error { Keep(ec); return nil }, []int{0}},
		"kept and more":   {"/x", func(ec echo.Context) error { err := ok(ec); Keep(ec); Keep(ec); return err }, []int{200}},
		"one that is not": {"/quiet", func(ec echo.Context) error { Keep(ec); return ok(ec) }, nil},
	} {
		entries := pass(t, newJournal(3), httptest.NewRequestWithContext(t.Context(), "GET", test.path, nil), test.handler)
		if len(entries) != len(test.want) {
			t.Errorf("%s: %+v", name, entries)
			continue
		}
		for i, entry := range entries {
			if entry.Status != test.want[i] || entry.ID != 1 || entry.Why.Text == "" || !entry.Time.Equal(began) || entry.DurationMs < 0 {
				t.Errorf("%s: %+v", name, entry)
			}
		}
	}
}
