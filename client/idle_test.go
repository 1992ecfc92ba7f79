package client_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// TestOneOrderOverHTTP1 has an HTTP/1.1 server fail at each stage of the exchange, on a connection that
// was used before: net/http sends some requests again then. The server gets each order at most once,
// and where it has got it, the outcome is unknown.
func TestOneOrderOverHTTP1(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n"
	const body = `{"url":"https://x.example"}`
	for stage, tc := range map[string]struct {
		headers, body bool // what is read of the order
		write         string
		end           func(*net.TCPConn)
	}{
		"closed on connect":             {false, false, "", nil},
		"reset on connect":              {false, false, "", reset},
		"closed on the headers":         {true, false, "", nil},
		"reset on the headers":          {true, false, "", reset},
		"closed on the body":            {true, true, "", nil},
		"reset on the body":             {true, true, "", reset},
		"closed in the response's head": {true, true, head[:20], nil},
		"reset in the response's head":  {true, true, head[:20], reset},
		"closed in the response's body": {true, true, head + body[:5], nil},
		"reset in the response's body":  {true, true, head + body[:5], reset},
		"no HTTP":                       {true, true, "220 SMTP ready\r\n", nil},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			var orders atomic.Int64
			base, _ := wire(t, func(conn *net.TCPConn, _ int) {
				r := bufio.NewReader(conn)
				for n := 1; ; n++ {
					if n == 2 && !tc.headers {
						break
					}
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					if n == 1 {
						_ = discardAll(req.Body)
						_, _ = io.WriteString(conn, head+body)
						continue
					}
					if tc.body && discardAll(req.Body) == nil {
						orders.Add(1)
					}
					break
				}
				_, _ = io.WriteString(conn, tc.write)
				if tc.end != nil {
					tc.end(conn)
				}
			})
			own := client.WithTimeout(5 * time.Second)
			for sender, opts := range senders(own, func() http.RoundTripper {
				rt := client.DefaultTransport()
				t.Cleanup(rt.CloseIdleConnections)
				return rt
			}) {
				for way, give := range ways {
					var clock fakeClock
					c := newClient(t, base, append(opts, own, clock.option())...)
					if err := buy(t, c); err != nil {
						t.Fatal(err)
					}
					before := orders.Load()
					err := give(t, c)
					if err == nil && !tc.headers {
						continue // It went over another connection, the first order of that.
					}
					wantOne(t, err, orders.Load()-before, stage+", "+sender+", "+way)
				}
			}
		})
	}
}

// TestIdleConnectionsThatClose gives 10,000 orders to a server that closes idle connections at random,
// over HTTP/1.1 and HTTP/2. It gets each of them at most once, and none of which it was said that
// nothing was sent.
func TestIdleConnectionsThatClose(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			orders := map[string]int{}
			v := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if discardAll(r.Body) == nil {
					mu.Lock()
					orders[r.Header.Get("X-Request-Id")]++
					mu.Unlock()
				}
				sell(w)
			}))
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
			c := newClient(t, v.URL, client.WithTransport(func(rt *http.Transport) {
				rt.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
				rt.ForceAttemptHTTP2 = http2
				rt.TLSNextProto = map[bool]map[string]func(string, *tls.Conn) http.RoundTripper{false: {}}[http2]
			}))
			const buyers, each = 20, 500
			var sold, unknown, unsent atomic.Int64
			var running sync.WaitGroup
			for range buyers {
				running.Go(func() {
					for range each {
						var r client.Response
						_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithResponse(&r))
						mu.Lock()
						n := orders[r.RequestID]
						mu.Unlock()
						switch {
						case err == nil:
							sold.Add(1)
						case errors.Is(err, client.ErrOutcomeUnknown):
							unknown.Add(1)
						default:
							unsent.Add(1)
							if n != 0 {
								t.Errorf("the server got an order of which was said: %v", err)
							}
						}
						if n > 1 || (err == nil && n != 1) {
							t.Errorf("the server got an order %d times, error %v", n, err)
						}
					}
				})
			}
			running.Wait()
			t.Logf("%d sold, %d unknown, %d not sent", sold.Load(), unknown.Load(), unsent.Load())
			if sold.Load() < buyers*each/2 {
				t.Errorf("only %d of %d orders were sold", sold.Load(), buyers*each)
			}
		})
	}
}
