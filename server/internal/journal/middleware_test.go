package journal_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/internal/journal"
)

const mask = "[masked]"

// record sends a request through a Journal to a handler, and returns the entries.
func record(j *journal.Journal, request *http.Request, handler echo.HandlerFunc) []journal.Entry {
	e := echo.New()
	e.Use(j.Middleware)
	e.Any("/*", handler)
	e.ServeHTTP(httptest.NewRecorder(), request)
	return j.List(10, 0)
}

func ok(ec echo.Context) error { return ec.JSONBlob(http.StatusOK, []byte(`{"url":"x"}`)) }

func TestHeaders(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/x", nil)
	request.Header = http.Header{
		"Authorization": {"secret"}, "Consumerkey": {"secret", "secret"}, "Cookie": {"a=secret; b=secret"},
		"Accept": {"a/b", "c/d"}, "X-Strange": {"\xff"}, "Referer": {"http://host/page/secret-token?x"},
	}
	request.Header["authorization"] = []string{"secret"} // net/http does not create such a name
	entries := record(newJournal(3), request, func(ec echo.Context) error {
		ec.Response().Header().Add("Set-Cookie", "a=secret")
		ec.Response().Header().Add("Set-Cookie", "b=secret")
		ec.Response().Header().Set("X-Request-Id", "17")
		return ok(ec)
	})
	sent := map[string]string{
		"Authorization": mask, "authorization": mask, "Consumerkey": mask, "Cookie": mask,
		"Accept": "a/b, c/d", "X-Strange": "\uFFFD", "Referer": "http://host/page/sec…?x",
	}
	received := map[string]string{"Set-Cookie": mask, "Content-Type": "application/json", "X-Request-Id": "17"}
	if len(entries) != 1 || entries[0].RequestID != "17" || !maps.Equal(entries[0].RequestHeaders, sent) || !maps.Equal(entries[0].ResponseHeaders, received) {
		t.Errorf("%+v", entries)
	}
	if request.Header.Get("Authorization") != "secret" {
		t.Error("the request was changed")
	}
}

func TestPath(t *testing.T) {
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
		"/x?next=/page/secret-token":               "/x?next=/page/sec…",
		"/x?\xff=%zz":                              "/x?\uFFFD=%zz",
		"/a%20b%2Fc":                               "/a%20b%2Fc",
		"/%ff":                                     "/%ff",
		"/page/secret-token":                       "/page/sec…",
		"/page/secret-token?a=1":                   "/page/sec…?a=1",
		"/page/secret%2dtoken":                     "/page/sec…",
		"//page/secret-token":                      "//page/sec…",
	} {
		request := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		var err error
		if request.URL, err = request.URL.Parse(strings.Replace(sent, "//", "http://host//", 1)); err != nil {
			t.Fatal(err)
		}
		if entries := record(newJournal(3), request, ok); len(entries) != 1 || entries[0].Path != want {
			t.Errorf("%s: %+v, want %s", sent, entries, want)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	long, a, b := strings.Repeat("é", 3000), strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20)
	for name, test := range map[string]struct{ sent, received, keptSent, keptReceived string }{
		"empty":                 {"", "", "", ""},
		"short":                 {"a", "b", "a", "b"},
		"at the limit":          {a[:4096], b[:4096], a[:4096], b[:4096]},
		"one byte too long":     {a[:4097], b[:4097], a[:4096], b[:4096]},
		"1 MiB":                 {a, b, a[:4096], b[:4096]},
		"two-byte letters":      {long, long, long[:4096], long[:4096]},
		"half a letter":         {"a" + long, "b" + long, "a" + long[:4094] + "\uFFFD", "b" + long[:4094] + "\uFFFD"},
		"invalid UTF-8":         {"\xff\xfe{", "}\x80", "\uFFFD{", "}\uFFFD"},
		"NUL":                   {"\x00", "\x00", "\x00", "\x00"},
		"the address of a page": {"see /page/secret-token", "/page/secret-token", "see /page/sec…", "/page/secret-token"}, // the API returns it
	} {
		request := httptest.NewRequestWithContext(t.Context(), "POST", "/x", strings.NewReader(test.sent))
		entries := record(newJournal(3), request, func(ec echo.Context) error {
			got, err := io.ReadAll(ec.Request().Body)
			if err != nil || string(got) != test.sent {
				t.Errorf("%s: the handler read %d bytes, %v", name, len(got), err)
			}
			return ec.Blob(http.StatusOK, "text/plain", []byte(test.received))
		})
		if len(entries) != 1 || entries[0].RequestBody != test.keptSent || entries[0].ResponseBody != test.keptReceived {
			t.Errorf("%s: %+v", name, entries)
		}
	}
}

func TestBodyIsTheReadPart(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/x", strings.NewReader("0123456789"))
	entries := record(newJournal(3), request, func(ec echo.Context) error {
		_, err := io.ReadFull(ec.Request().Body, make([]byte, 4))
		return errors.Join(err, ec.NoContent(http.StatusNoContent))
	})
	if len(entries) != 1 || entries[0].RequestBody != "0123" || entries[0].Status != 204 {
		t.Errorf("%+v", entries)
	}
}

func TestPagesHaveNoBodies(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/page/secret-token", strings.NewReader("form"))
	j := newJournal(3)
	entries := record(j, request, func(ec echo.Context) error {
		if _, err := io.ReadAll(ec.Request().Body); err != nil {
			return err
		}
		ec.Response().Header().Set("Location", "secret-token")
		err := ec.HTML(http.StatusSeeOther, strings.Repeat("secret-token", 1000))
		if n := len(j.List(10, 0)); n != 1 {
			t.Errorf("%d entries when the response leaves, which is longer than the buffer of net/http", n)
		}
		return err
	})
	if len(entries) != 1 || entries[0].RequestBody != "" || entries[0].ResponseBody != "" || entries[0].ResponseHeaders["Location"] != mask {
		t.Errorf("%+v", entries)
	}
	if text, err := json.Marshal(entries); err != nil || strings.Contains(string(text), "secret-token") {
		t.Errorf("%s, %v", text, err)
	}
}

// TestEntryIsWrittenOnce has each way in which a response can end.
func TestEntryIsWrittenOnce(t *testing.T) {
	t.Parallel()
	flush := func(ec echo.Context) { ec.Response().Flush() }
	hijack := func(ec echo.Context) { _, _, _ = http.NewResponseController(ec.Response().Writer).Hijack() }
	for name, test := range map[string]struct {
		path    string
		handler echo.HandlerFunc
		status  int // -1 for no entry
		reason  string
	}{
		"response":            {"/x", ok, 200, ""},
		"page":                {"/page/secret-token", ok, 200, ""},
		"HTTP error":          {"/x", func(echo.Context) error { return echo.ErrTeapot }, 418, echo.ErrTeapot.Error()},
		"other error":         {"/x", func(echo.Context) error { return io.ErrUnexpectedEOF }, 500, io.ErrUnexpectedEOF.Error()},
		"error of a page":     {"/page/secret-token", func(echo.Context) error { return echo.ErrForbidden }, 403, ""},
		"hijacked":            {"/x", func(ec echo.Context) error { hijack(ec); return nil }, 0, ""},
		"flushed":             {"/x", func(ec echo.Context) error { err := ok(ec); flush(ec); flush(ec); return err }, 200, ""},
		"path to be skipped":  {"/quiet", func(ec echo.Context) error { flush(ec); return ok(ec) }, -1, ""},
		"no response written": {"/x", func(echo.Context) error { return nil }, 0, ""},
	} {
		j := newJournal(3)
		entries := record(j, httptest.NewRequestWithContext(t.Context(), "GET", test.path, nil), func(ec echo.Context) error {
			err := test.handler(ec)
			if n, early := len(j.List(10, 0)), name == "hijacked" || name == "flushed" || name == "page"; (n == 1) != early {
				t.Errorf("%s: %d entries before the handler ends", name, n)
			}
			return err
		})
		if test.status < 0 {
			if len(entries) != 0 {
				t.Errorf("%s: %+v", name, entries)
			}
			continue
		}
		if len(entries) != 1 || entries[0].Status != test.status || entries[0].ID != 1 || entries[0].Account != "ann" || entries[0].Reason.Text != test.reason ||
			!entries[0].Time.Equal(now) || entries[0].Time.Location().String() != "UTC" || entries[0].Duration < 0 || entries[0].ResponseHeaders == nil {
			t.Errorf("%s: %+v", name, entries)
		}
	}
}
