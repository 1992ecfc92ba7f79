package reference

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// ask returns the answer to a request, and its body.
func ask(t testing.TB, h http.Handler, method, path string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = "127.0.0.1:8080"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// assetNames are all that may be served below the page.
var assetNames = []string{"favicon-32x32.png", "page.css", "page.js", "swagger-ui-bundle.js", "swagger-ui.css"}

func TestPaths(t *testing.T) {
	t.Parallel()
	if got, want := Paths(), []string{"/docs", "/docs/*", "/openapi.yaml", "/openapi.json"}; !slices.Equal(got, want) {
		t.Errorf("Paths = %q, want %q", got, want)
	}
}

func TestThePage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		title   string
		options []Option
		has     []string
		hasNot  []string
	}{
		{"TurboSMTP billing", nil, []string{
			"<title>TurboSMTP billing - API reference</title>", `<a href="./">Sandbox</a>`,
			`<a href="openapi.yaml">`, `<a href="openapi.json">`, `<html lang="en">`, `name="viewport"`, "<noscript>",
		}, nil},
		{`"</title><script>alert(1)</script>"`, []Option{WithHome("<b>")}, []string{`<a href="./">&lt;b&gt;</a>`}, []string{"alert(1)</script>"}},
		{"Shelves", []Option{WithHome("")}, []string{"<title>Shelves - API reference</title>"}, []string{`"./"`, "Sandbox"}},
	} {
		h := handler(t, "openapi: 3.0.3\ninfo: {title: "+test.title+", version: 1.0.0}\npaths: {}\nservers:\n  - url: /v2\n", test.options...)
		response, body := ask(t, h, "GET", "/docs", nil)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("answered %d with %q", response.StatusCode, response.Header.Get("Content-Type"))
		}
		for _, want := range test.has {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not have %s:\n%s", want, body)
			}
		}
		for _, no := range append(test.hasNot, "http:", "https:", "<style", "style=", "<script>", " on") {
			if strings.Contains(body, no) {
				t.Errorf("the page has %s:\n%s", no, body)
			}
		}
	}
}

// TestThePageLoadsWhatIsServed follows the page's links, as a browser does from /docs.
func TestThePageLoadsWhatIsServed(t *testing.T) {
	t.Parallel()
	h := handler(t, billing(t))
	_, page := ask(t, h, "GET", "/docs", nil)
	var loaded []string
	for _, match := range regexp.MustCompile(`(?:src|href)="(docs/([^"?]+)[^"]*)"`).FindAllStringSubmatch(page, -1) {
		loaded = append(loaded, match[2])
		response, body := ask(t, h, "GET", "/"+match[1], nil)
		if response.StatusCode != http.StatusOK || body == "" {
			t.Errorf("%s is answered with %d and %d bytes", match[1], response.StatusCode, len(body))
		}
		if got := response.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control = %q", match[1], got)
		}
		for _, other := range []string{"", "?v=", "?v=0123456789abcdef", "?v=1&" + strings.TrimPrefix(match[1], "docs/"+match[2]+"?")} {
			response, _ := ask(t, h, "GET", "/docs/"+match[2]+other, nil)
			if got := response.Header.Get("Cache-Control"); got != "no-cache" {
				t.Errorf("%s%s: Cache-Control = %q", match[2], other, got)
			}
		}
	}
	slices.Sort(loaded)
	if !slices.Equal(loaded, assetNames) {
		t.Errorf("the page loads %q, want %q", loaded, assetNames)
	}
	_, script := ask(t, h, "GET", "/docs/page.js", nil)
	for _, want := range []string{
		`"openapi.json"`, "deepLinking: true", "tryItOutEnabled: true", "displayRequestDuration: true",
		"defaultModelsExpandDepth: 0", "persistAuthorization: false", "validatorUrl: null",
	} {
		if !strings.Contains(script, want) {
			t.Errorf("the script does not set %s", want)
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	h := handler(t, billing(t))
	paths := []string{"/docs", "/docs/", "/openapi.yaml", "/openapi.json", "/unknown"}
	for _, name := range assetNames {
		paths = append(paths, "/docs/"+name)
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			response, _ := ask(t, h, method, path, nil)
			want := map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes' " +
					// What Chromium says of the styles that it would block.
					"'sha256-De7agAeYqm6ANIVvRRW6HFWi52AJW8inhFE0gSdgXnI=' 'sha256-kFAIUwypIt04FgLyVU63Lcmp2AQimPh/TdYjy04Flxs=' 'sha256-XzJlZKVo+ff9ozww9Sr2p/2TbJXITZuaWMZ9p53zN1U='; " +
					"img-src 'self' data:; connect-src 'self'; " +
					"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
				"X-Content-Type-Options": "nosniff",
				"Referrer-Policy":        "no-referrer",
				"X-Robots-Tag":           "noindex, nofollow",
			}
			if method == "POST" || !strings.Contains(path, ".") || strings.HasPrefix(path, "/openapi") {
				want["Cache-Control"] = "no-store"
			}
			for name, value := range want {
				if got := response.Header.Get(name); got != value {
					t.Errorf("%s %s: %s = %q, want %q", method, path, name, got, value)
				}
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	h := handler(t, billing(t))
	for _, path := range []string{"/docs", "/docs/", "/docs/page.js", "/docs/swagger-ui.css", "/openapi.yaml", "/openapi.json"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"} {
			response, body := ask(t, h, method, path, nil)
			if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s is answered with %d, Allow: %q", method, path, response.StatusCode, response.Header.Get("Allow"))
			}
			isMessage(t, response, body)
		}
		got, body := ask(t, h, "GET", path, nil)
		head, empty := ask(t, h, "HEAD", path, nil)
		if head.StatusCode != got.StatusCode || empty != "" {
			t.Errorf("HEAD %s is answered with %d and %d bytes", path, head.StatusCode, len(empty))
		}
		if !reflect.DeepEqual(head.Header, got.Header) {
			t.Errorf("HEAD %s has the headers %v, GET %v", path, head.Header, got.Header)
		}
		if length := got.Header.Get("Content-Length"); length != "" && len(body) == 0 {
			t.Errorf("GET %s has no body, and the length %s", path, length)
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	h := handler(t, billing(t))
	for _, path := range []string{
		"/", "/docs/unknown", "/docs//", "/docs/page", "/docs/page/", "/docs/page/page.js", "/docs/page.html", "/docs/index.html",
		"/docs/embed.go", "/docs/swagger-ui.css.gz", "/docs/swagger-ui-bundle.js.gz", "/docs/swagger-ui.js", "/docs/swagger-ui-standalone-preset.js",
		"/docs/oauth2-redirect.html", "/docs/../openapi.yaml", "/docs/%2e%2e/reference.go", "/docs/./page.js", "/docs/page.js/",
		"/docspage.js", "/page.js", "/openapi.yaml/", "/openapi", "/openapi.yml", "/OPENAPI.JSON",
	} {
		for _, method := range []string{"GET", "POST"} {
			response, body := ask(t, h, method, path, nil)
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s is answered with %d", method, path, response.StatusCode)
			}
			isMessage(t, response, body)
		}
	}
}

func TestAPathWithoutSlash(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "*", "page.js"} {
		response, _ := ask(t, handler(t, billing(t)), "GET", "/", func(r *http.Request) { r.URL.Path = path })
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%q is answered with %d", path, response.StatusCode)
		}
	}
}

// isMessage fails when an answer is not a failure as the API has them.
func isMessage(t *testing.T, response *http.Response, body string) {
	t.Helper()
	var failure map[string]string
	if err := json.Unmarshal([]byte(body), &failure); err != nil || len(failure) != 1 || failure["message"] == "" {
		t.Errorf("%d is answered with %s", response.StatusCode, body)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%d: Content-Type = %q", response.StatusCode, got)
	}
}

func TestThePageHasOneAddress(t *testing.T) {
	t.Parallel()
	response, _ := ask(t, handler(t, billing(t)), "GET", "/docs/", nil)
	location, err := response.Location()
	if response.StatusCode != http.StatusPermanentRedirect || err != nil || location.String() != "../docs" {
		t.Errorf("/docs/ is answered with %d to %v", response.StatusCode, location)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := handler(t, billing(t))
	for name, test := range map[string]struct {
		contentType, holds string
		zipped             bool
	}{
		"swagger-ui.css":       {"text/css; charset=utf-8", ".swagger-ui", true},
		"swagger-ui-bundle.js": {"text/javascript; charset=utf-8", "SwaggerUIBundle", true},
		"page.css":             {"text/css; charset=utf-8", "prefers-color-scheme: dark", false},
		"page.js":              {"text/javascript; charset=utf-8", "SwaggerUIBundle(", false},
		"favicon-32x32.png":    {"image/png", "PNG", false},
	} {
		var bodies []string
		for _, accepted := range []string{"", "gzip"} {
			response, body := ask(t, h, "GET", "/docs/"+name, func(r *http.Request) { r.Header.Set("Accept-Encoding", accepted) })
			if got := response.Header.Get("Content-Type"); got != test.contentType {
				t.Errorf("%s: Content-Type = %q", name, got)
			}
			zipped := test.zipped && accepted == "gzip"
			if got := response.Header.Get("Content-Encoding"); (got == "gzip") != zipped {
				t.Errorf("%s for %q: Content-Encoding = %q", name, accepted, got)
			}
			if got := response.Header.Get("Vary"); (got == "Accept-Encoding") != test.zipped {
				t.Errorf("%s: Vary = %q", name, got)
			}
			if zipped {
				body = unzip(t, body)
			}
			bodies = append(bodies, body)
		}
		if bodies[0] != bodies[1] || !strings.Contains(bodies[0], test.holds) {
			t.Errorf("%s has %d bytes, and %d when it is compressed", name, len(bodies[0]), len(bodies[1]))
		}
	}
}

func unzip(t *testing.T, body string) string {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestAcceptsGzip(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]bool{
		"":                                false,
		"gzip":                            true,
		"gzip, deflate, br, zstd":         true,
		"br;q=1.0, GZIP ; Q=0.8, *;q=0.1": true,
		"gzip;q=0":                        false,
		"gzip;q=0.000, *":                 false,
		"*, gzip;q=0":                     false,
		"gzip;q=x":                        false,
		"*":                               true,
		"*;q=0":                           false,
		"identity":                        false,
		"xgzip, br":                       false,
	} {
		if got := acceptsGzip([]string{values}); got != want {
			t.Errorf("acceptsGzip(%q) = %v", values, got)
		}
	}
	if !acceptsGzip([]string{"br", "gzip"}) {
		t.Error("the second header is not read")
	}
}

func TestTheDocumentIsCopied(t *testing.T) {
	t.Parallel()
	document := []byte(billing(t))
	h := handler(t, string(document))
	other, err := New(document, "http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	clear(document)
	_, want := ask(t, h, "GET", "/openapi.yaml", nil)
	if _, got := ask(t, other, "GET", "/openapi.yaml", nil); got != want {
		t.Error("the served document is the caller's")
	}
}

// TestWhoHasReadTheDocument gets the same reference, in both of its forms.
func TestWhoHasReadTheDocument(t *testing.T) {
	t.Parallel()
	parsed, err := openapi3.NewLoader().LoadFromData([]byte(billing(t)))
	if err != nil {
		t.Fatal(err)
	}
	own, given := handler(t, billing(t)), handler(t, billing(t), WithParsed(parsed))
	for _, path := range []string{yamlPath, jsonPath} {
		_, want := ask(t, own, "GET", path, nil)
		if _, got := ask(t, given, "GET", path, nil); got != want {
			t.Errorf("%s is another one", path)
		}
	}
	if given.document.parsed != parsed {
		t.Error("the document was read again")
	}
}

func BenchmarkNew(b *testing.B) {
	document := []byte(billing(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(document, "http://127.0.0.1:8080"); err != nil {
			b.Fatal(err)
		}
	}
}
