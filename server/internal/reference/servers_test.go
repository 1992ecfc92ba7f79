package reference

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// The first server has the origin of the request. The public URL determines the scheme of its own host.
func TestServersByPublicURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		public, host string
		secure       bool
		first        string
		servers      int
	}{
		{"http://example.com", "example.com", false, "http://example.com/v2", 1},
		{"http://example.com/", "EXAMPLE.com", false, "http://example.com/v2", 1},
		{"http://example.com:80", "example.com", false, "http://example.com:80/v2", 1},
		{"http://example.com", "example.com:80", false, "http://example.com/v2", 1},
		{"http://example.com", "example.com:443", false, "http://example.com:443/v2", 2},
		// Behind a proxy that terminates TLS, only the public URL contains the scheme that clients use.
		{"https://example.com", "example.com", false, "https://example.com/v2", 1},
		{"https://example.com", "example.com:443", false, "https://example.com/v2", 1},
		{"https://example.com/billing/", "example.com", false, "https://example.com/billing/v2", 1},
		{"https://example.com", "localhost:8443", true, "https://localhost:8443/v2", 2},
		{"https://example.com", "localhost:8080", false, "http://localhost:8080/v2", 2},
		{"HTTP://[::1]:8080", "[::1]:8080", false, "http://[::1]:8080/v2", 1},
	} {
		h, err := New([]byte(minimal+"servers:\n  - url: /v2\n"), parse(t, minimal+"servers:\n  - url: /v2\n"), test.public, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, body := send(t, h, "GET", "/openapi.json", func(r *http.Request) {
			r.Host = test.host
			if test.secure {
				r.TLS = &tls.ConnectionState{}
			}
		})
		if urls := serverURLs(t, body); urls[0] != test.first || len(urls) != test.servers+1 {
			t.Errorf("%s at %s: %v, want %d servers, %s first", test.public, test.host, urls, test.servers+1, test.first)
		}
	}
}

// A malformed Host header adds no server.
func TestServersByHost(t *testing.T) {
	t.Parallel()
	public := []string{"http://127.0.0.1:8080/v2"}
	long := strings.Repeat("a", 254)
	for host, own := range map[string][]string{
		"127.0.0.1:8080":          public,
		"localhost:8080":          append([]string{"http://localhost:8080/v2"}, public...),
		"localhost":               append([]string{"http://localhost/v2"}, public...),
		"127.0.0.1":               append([]string{"http://127.0.0.1/v2"}, public...),
		"[::1]:8080":              append([]string{"http://[::1]:8080/v2"}, public...),
		"my-host_1.example:65535": append([]string{"http://my-host_1.example:65535/v2"}, public...),
		"":                        public,
		":8080":                   public,
		"localhost:":              public,
		"localhost:0":             public,
		"localhost:65536":         public,
		"localhost:+80":           public,
		"localhost:000080":        public,
		"localhost:80:80":         public,
		"::1":                     public,
		"[::1":                    public,
		"[::1]x":                  public,
		"[fe80::1%25eth0]":        public,
		"[127.0.0.1]":             public,
		"[]":                      public,
		"a/b":                     public,
		"user@example.com":        public,
		"a\"b":                    public,
		"a\nb":                    public,
		"a b":                     public,
		"<b>":                     public,
		"{x}":                     public,
		"bücher.example":          public,
		long:                      public,
		long[1:]:                  append([]string{"http://" + long[1:] + "/v2"}, public...),
	} {
		h := newHandler(t, minimal+"servers:\n  - url: https://example.com/v2\n")
		want := append(append([]string{}, own...), "https://example.com/v2")
		for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
			_, body := send(t, h, "GET", path, func(r *http.Request) { r.Host = host })
			if got := serverURLs(t, body); !reflect.DeepEqual(got, want) {
				t.Errorf("%s at %q has the servers %q, want %q", path, host, got, want)
			}
		}
	}
}

func serverURLs(t *testing.T, document string) []string {
	t.Helper()
	var read struct {
		Servers []struct{ URL, Description string }
	}
	if err := yaml.Load([]byte(document), &read); err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, s := range read.Servers {
		urls = append(urls, s.URL)
	}
	return urls
}
