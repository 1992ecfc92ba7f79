package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
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

// reset closes a connection with a TCP reset.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
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

// TestSlowServer connects net/http through a pipe in a synctest bubble, so that time-outs take no real time.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	const half = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"url\":"
	for name, tc := range map[string]struct {
		write   string
		opt     client.Option
		clients time.Duration // the timeout of the http.Client
		takes   time.Duration
	}{
		"no response, default":         {"", nil, 0, 30 * time.Second},
		"no response, timeout":         {"", client.WithTimeout(5 * time.Second), 0, 5 * time.Second},
		"half a response":              {half, client.WithTimeout(5 * time.Second), 0, 5 * time.Second},
		"no response, http.Client":     {"", nil, 3 * time.Second, 3 * time.Second},
		"half a response, http.Client": {half, nil, 3 * time.Second, 3 * time.Second},
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

// TestCancelledWithACause: net/http returns only the cause of a context that has one.
func TestCancelledWithACause(t *testing.T) {
	t.Parallel()
	cause := errors.New("the shop closes")
	for name, tc := range map[string]struct {
		when    string // the order is cancelled
		unknown bool
	}{
		"before":                     {"before", false},
		"while connecting":           {"connecting", false},
		"while it is handled":        {"handling", true},
		"while the response arrives": {"responding", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			base, _ := wire(t, func(conn *net.TCPConn, _ int) {
				r := bufio.NewReader(conn)
				readRequest(t, r)
				if tc.when == "responding" {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
				} else {
					cancel(cause)
				}
				_, _ = r.ReadByte() // Until the client disconnects.
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
		"one that ignores the context": client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
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

// TestRefusalThatIsCut: a truncated refusal still means that nothing was ordered.
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

// TestServerThatRepeatsTheSecret: net/http's error quotes malformed responses, which may contain a secret.
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
