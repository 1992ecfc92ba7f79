package reference

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// send returns the response to a request, and its body.
func send(t testing.TB, h http.Handler, method, path string, change func(*http.Request)) (*http.Response, string) {
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

func TestPage(t *testing.T) {
	t.Parallel()
	response, body := send(t, newHandler(t, billing(t)), "GET", "/docs", nil)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("response: %d with %q", response.StatusCode, response.Header.Get("Content-Type"))
	}
	for _, want := range []string{
		"<title>API reference", `<a href="./">TurboSMTP`, `<a href="openapi.yaml">`, `<a href="openapi.json">`,
		`<html lang="en">`, `name="viewport"`, "<noscript>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not contain %s:\n%s", want, body)
		}
	}
	for _, unwanted := range []string{"http:", "https:", "<style", "style=", "<script>", " on"} {
		if strings.Contains(body, unwanted) {
			t.Errorf("the page contains %s:\n%s", unwanted, body)
		}
	}
	response, _ = send(t, newHandler(t, billing(t)), "GET", "/docs/", nil)
	location, err := response.Location()
	if response.StatusCode != http.StatusPermanentRedirect || err != nil || location.String() != "../docs" {
		t.Errorf("/docs/: %d to %v", response.StatusCode, location)
	}
}

// The page loads all assets, and only these. Their addresses contain the version.
func TestPageLoadsAssets(t *testing.T) {
	t.Parallel()
	h := newHandler(t, billing(t))
	_, page := send(t, h, "GET", "/docs", nil)
	var loaded []string
	for _, match := range regexp.MustCompile(`(?:src|href)="(docs/([^"?]+)[^"]*)"`).FindAllStringSubmatch(page, -1) {
		loaded = append(loaded, match[2])
		response, body := send(t, h, "GET", "/"+match[1], nil)
		if response.StatusCode != http.StatusOK || body == "" {
			t.Errorf("%s: %d with %d bytes", match[1], response.StatusCode, len(body))
		}
		if got := response.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control = %q", match[1], got)
		}
		for _, other := range []string{"", "?v=", "?v=0123456789abcdef", "?v=1&" + strings.TrimPrefix(match[1], "docs/"+match[2]+"?")} {
			response, _ := send(t, h, "GET", "/docs/"+match[2]+other, nil)
			if got := response.Header.Get("Cache-Control"); got != "no-cache" {
				t.Errorf("%s%s: Cache-Control = %q", match[2], other, got)
			}
		}
	}
	slices.Sort(loaded)
	if want := []string{"docs.css", "docs.js", "favicon-32x32.png", "swagger-ui-bundle.js", "swagger-ui.css"}; !slices.Equal(loaded, want) {
		t.Errorf("the page loads %q, want %q", loaded, want)
	}
	_, script := send(t, h, "GET", "/docs/docs.js", nil)
	for _, want := range []string{
		`"openapi.json"`, "deepLinking: true", "tryItOutEnabled: true", "displayRequestDuration: true",
		"defaultModelsExpandDepth: 0", "persistAuthorization: false", "validatorUrl: null",
	} {
		if !strings.Contains(script, want) {
			t.Errorf("the script does not set %s", want)
		}
	}
}

// Every response has the security headers. HEAD has the headers of GET and no body, and other methods are
// not allowed.
func TestMethods(t *testing.T) {
	t.Parallel()
	h := newHandler(t, billing(t))
	headers := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes' " +
			// The hashes in the error messages of Chromium.
			"'sha256-De7agAeYqm6ANIVvRRW6HFWi52AJW8inhFE0gSdgXnI=' 'sha256-kFAIUwypIt04FgLyVU63Lcmp2AQimPh/TdYjy04Flxs=' 'sha256-XzJlZKVo+ff9ozww9Sr2p/2TbJXITZuaWMZ9p53zN1U='; " +
			"img-src 'self' data:; connect-src 'self'; " +
			"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"X-Robots-Tag":           "noindex, nofollow",
		"X-Frame-Options":        "DENY",
	}
	for _, path := range []string{
		"/docs", "/docs/", "/openapi.yaml", "/openapi.json", "/unknown",
		"/docs/docs.css", "/docs/docs.js", "/docs/favicon-32x32.png", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css",
	} {
		response, page := send(t, h, "GET", path, nil)
		get := received{response, page}
		asset := strings.HasPrefix(path, "/docs/") && path != "/docs/"
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"} {
			response, body := send(t, h, method, path, nil)
			for name, want := range headers {
				if got := response.Header.Get(name); got != want {
					t.Errorf("%s %s: %s = %q, want %q", method, path, name, got, want)
				}
			}
			read := method == "GET" || method == "HEAD"
			if got := response.Header.Get("Cache-Control"); (got == "no-store") != (!asset || !read) {
				t.Errorf("%s %s: Cache-Control = %q", method, path, got)
			}
			checkMethod(t, method, path, received{response, body}, get)
		}
	}
}

// received is a response and its body.
type received struct {
	*http.Response
	body string
}

// checkMethod checks the rules that depend on the method: HEAD has the headers of GET and no body, the
// Content-Length of GET is correct, and other methods are not allowed. get is the response to an earlier GET.
func checkMethod(t *testing.T, method, path string, response, get received) {
	t.Helper()
	switch {
	case method == "HEAD":
		if response.StatusCode != get.StatusCode || response.body != "" || !reflect.DeepEqual(response.Header, get.Header) {
			t.Errorf("HEAD %s: %d %v with %d bytes, GET: %d %v", path, response.StatusCode, response.Header, len(response.body), get.StatusCode, get.Header)
		}
	case method == "GET":
		if length := response.Header.Get("Content-Length"); length != "" && length != strconv.Itoa(len(get.body)) {
			t.Errorf("GET %s: %d bytes with Content-Length %s", path, len(get.body), length)
		}
	case path != "/unknown":
		if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: %d, Allow: %q", method, path, response.StatusCode, response.Header.Get("Allow"))
		}
		checkMessage(t, response.Response, response.body)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	h := newHandler(t, billing(t))
	for _, path := range []string{
		"", "*", "docs.js", "/", "/docs/unknown", "/docs//", "/docs/html", "/docs/html/", "/docs/html/docs.js", "/docs/docs.html", "/docs/style.css", "/docs/index.html",
		"/docs/embed.go", "/docs/swagger-ui.css.gz", "/docs/swagger-ui-bundle.js.gz", "/docs/swagger-ui.js", "/docs/swagger-ui-standalone-preset.js",
		"/docs/oauth2-redirect.html", "/docs/../openapi.yaml", "/docs/%2e%2e/reference.go", "/docs/./docs.js", "/docs/docs.js/",
		"/docsdocs.js", "/docs.js", "/openapi.yaml/", "/openapi", "/openapi.yml", "/OPENAPI.JSON",
	} {
		for _, method := range []string{"GET", "POST"} {
			response, body := send(t, h, method, "/", func(r *http.Request) { r.URL.Path = path })
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s: %d, want 404", method, path, response.StatusCode)
			}
			checkMessage(t, response, body)
		}
	}
}

// checkMessage checks that a response has the form of a failure of the API.
func checkMessage(t *testing.T, response *http.Response, body string) {
	t.Helper()
	var failure map[string]string
	if err := json.Unmarshal([]byte(body), &failure); err != nil || len(failure) != 1 || failure["message"] == "" {
		t.Errorf("%d with the body %s", response.StatusCode, body)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%d: Content-Type = %q", response.StatusCode, got)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := newHandler(t, billing(t))
	for name, test := range map[string]struct {
		contentType, contains string
		gzipped               bool
	}{
		"swagger-ui.css":       {"text/css; charset=utf-8", ".swagger-ui", true},
		"swagger-ui-bundle.js": {"text/javascript; charset=utf-8", "SwaggerUIBundle", true},
		"docs.css":             {"text/css; charset=utf-8", "prefers-color-scheme: dark", false},
		"docs.js":              {"text/javascript; charset=utf-8", "SwaggerUIBundle(", false},
		"favicon-32x32.png":    {"image/png", "PNG", false},
	} {
		var bodies []string
		for _, accepted := range []string{"gzip;q=0", "gzip"} {
			response, body := send(t, h, "GET", "/docs/"+name, func(r *http.Request) { r.Header.Set("Accept-Encoding", accepted) })
			if got := response.Header.Get("Content-Type"); got != test.contentType {
				t.Errorf("%s: Content-Type = %q", name, got)
			}
			gzipped := test.gzipped && accepted == "gzip"
			if got := response.Header.Get("Content-Encoding"); (got == "gzip") != gzipped {
				t.Errorf("%s with Accept-Encoding: %q: Content-Encoding = %q", name, accepted, got)
			}
			if got := response.Header.Get("Vary"); (got == "Accept-Encoding") != test.gzipped {
				t.Errorf("%s: Vary = %q", name, got)
			}
			if gzipped {
				body = gunzip(t, body)
			}
			bodies = append(bodies, body)
		}
		if bodies[0] != bodies[1] || !strings.Contains(bodies[0], test.contains) {
			t.Errorf("%s: %d bytes, %d bytes after decompression", name, len(bodies[0]), len(bodies[1]))
		}
	}
}

func gunzip(t *testing.T, body string) string {
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

func BenchmarkNew(b *testing.B) {
	document := []byte(billing(b))
	parsed, logger := parse(b, string(document)), slog.New(slog.DiscardHandler)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(document, parsed, "http://127.0.0.1:8080", logger); err != nil {
			b.Fatal(err)
		}
	}
}
