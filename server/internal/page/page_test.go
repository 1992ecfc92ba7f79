package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/turbosmtp-go/billing/server/internal/page"
)

// files returns the files of a package with one page, which displays the name in its view.
func files(changes map[string]string) fs.FS {
	texts := map[string]string{
		"html/style.css":  ".own > h2 { color: red; }",
		"html/hello.html": `{{define "title"}}Hello{{end}}{{define "content"}}<p>Hello, {{.Name}}</p>{{end}}`,
	}
	maps.Copy(texts, changes)
	result := fstest.MapFS{}
	for name, text := range texts {
		if text != "" {
			result[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return result
}

// newPages returns pages and the log of their errors.
func newPages(t *testing.T, c page.Config) (*page.Pages, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	if c.Files == nil {
		c.Files = files(nil)
	}
	pages, err := page.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return pages, &log
}

type view struct{ Name string }

// serve returns the response to a request that write responds to, and the body.
func serve(method string, write http.HandlerFunc) (*http.Response, string) {
	recorder := httptest.NewRecorder()
	write(recorder, httptest.NewRequest(method, "/", nil))
	return recorder.Result(), recorder.Body.String()
}

func TestWrite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]writeTest{
		"default":  {page.Config{}, "default-src 'none'; style-src STYLE; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", true},
		"forms":    {page.Config{Forms: true}, "default-src 'none'; style-src STYLE; frame-ancestors 'none'; base-uri 'none'; form-action 'self'", true},
		"no links": {page.Config{NoLinks: true}, "default-src 'none'; style-src STYLE; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", false},
		"sources":  {page.Config{Sources: "script-src 'self'"}, "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages, _ := newPages(t, test.config)
			for content, write := range map[string]http.HandlerFunc{
				"<p>Hello, &lt;b&gt;</p>": func(w http.ResponseWriter, r *http.Request) {
					pages.Write(w, r, http.StatusTeapot, "hello", view{"<b>"})
				},
				"<h1>I&#39;m a teapot</h1>\n<p>Use a &lt;cup&gt;.</p>": func(w http.ResponseWriter, r *http.Request) {
					pages.WriteFailure(w, r, http.StatusTeapot, "Use a <cup>.")
				},
			} {
				response, body := serve("GET", pages.ReadOnly(write).ServeHTTP)
				test.check(t, response, body, content, pages.Style())
			}
		})
	}
}

// writeTest is a row of TestWrite.
type writeTest struct {
	config page.Config
	policy string // STYLE is the hash of the style sheet
	links  bool
}

// check checks the headers of a page, its content, links and style sheet, and the hash of the style sheet.
func (test writeTest) check(t *testing.T, response *http.Response, body, content, wantStyle string) {
	t.Helper()
	if response.StatusCode != http.StatusTeapot || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("response: %d %v", response.StatusCode, response.Header)
	}
	for _, want := range []string{content, `<html lang="en">`, `name="viewport"`, "<title>", "TurboSMTP"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not contain %s: %s", want, body)
		}
	}
	if strings.Contains(body, "href=") != test.links {
		t.Errorf("the page contains links: %v, want %v", !test.links, test.links)
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(body)[1]
	if style != wantStyle || !strings.Contains(style, "prefers-color-scheme: dark") || !strings.Contains(style, ".own > h2") {
		t.Errorf("the page contains the style %q", style)
	}
	hash := sha256.Sum256([]byte(style))
	policy := strings.ReplaceAll(test.policy, "STYLE", "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
	if got := response.Header.Get("Content-Security-Policy"); got != policy {
		t.Errorf("Content-Security-Policy = %q, want %q", got, policy)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	pages, _ := newPages(t, page.Config{})
	handler := pages.ReadOnly(func(w http.ResponseWriter, r *http.Request) {
		page.WriteBytes(w, r, http.StatusOK, "text/plain", []byte("text"))
	})
	for method, want := range map[string]struct {
		status int
		body   string
	}{
		"GET": {200, "text"}, "HEAD": {200, ""},
		"POST":    {405, `{"message":"The method is not allowed for this path. Use GET or HEAD."}`},
		"OPTIONS": {405, `{"message":"The method is not allowed for this path. Use GET or HEAD."}`},
		"get":     {405, `{"message":"The method is not allowed for this path. Use GET or HEAD."}`},
	} {
		response, body := serve(method, handler.ServeHTTP)
		if response.StatusCode != want.status || body != want.body {
			t.Errorf("%s: %d %s, want %d %s", method, response.StatusCode, body, want.status, want.body)
		}
		if allow := response.Header.Get("Allow"); want.status == 405 && allow != "GET, HEAD" {
			t.Errorf("%s: Allow = %q", method, allow)
		}
		if want.status == 200 && response.ContentLength != 4 {
			t.Errorf("%s: Content-Length = %d", method, response.ContentLength)
		}
		for name, value := range map[string]string{
			"X-Content-Type-Options": "nosniff",
			"X-Frame-Options":        "DENY",
			"X-Robots-Tag":           "noindex, nofollow",
			"Referrer-Policy":        "no-referrer",
			"Cache-Control":          "no-store",
		} {
			if got := response.Header.Get(name); got != value {
				t.Errorf("%s: %s = %q, want %q", method, name, got, value)
			}
		}
	}
}

// A response that cannot be produced is replaced as a whole.
func TestErrors(t *testing.T) {
	t.Parallel()
	pages, log := newPages(t, page.Config{})
	for want, write := range map[string]http.HandlerFunc{
		"The page cannot be displayed. Try again later.\n": func(w http.ResponseWriter, r *http.Request) {
			pages.Write(w, r, http.StatusOK, "hello", "a view without a name")
		},
		`{"message":"The response cannot be encoded. Try again later."}`: func(w http.ResponseWriter, r *http.Request) {
			pages.WriteJSON(w, r, http.StatusOK, func() {})
		},
	} {
		log.Reset()
		if response, body := serve("GET", write); response.StatusCode != http.StatusInternalServerError || body != want || log.Len() == 0 {
			t.Errorf("response: %d %q, log: %q", response.StatusCode, body, log)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	for name, config := range map[string]page.Config{
		"no files":           {Logger: logger},
		"no logger":          {Files: files(nil)},
		"no style sheet":     {Files: files(map[string]string{"html/style.css": ""}), Logger: logger},
		"a malformed page":   {Files: files(map[string]string{"html/hello.html": "{{"}), Logger: logger},
		"a missing function": {Files: files(map[string]string{"html/hello.html": "{{missing}}"}), Logger: logger},
	} {
		if _, err := page.New(config); err == nil || !strings.HasPrefix(err.Error(), "page: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
