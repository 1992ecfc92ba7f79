package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// never is a server that no order may reach. change modifies its TLS configuration before the start.
func never(t *testing.T, change func(*tls.Config)) (s *httptest.Server, trust *tls.Config) {
	t.Helper()
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s reached the server", r.Method, r.URL)
		sell(w)
	}))
	s.Config.ErrorLog = discard()
	if s.TLS = new(tls.Config); change != nil {
		change(s.TLS)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// connectProxy is an HTTP proxy that gives every CONNECT the same response.
func connectProxy(t *testing.T, status string) func(*http.Request) (*url.URL, error) {
	t.Helper()
	base, _ := wire(t, func(conn *net.TCPConn, _ int) {
		if req, err := http.ReadRequest(bufio.NewReader(conn)); err != nil || req.Method != http.MethodConnect {
			t.Errorf("request %v, error %v: want a CONNECT", req, err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
	})
	return through(t, strings.Replace(base, "http://", "http://user:"+testSecret+"@", 1))
}

// socksProxy is a SOCKS5 proxy (RFC 1928). It responds with the authentication method, the result of the password
// check (RFC 1929) and the result of the connection to the server.
func socksProxy(t *testing.T, way, password, connected byte) func(*http.Request) (*url.URL, error) {
	t.Helper()
	base, _ := wire(t, func(conn *net.TCPConn, _ int) {
		r := bufio.NewReader(conn)
		skip := func(n int) { _, _ = r.Discard(n) }
		length := func() int { b, _ := r.ReadByte(); return int(b) }
		skip(1) // version
		skip(length())
		if _, _ = conn.Write([]byte{5, way}); way == 0xff {
			return
		}
		if way == 2 {
			skip(1) // version
			skip(length())
			skip(length())
			if _, _ = conn.Write([]byte{1, password}); password != 0 {
				return
			}
		}
		_, _ = io.ReadFull(r, make([]byte, 4+4+2)) // command, IPv4 address and port
		_, _ = conn.Write([]byte{5, connected, 0, 1, 0, 0, 0, 0, 0, 0})
	})
	return through(t, strings.Replace(base, "http://", "socks5://user:"+testSecret+"@", 1))
}

// noConnection is a failure before anything of an order is sent.
type noConnection struct {
	url      string
	change   func(*http.Transport)
	opt      client.Option
	contains string
}

// wantNothingSent places an order through the default transport and through one of the caller. Nothing may be sent in
// the given number of tries.
func wantNothingSent(t *testing.T, failure noConnection, tries int) {
	t.Helper()
	change := failure.change
	if change == nil {
		change = func(*http.Transport) {}
	}
	theirs := &http.Transport{}
	change(theirs)
	t.Cleanup(theirs.CloseIdleConnections)
	for sender, opt := range map[string]client.Option{
		"its own":      client.WithTransport(change),
		"the caller's": client.WithHTTPClient(&http.Client{Transport: theirs}),
	} {
		t.Run(sender, func(t *testing.T) {
			var clock fakeClock
			err := buy(t, newClient(t, failure.url, clock.option(), client.WithMaxRetries(2), opt, failure.opt))
			wantOutcome(t, err, false)
			if !strings.Contains(err.Error(), ": nothing was sent: ") || !strings.Contains(err.Error(), failure.contains) {
				t.Errorf("error %q: want one that contains %q", err, failure.contains)
			}
			var e *client.NoResponseError
			if !errors.As(err, &e) || e.Tries != tries || len(clock.waits) != tries-1 {
				t.Errorf("%d waits, error %v: want %d tries", len(clock.waits), err, tries)
			}
		})
	}
}

// TestPermanentFailureIsTriedOnce: a failure that only another configuration can fix is not retried.
func TestPermanentFailureIsTriedOnce(t *testing.T) {
	t.Parallel()
	secure, trust := never(t, nil)
	strict, trustStrict := never(t, func(c *tls.Config) {
		// With TLS 1.3, the alert comes after the client has begun to send.
		c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	})
	old, trustOld := never(t, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	trustOld.MinVersion = tls.VersionTLS13
	plain := newVendor(t, func(http.ResponseWriter, *http.Request) { t.Error("an order reached the server") })
	banner, _ := wire(t, func(conn *net.TCPConn, _ int) { _, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n") })
	trusted := func(config *tls.Config) func(*http.Transport) {
		return func(rt *http.Transport) { rt.TLSClientConfig = config.Clone() }
	}
	proxied := func(proxy func(*http.Request) (*url.URL, error)) func(*http.Transport) {
		return func(rt *http.Transport) { rt.Proxy, rt.TLSClientConfig = proxy, trust.Clone() }
	}
	for name, failure := range map[string]noConnection{
		"unknown authority": {url: secure.URL, contains: "unknown authority"},
		"another host's certificate": {url: "https://billing.invalid", contains: "not billing.invalid", change: func(rt *http.Transport) {
			rt.TLSClientConfig = trust.Clone()
			rt.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, secure.Listener.Addr().String())
			}
		}},
		"expired certificate": {url: secure.URL, contains: "expired", change: func(rt *http.Transport) {
			rt.TLSClientConfig = trust.Clone()
			rt.TLSClientConfig.Time = func() time.Time { return time.Now().AddDate(200, 0, 0) }
		}},
		"host not found":           {url: "http://localhost:1", change: func(rt *http.Transport) { rt.DialContext = unknownName }, contains: "no such host"},
		"plain HTTP":               {url: strings.Replace(plain.URL, "http:", "https:", 1), contains: "HTTP response to HTTPS client"},
		"no TLS":                   {url: strings.Replace(banner, "http:", "https:", 1), contains: "does not look like a TLS handshake"},
		"client certificate":       {url: strict.URL, change: trusted(trustStrict), contains: "remote error: tls: "},
		"TLS version":              {url: old.URL, change: trusted(trustOld), contains: "remote error: tls: "},
		"proxy, password":          {url: secure.URL, change: proxied(connectProxy(t, "407 Proxy Authentication Required")), contains: "Proxy Authentication Required"},
		"SOCKS, no way to log in":  {url: secure.URL, change: proxied(socksProxy(t, 0xff, 0, 0)), contains: "authentication"},
		"SOCKS, password":          {url: secure.URL, change: proxied(socksProxy(t, 2, 1, 0)), contains: "authentication"},
		"invalid port":             {url: "https://127.0.0.1:99999", contains: "invalid port"},
		"invalid port, plain HTTP": {url: "http://127.0.0.1:99999", contains: "invalid port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantNothingSent(t, failure, 1)
		})
	}
}

// TestProxyThatForbids: the Client's own transport knows the status of a proxy that does not connect.
func TestProxyThatForbids(t *testing.T) {
	t.Parallel()
	secure, trust := never(t, nil)
	for status, tries := range map[string]int{
		"302 Found": 1, "400 Bad Request": 1, "401 Unauthorized": 1, "403 Forbidden": 1, "404 Not Found": 1, "407": 1, "407 Log in": 1, "204 No Content": 1,
		"408 Request Timeout": 3, "429 Too Many Requests": 3, "500 Internal Server Error": 3, "599": 3,
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			proxy := connectProxy(t, status)
			var clock fakeClock
			err := buy(t, newClient(t, secure.URL, clock.option(), client.WithMaxRetries(2), client.WithTransport(func(rt *http.Transport) {
				rt.Proxy, rt.TLSClientConfig = proxy, trust.Clone()
			})))
			wantOutcome(t, err, false)
			if contains := "nothing was sent: the proxy did not connect: " + status[:3]; !strings.Contains(err.Error(), contains) {
				t.Errorf("error %q: want one that contains %q", err, contains)
			}
			var e *client.NoResponseError
			if !errors.As(err, &e) || e.Tries != tries || len(clock.waits) != tries-1 {
				t.Errorf("%d waits, error %v: want %d tries", len(clock.waits), err, tries)
			}
		})
	}
}

// TestProxyReportIsKept: what a replaced http.DefaultTransport does with a proxy's response is done too.
func TestProxyReportIsKept(t *testing.T) {
	t.Parallel()
	secure, _ := never(t, nil)
	refused := errors.New("refused by the report")
	original := &http.Transport{Proxy: connectProxy(t, "200 OK"), OnProxyConnectResponse: func(context.Context, *url.URL, *http.Request, *http.Response) error {
		return refused
	}}
	t.Cleanup(original.CloseIdleConnections)
	rt := client.Tune(original)
	t.Cleanup(rt.CloseIdleConnections)
	var clock fakeClock
	err := buy(t, newClient(t, secure.URL, clock.option(), client.WithHTTPClient(&http.Client{Transport: rt})))
	wantOutcome(t, err, false)
	if !errors.Is(err, refused) {
		t.Errorf("error %v: want the report's", err)
	}
}

// TestTransientFailureIsRetried: a failure that may be gone at the next try is retried.
func TestTransientFailureIsRetried(t *testing.T) {
	t.Parallel()
	secure, trust := never(t, nil)
	cut, _ := wire(t, func(conn *net.TCPConn, _ int) { _, _ = conn.Read(make([]byte, 1)) })
	proxied := func(proxy func(*http.Request) (*url.URL, error)) func(*http.Transport) {
		return func(rt *http.Transport) { rt.Proxy, rt.TLSClientConfig = proxy, trust.Clone() }
	}
	dialing := func(dial func(context.Context, string, string) (net.Conn, error)) func(*http.Transport) {
		return func(rt *http.Transport) { rt.DialContext = dial }
	}
	for name, failure := range map[string]noConnection{
		"refused":             {url: closedPort, contains: "connection refused"},
		"dial timeout":        {url: secure.URL, change: dialing((&net.Dialer{Deadline: time.Unix(1, 0)}).DialContext), contains: "i/o timeout"},
		"handshake cut":       {url: strings.Replace(cut, "http:", "https:", 1)},
		"handshake timeout":   {url: silent(t), change: func(rt *http.Transport) { rt.TLSHandshakeTimeout = time.Millisecond }, contains: "TLS handshake timeout"},
		"proxy, 502":          {url: secure.URL, change: proxied(connectProxy(t, "502 Bad Gateway")), contains: "Bad Gateway"},
		"proxy, 503":          {url: secure.URL, change: proxied(connectProxy(t, "503 Service Unavailable")), contains: "Service Unavailable"},
		"proxy refused":       {url: secure.URL, change: proxied(through(t, closedPort)), contains: "proxyconnect"},
		"SOCKS, unreachable":  {url: secure.URL, change: proxied(socksProxy(t, 0, 0, 4)), contains: "host unreachable"},
		"SOCKS, right, then":  {url: secure.URL, change: proxied(socksProxy(t, 2, 0, 5)), contains: "connection refused"},
		"name server is down": {url: secure.URL, change: dialing(temporaryName), contains: "server misbehaving"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantNothingSent(t, failure, 3)
		})
	}
}

// silent is an https address that accepts connections and sends nothing.
func silent(t *testing.T) string {
	t.Helper()
	base, _ := wire(t, func(conn *net.TCPConn, _ int) { _, _ = io.Copy(io.Discard, conn) })
	return strings.Replace(base, "http:", "https:", 1)
}

func temporaryName(context.Context, string, string) (net.Conn, error) {
	return nil, &net.DNSError{Err: "server misbehaving", Name: "billing.example.com", IsTemporary: true}
}

// TestClientCertificateOverTLS13: the server's alert comes after the handshake of the client, which may
// have sent the order by then. The order is not sent again.
func TestClientCertificateOverTLS13(t *testing.T) {
	t.Parallel()
	secure, trust := never(t, func(c *tls.Config) { c.ClientAuth, c.MinVersion = tls.RequireAnyClientCert, tls.VersionTLS13 })
	var dials atomic.Int64
	var clock fakeClock
	err := buy(t, newClient(t, secure.URL, clock.option(), client.WithTransport(func(rt *http.Transport) {
		rt.TLSClientConfig = trust.Clone()
		dial := rt.DialContext
		rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials.Add(1)
			return dial(ctx, network, addr)
		}
	})))
	if err == nil || dials.Load() != 1 || len(clock.waits) != 0 {
		t.Errorf("%d connections, waits %v, error %v: want one try", dials.Load(), clock.waits, err)
	}
	wantNoSecret(t, err.Error())
}

// TestInvalidHeader: a header that net/http would refuse is refused at once, by New and by a call.
func TestInvalidHeader(t *testing.T) {
	t.Parallel()
	for _, header := range [][2]string{{"X Bad", "x"}, {"", "x"}, {"X-Bad:", "x"}, {"X-Bäd", "x"}, {"X-Bad", "a\nb"}, {"X-Bad", "a\x00"}, {"X-Bad", "a\x7f"}} {
		for _, opt := range []client.Option{nil, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}})} {
			invalid := client.WithHeader(header[0], header[1])
			_, inNew := client.New(client.WithAPIKey(testAPIKey), opt, invalid)
			_, inCall := newClient(t, closedPort, opt).BuyEmailValidatorCredits(t.Context(), order, invalid)
			for _, err := range []error{inNew, inCall} {
				wantOutcome(t, err, false)
				if !strings.Contains(err.Error(), "WithHeader: the header") {
					t.Errorf("%q: error %v", header, err)
				}
			}
		}
	}
}

// TestEditorThatBreaksTheRequest: a request that net/http cannot send is an error in one line, and no panic.
// Nothing is sent, whatever is sent through.
func TestEditorThatBreaksTheRequest(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	for name, edit := range map[string]func(*http.Request){
		"no URL":           func(r *http.Request) { r.URL = nil },
		"method":           func(r *http.Request) { r.Method = "PO\nST" },
		"value of header":  func(r *http.Request) { r.Header["X-Bad"] = []string{"a\nb"} },
		"name of header":   func(r *http.Request) { r.Header["X Bad"] = []string{"a"} },
		"query":            func(r *http.Request) { r.URL.RawQuery = "a\nb" },
		"server's request": func(r *http.Request) { r.RequestURI = "/x" },
		"no header":        func(r *http.Request) { r.Header = nil },
	} {
		for sender, opt := range map[string]client.Option{"its own": nil, "the caller's": client.WithHTTPClient(&http.Client{Transport: &http.Transport{}})} {
			t.Run(name+", "+sender, func(t *testing.T) {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("panic: %v", p)
					}
				}()
				before := v.requests.Load()
				var clock fakeClock
				err := buyEdited(t, newClient(t, v.URL, clock.option(), opt), func(r *http.Request) error { edit(r); return nil })
				if err == nil {
					wantRequests(t, v, before+1) // The Client repaired it.
					return
				}
				wantOutcome(t, err, false)
				wantRequests(t, v, before)
			})
		}
	}
}
