package reference

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"
)

func TestThePublicAddress(t *testing.T) {
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
		// A proxy speaks HTTPS to the user and HTTP to this server: the public URL knows better.
		{"https://example.com", "example.com", false, "https://example.com/v2", 1},
		{"https://example.com", "example.com:443", false, "https://example.com/v2", 1},
		{"https://example.com/billing/", "example.com", false, "https://example.com/billing/v2", 1},
		{"https://example.com", "localhost:8443", true, "https://localhost:8443/v2", 2},
		{"https://example.com", "localhost:8080", false, "http://localhost:8080/v2", 2},
		{"HTTP://[::1]:8080", "[::1]:8080", false, "http://[::1]:8080/v2", 1},
	} {
		a, err := newAddress(test.public, "/v2")
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/openapi.json", nil)
		r.Host = test.host
		if test.secure {
			r.TLS = &tls.ConnectionState{}
		}
		servers := a.servers(r)
		if servers[0].URL != test.first || servers[0].Description != "This server" || len(servers) != test.servers {
			t.Errorf("%s at %s: %v, want %d, %s first", test.public, test.host, servers, test.servers, test.first)
		}
	}
}
