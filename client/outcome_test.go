package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func unknownName(context.Context, string, string) (net.Conn, error) {
	return nil, &net.DNSError{Err: "no such host", Name: "billing.example.com", IsNotFound: true}
}

func through(t *testing.T, proxy string) func(*http.Request) (*url.URL, error) {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	return http.ProxyURL(u)
}

// reset closes a connection so that the other end is told it was broken.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// TestBrokenConnectionLeavesTheOutcomeUnknown breaks the connection at every point. However it is
// broken, the order is sent once: there is one connection, and one request on it.
func TestBrokenConnectionLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for name, tc := range map[string]struct {
		read   bool   // the request, before anything else
		write  string // then
		gently bool   // close, rather than reset
		status int    // of the answer that came, 0 for none
	}{
		"reset after the request was read":  {true, "", false, 0},
		"closed after the request was read": {true, "", true, 0},
		"reset within the header":           {true, head, false, 0},
		"closed within the header":          {true, head, true, 0},
		"no HTTP":                           {true, "SMTP ready\r\n\r\n", true, 0},
		"closed within the body":            {true, head + "Content-Length: 100\r\n\r\n{\"url\":\"https://x.example\"}", true, 200},
		"closed within a chunk":             {true, head + "Transfer-Encoding: chunked\r\n\r\n40\r\n{\"url\":", true, 200},
		"closed before the last chunk":      {true, head + "Transfer-Encoding: chunked\r\n\r\n1b\r\n{\"url\":\"https://x.example\"}\r\n", true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The server waits for the client to have its connection, as a connection that is reset
			// earlier may still be one that was never made.
			connected := make(chan struct{})
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GotConn: func(httptrace.GotConnInfo) { close(connected) },
			})
			var requests atomic.Int64
			base, connections := wire(t, func(conn *net.TCPConn, _ int) {
				<-connected
				if tc.read {
					readRequest(t, bufio.NewReader(conn))
					requests.Add(1)
				}
				_, _ = io.WriteString(conn, tc.write)
				if !tc.gently {
					reset(conn)
				}
			})
			var clock fakeClock
			_, err := newClient(t, base, clock.option()).BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: 320})
			if tc.status != 0 {
				wantError(t, err, tc.status, true)
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("error %v: want the cause in its chain", err)
				}
			} else if e := (*client.Error)(nil); errors.As(err, &e) {
				t.Errorf("%v: there was no answer", err)
			}
			wantOutcome(t, err, true)
			if connections.Load() != 1 || (tc.read && requests.Load() != 1) || len(clock.waits) != 0 {
				t.Errorf("%d connections, %d requests, waits %v: want one", connections.Load(), requests.Load(), clock.waits)
			}
		})
	}
}

func readRequest(t *testing.T, r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(req.Body)
	if err != nil || string(body) != `{"amount":320}` {
		t.Errorf("body %q, error %v", body, err)
	}
	return true
}

func TestCauseStaysInTheChain(t *testing.T) {
	t.Parallel()
	base, _ := wire(t, func(conn *net.TCPConn, _ int) {
		readRequest(t, bufio.NewReader(conn))
		reset(conn)
	})
	err := buy(t, newClient(t, base))
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v: want the cause in its chain", err)
	}
	if !strings.Contains(err.Error(), "client: POST /billing/buy_emailvalidation_credits: the outcome is unknown") || strings.Contains(err.Error(), base) {
		t.Errorf("error %q: want the method and the path, and them once", err)
	}
}

// TestKeptConnectionThatCloses has the case that net/http replays requests for: the connection was
// used before, and the server closes it instead of answering. It has read the order by then.
func TestKeptConnectionThatCloses(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*net.TCPConn){"close": func(*net.TCPConn) {}, "reset": reset} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			base, connections := wire(t, func(conn *net.TCPConn, n int) {
				r := bufio.NewReader(conn)
				for readRequest(t, r) {
					if requests.Add(1) == 2 {
						end(conn)
						return
					}
					const body = `{"url":"https://x.example"}`
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n"+body)
				}
			})
			var clock fakeClock
			c := newClient(t, base, clock.option())
			if err := buy(t, c); err != nil {
				t.Fatal(err)
			}
			wantOutcome(t, buy(t, c), true)
			if requests.Load() != 2 || connections.Load() != 1 || len(clock.waits) != 0 {
				t.Errorf("%d requests on %d connections, waits %v: want each of two once", requests.Load(), connections.Load(), clock.waits)
			}
			if err := buy(t, c); err != nil {
				t.Errorf("the next order: %v", err)
			}
		})
	}
}

// TestSlowServer has net/http talk over a pipe in a bubble, in which time passes when all wait.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	const half = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"url\":"
	for name, tc := range map[string]struct {
		write   string
		opt     client.Option
		clients time.Duration // the timeout of the http.Client
		takes   time.Duration
	}{
		"no answer, default":         {"", nil, 0, 30 * time.Second},
		"no answer, timeout":         {"", client.WithTimeout(5 * time.Second), 0, 5 * time.Second},
		"half an answer":             {half, client.WithTimeout(5 * time.Second), 0, 5 * time.Second},
		"no answer, http.Client":     {"", nil, 3 * time.Second, 3 * time.Second},
		"half an answer,http.Client": {half, nil, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				rt := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					go func() {
						defer func() { _ = far.Close() }()
						r := bufio.NewReader(far)
						for readRequest(t, r) {
							requests++
							_, _ = io.WriteString(far, tc.write)
						}
					}()
					return near, nil
				}}
				hc := &http.Client{Transport: rt, Timeout: tc.clients}
				start := time.Now()
				err := buy(t, newClient(t, "http://localhost", client.WithHTTPClient(hc), tc.opt))
				wantOutcome(t, err, true)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v: want the cause in its chain", err)
				}
				if timeout := (net.Error)(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
					t.Errorf("error %v: want a timeout", err)
				}
				if took := time.Since(start); took != tc.takes {
					t.Errorf("took %v: want %v", took, tc.takes)
				}
				synctest.Wait()
				if requests != 1 {
					t.Errorf("%d requests: want 1", requests)
				}
			})
		})
	}
}

// TestCancelledWithACause: net/http returns the cause of a context alone, where it has one.
func TestCancelledWithACause(t *testing.T) {
	t.Parallel()
	cause := errors.New("the shop closes")
	for name, tc := range map[string]struct {
		when    string // the order is cancelled
		unknown bool
	}{
		"before":               {"before", false},
		"while connecting":     {"connecting", false},
		"while it is handled":  {"handling", true},
		"while it is answered": {"answering", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			base, _ := wire(t, func(conn *net.TCPConn, _ int) {
				r := bufio.NewReader(conn)
				readRequest(t, r)
				if tc.when == "answering" {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
				} else {
					cancel(cause)
				}
				_, _ = r.ReadByte() // Until the client hangs up.
			})
			given := ctx // Not the one that net/http dials with: a dial may outlive its request.
			rt := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if tc.when == "connecting" {
					cancel(cause)
					<-given.Done()
					return nil, given.Err()
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}}
			t.Cleanup(rt.CloseIdleConnections)
			if tc.when == "before" {
				cancel(cause)
			}
			hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				resp, err := rt.RoundTrip(r)
				if err == nil {
					cancel(cause)
				}
				return resp, err
			})}
			var clock fakeClock
			_, err := newClient(t, base, clock.option(), client.WithHTTPClient(hc)).BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: 320})
			wantOutcome(t, err, tc.unknown)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v: want the context's in its chain", err)
			}
			if len(clock.waits) != 0 {
				t.Errorf("waits %v: want none", clock.waits)
			}
		})
	}
}

func TestContextThatIsDoneBefore(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, opt := range map[string]client.Option{
		"a transport of net/http": nil,
		"one that does not look": client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return http.DefaultTransport.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		})}),
	} {
		t.Run(name, func(t *testing.T) {
			var clock fakeClock
			_, err := newClient(t, v.URL, clock.option(), opt).BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: 320})
			wantOutcome(t, err, false)
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "nothing was sent") || len(clock.waits) != 0 {
				t.Errorf("error %v, waits %v", err, clock.waits)
			}
		})
	}
	wantRequests(t, v, 0)
}

// A server may say no before it has read the order, and end there.
func TestRefusalThatIsCut(t *testing.T) {
	t.Parallel()
	base, connections := wire(t, func(conn *net.TCPConn, _ int) {
		readRequest(t, bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"mess")
	})
	err := buy(t, newClient(t, base))
	wantError(t, err, http.StatusForbidden, false)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "not read whole") || connections.Load() != 1 {
		t.Errorf("error %v on %d connections", err, connections.Load())
	}
}

// What a server writes instead of an answer gets into net/http's error. It may hold anything.
func TestServerThatRepeatsTheSecret(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no HTTP":   testSecret + "\x1b[2J\r\n\r\n",
		"a trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n0\r\n" + testSecret + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, _ := wire(t, func(conn *net.TCPConn, _ int) {
				readRequest(t, bufio.NewReader(conn))
				_, _ = io.WriteString(conn, text)
			})
			err := buy(t, newClient(t, base))
			wantOutcome(t, err, true)
			if !strings.Contains(err.Error(), "[redacted]") {
				t.Errorf("error %v: want the text without the secret", err)
			}
		})
	}
}
