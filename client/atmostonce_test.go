package client_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/turbosmtp-go/billing/client"
)

var order = client.BuyEmailValidatorCreditsRequest{Amount: 320}

// ways are the ways to place an order. Each has a header or a body that makes net/http resend requests.
var ways = map[string]func(t *testing.T, c *client.Client) error{
	"method": func(t *testing.T, c *client.Client) error {
		_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("Idempotency-Key", "k"), client.WithHeader("X-Idempotency-Key", "k"))
		return err
	},
	"Raw": func(t *testing.T, c *client.Client) error {
		return buyEdited(t, c, func(r *http.Request) error { r.Header.Set("X-Idempotency-Key", "k"); return nil })
	},
	"Raw without a body": func(t *testing.T, c *client.Client) error {
		return buyEdited(t, c, func(r *http.Request) error {
			r.Header.Set("Idempotency-Key", "k")
			r.Body, r.GetBody, r.ContentLength = nil, nil, 0
			return nil
		})
	},
}

// keyed is a middleware, or a round tripper of the caller, that adds an idempotency key.
func keyed(next http.RoundTripper) http.RoundTripper {
	return client.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Idempotency-Key", "k")
		return next.RoundTrip(r)
	})
}

// senders are the kinds of transport of a Client.
func senders(own client.Option, transport func() http.RoundTripper) map[string][]client.Option {
	return map[string][]client.Option{
		"its own":             {own},
		"the caller's":        {client.WithHTTPClient(&http.Client{Transport: transport()})},
		"the caller's, keyed": {client.WithHTTPClient(&http.Client{Transport: keyed(transport())})},
		"a middleware":        {own, client.WithMiddleware(keyed)},
	}
}

// TestOneOrderOverHTTP1 lets an HTTP/1.1 server fail at each stage of an exchange, on a new and on a reused
// connection. net/http resends some requests by itself then. The server receives each order at most once, and the
// outcome is unknown if it received the order.
func TestOneOrderOverHTTP1(t *testing.T) {
	t.Parallel()
	const (
		success = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		chunked = success + "Transfer-Encoding: chunked\r\n\r\n"
	)
	for name, stage := range map[string]http1Stage{
		"closed on connect":             {},
		"reset on connect":              {end: reset},
		"closed on the headers":         {headers: true},
		"reset on the headers":          {headers: true, end: reset},
		"closed on the body":            {headers: true, body: true},
		"reset on the body":             {headers: true, body: true, end: reset},
		"closed in the response's head": {headers: true, body: true, write: success[:20]},
		"reset in the response's head":  {headers: true, body: true, write: success[:20], end: reset},
		"closed in the response's body": {headers: true, body: true, write: soldOverHTTP1[:len(soldOverHTTP1)-5], status: 200},
		"reset in the response's body":  {headers: true, body: true, write: soldOverHTTP1[:len(soldOverHTTP1)-5], end: reset},
		"closed in a chunk":             {headers: true, body: true, write: chunked + "40\r\n{\"url\":", status: 200},
		"closed before the last chunk":  {headers: true, body: true, write: chunked + "1b\r\n{\"url\":\"https://x.example\"}\r\n", status: 200},
		"no HTTP":                       {headers: true, body: true, write: "220 SMTP ready\r\n"},
	} {
		for _, reused := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reused %v", name, reused), func(t *testing.T) {
				t.Parallel()
				stage.test(t, reused)
			})
		}
	}
}

// http1Stage is a point at which an HTTP/1.1 server fails.
type http1Stage struct {
	headers, body bool   // which parts of the order the server reads
	write         string // the part of the response that it writes
	end           func(*net.TCPConn)
	status        int // of the error, if the response's head was complete
}

const soldOverHTTP1 = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"url\":\"https://x.example\"}"

// test places orders in all ways. On a reused connection, the first order succeeds.
func (s http1Stage) test(t *testing.T, reused bool) {
	t.Helper()
	var orders atomic.Int64
	base, _ := wire(t, func(conn *net.TCPConn, _ int) { s.serve(conn, reused, &orders) })
	own := client.WithTimeout(5 * time.Second)
	for sender, opts := range senders(own, func() http.RoundTripper {
		rt := client.DefaultTransport()
		t.Cleanup(rt.CloseIdleConnections)
		return rt
	}) {
		for way, give := range ways {
			t.Run(sender+", "+way, func(t *testing.T) {
				var clock fakeClock
				c := newClient(t, base, append(opts, own, clock.option())...)
				s.order(t, c, give, reused, &orders)
				if s.body && len(clock.waits) != 0 {
					t.Errorf("waits %v, want no retry", clock.waits)
				}
				if reused && s.headers && sender == "its own" { // The other transports are shared.
					if err := buy(t, c); err != nil {
						t.Errorf("the next order: %v", err)
					}
				}
			})
		}
	}
}

// order places an order that fails at the stage.
func (s http1Stage) order(t *testing.T, c *client.Client, give func(*testing.T, *client.Client) error, reused bool, orders *atomic.Int64) {
	t.Helper()
	if reused {
		err := buy(t, c)
		if errors.Is(err, client.ErrOutcomeUnknown) { // on a connection of a shared transport that the server has just closed
			err = buy(t, c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	before := orders.Load()
	err := give(t, c)
	if err == nil && reused && !s.headers {
		return // The order was the first one on another connection.
	}
	received := orders.Load() - before
	wantOne(t, err, received, t.Name())
	if s.body && received != 1 {
		t.Errorf("received %d orders, want 1", received)
	}
	if s.status != 0 && (wantError(t, err, s.status, true) == nil || !errors.Is(err, io.ErrUnexpectedEOF)) {
		t.Errorf("error %v, want io.ErrUnexpectedEOF in its chain", err)
	}
}

// serve serves a connection until the stage of its last order, which is the second one if it is reused.
func (s http1Stage) serve(conn *net.TCPConn, reused bool, orders *atomic.Int64) {
	r := bufio.NewReader(conn)
	if reused {
		req, err := http.ReadRequest(r)
		if err != nil || discardAll(req.Body) != nil {
			return
		}
		_, _ = io.WriteString(conn, soldOverHTTP1)
	}
	if s.headers {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if s.body && discardAll(req.Body) == nil {
			orders.Add(1)
		}
	}
	_, _ = io.WriteString(conn, s.write)
	if s.end != nil {
		s.end(conn)
	}
}

// h2Stages are the failures of an HTTP/2 server that leave the outcome unknown.
func h2Stages() map[string]func(string, *h2Stream) bool {
	at := func(moment string, do func(*h2Stream) bool) func(string, *h2Stream) bool {
		return func(now string, s *h2Stream) bool { return now != moment || do(s) }
	}
	closed := func(*h2Stream) bool { return false }
	stages := map[string]func(string, *h2Stream) bool{
		"closed on connect":       at(onConnect, closed),
		"closed on the headers":   at(onHeaders, closed),
		"closed on the body":      at(onBody, closed),
		"GOAWAY, closed":          at(onBody, func(s *h2Stream) bool { s.goAway(s.id, http2.ErrCodeNo); return false }),
		"GOAWAY, closed, error":   at(onBody, func(s *h2Stream) bool { s.goAway(s.id, http2.ErrCodeEnhanceYourCalm); return false }),
		"GOAWAY, later, closed":   at(onBody, func(s *h2Stream) bool { s.goAway(1<<31-1, http2.ErrCodeNo); return false }),
		"closed in the response":  at(onBody, func(s *h2Stream) bool { s.head(); return false }),
		"reset in the response":   at(onBody, func(s *h2Stream) bool { return s.head() && s.reset(http2.ErrCodeProtocol) }),
		"no HTTP/2 response":      at(onBody, func(s *h2Stream) bool { _, _ = s.conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); return false }),
		"frame of a wrong length": at(onBody, func(s *h2Stream) bool { _ = s.WriteRawFrame(http2.FrameRSTStream, 0, s.id, []byte{1}); return true }),
	}
	for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required+1; code++ { // The last one is not defined.
		if code != http2.ErrCodeRefusedStream { // REFUSED_STREAM means that the order was not processed.
			stages[fmt.Sprintf("reset on the headers, %v", code)] = at(onHeaders, func(s *h2Stream) bool { return s.reset(code) })
			stages[fmt.Sprintf("reset on the body, %v", code)] = at(onBody, func(s *h2Stream) bool { return s.reset(code) })
		}
	}
	return stages
}

// TestOneOrderOverHTTP2 lets an HTTP/2 server fail at each stage of an exchange. The server receives each order at
// most once, and the outcome is unknown if it received the order.
func TestOneOrderOverHTTP2(t *testing.T) {
	t.Parallel()
	for stage, do := range h2Stages() {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			h := newH2Server(t, do)
			failures := map[string]error{} // by request id
			for sender, opts := range senders(h.trust(), func() http.RoundTripper { return h.transport(t) }) {
				for way, give := range ways {
					var clock fakeClock
					err := give(t, newClient(t, h.URL, append(opts, clock.option(), client.WithTimeout(5*time.Second))...))
					if err == nil {
						t.Errorf("%s, %s: no error", sender, way)
						continue
					}
					failures[requestOf(t, err)] = fmt.Errorf("%s, %s: %w", sender, way, err)
				}
			}
			h.close() // An order that arrives after the call returned counts too.
			for request, err := range failures {
				wantOne(t, err, int64(h.ordersOf(request)), stage)
			}
		})
	}
}

// requestOf returns the request id of an order that failed.
func requestOf(t *testing.T, err error) string {
	t.Helper()
	if e := (*client.Error)(nil); errors.As(err, &e) {
		return e.SentRequestID
	}
	e := (*client.NoResponseError)(nil)
	if !errors.As(err, &e) {
		t.Fatalf("error %v: want one of the client's", err)
	}
	return e.RequestID
}

// wantOne checks that an order failed, and that the server received it at most once and only with an unknown outcome.
func wantOne(t *testing.T, err error, orders int64, what string) {
	t.Helper()
	unknown := errors.Is(err, client.ErrOutcomeUnknown)
	if err == nil || orders > 1 || (orders == 1 && !unknown) {
		t.Errorf("%s: the server received %d orders, error %v", what, orders, err)
	}
}

// TestNotProcessed: an order that an HTTP/2 server did not process (RFC 9113 section 8.7) is sent again, and the
// server receives it once.
func TestNotProcessed(t *testing.T) {
	t.Parallel()
	refuse := func(s *h2Stream) bool { return s.reset(http2.ErrCodeRefusedStream) }
	for stage, tc := range map[string]struct {
		moment string
		do     func(*h2Stream) bool
	}{
		"REFUSED_STREAM on the headers":   {onHeaders, refuse},
		"REFUSED_STREAM on the body":      {onBody, refuse},
		"GOAWAY below the stream":         {onBody, func(s *h2Stream) bool { return s.goAway(0, http2.ErrCodeNo) }},
		"GOAWAY below the stream, closed": {onBody, func(s *h2Stream) bool { s.goAway(0, http2.ErrCodeNo); return false }},
		"GOAWAY below the stream, error":  {onBody, func(s *h2Stream) bool { return s.goAway(0, http2.ErrCodeEnhanceYourCalm) }},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			var refused bool
			h := newH2Server(t, func(moment string, s *h2Stream) bool {
				switch {
				case moment == tc.moment && !refused:
					refused = true
					return tc.do(s)
				case moment == onBody:
					return s.sell()
				}
				return true
			})
			for _, opt := range []client.Option{h.trust(), client.WithHTTPClient(&http.Client{Transport: h.transport(t)})} {
				refused = false
				before := h.orders.Load()
				var clock fakeClock
				if err := buy(t, newClient(t, h.URL, opt, clock.option())); err != nil || h.orders.Load() != before+1 || len(clock.waits) != 1 {
					t.Errorf("%d orders, waits %v, error %v: want one order after one wait", h.orders.Load()-before, clock.waits, err)
				}
			}
		})
	}
}

// TestNeverProcessed: if an HTTP/2 server refuses each try, the error reports that nothing was ordered.
func TestNeverProcessed(t *testing.T) {
	t.Parallel()
	h := newH2Server(t, func(moment string, s *h2Stream) bool { return moment != onBody || s.reset(http2.ErrCodeRefusedStream) })
	var clock fakeClock
	err := buy(t, newClient(t, h.URL, h.trust(), clock.option()))
	wantOutcome(t, err, false)
	if e := (*client.NoResponseError)(nil); !errors.As(err, &e) || e.Tries != 4 || len(clock.waits) != 3 {
		t.Errorf("error %v, waits %v: want four tries", err, clock.waits)
	}
}

// TestIdleConnectionsThatClose places 10,000 orders at a server that closes idle connections at random, over
// HTTP/1.1 and HTTP/2. The server receives each order at most once, and none of those that were reported as not sent.
func TestIdleConnectionsThatClose(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &closingServer{orders: map[string]int{}}
			c := s.start(t, http2)
			const buyers, each = 20, 500
			var sold atomic.Int64
			var running sync.WaitGroup
			for range buyers {
				running.Go(func() {
					for range each {
						var r client.Response
						_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithResponse(&r))
						switch n := s.ordersOf(r.RequestID); {
						case err == nil && n == 1:
							sold.Add(1)
						case n > 1, err == nil, n == 1 && !errors.Is(err, client.ErrOutcomeUnknown):
							t.Errorf("the server received an order %d times, error %v", n, err)
						}
					}
				})
			}
			running.Wait()
			if sold.Load() < buyers*each/2 {
				t.Errorf("only %d of %d orders succeeded", sold.Load(), buyers*each)
			}
		})
	}
}

// closingServer counts orders by their request id, and closes idle connections at random.
type closingServer struct {
	mu     sync.Mutex
	orders map[string]int
}

func (s *closingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if discardAll(r.Body) == nil {
		s.mu.Lock()
		s.orders[r.Header.Get("X-Request-Id")]++
		s.mu.Unlock()
	}
	sell(w)
}

func (s *closingServer) ordersOf(request string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orders[request]
}

// start serves HTTPS and returns a client for it.
func (s *closingServer) start(t *testing.T, http2 bool) *client.Client {
	t.Helper()
	v := httptest.NewUnstartedServer(s)
	v.Config.ErrorLog = discard()
	v.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateIdle && rand.IntN(10) == 0 {
			time.AfterFunc(time.Duration(rand.IntN(200))*time.Microsecond, func() { _ = conn.Close() })
		}
	}
	v.EnableHTTP2 = http2
	v.StartTLS()
	t.Cleanup(v.Close)
	roots := x509.NewCertPool()
	roots.AddCert(v.Certificate())
	return newClient(t, v.URL, client.WithTransport(func(rt *http.Transport) {
		rt.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		rt.ForceAttemptHTTP2 = http2
		rt.TLSNextProto = map[bool]map[string]func(string, *tls.Conn) http.RoundTripper{false: {}}[http2]
	}))
}
