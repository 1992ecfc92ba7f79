package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// The secrets of all tests, long enough to be redacted.
const (
	testKey    = "test-consumer-key"
	testSecret = "test-consumer-secret"
	testAPIKey = "test-authorization-token"
)

const testLink = "https://billing.example.com/checkout/1"

// vendor is a fake TurboSMTP server that counts requests and connections.
type vendor struct {
	*httptest.Server
	requests, connections atomic.Int64
}

func newVendor(t testing.TB, handler http.HandlerFunc) *vendor {
	t.Helper()
	v := &vendor{}
	v.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.requests.Add(1)
		handler(w, r)
	}))
	v.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			v.connections.Add(1)
		}
	}
	v.Start()
	t.Cleanup(v.Close)
	return v
}

// responding is a vendor with one fixed response.
func responding(t testing.TB, status int, contentType, body string) *vendor {
	t.Helper()
	return newVendor(t, func(w http.ResponseWriter, _ *http.Request) { respondWith(w, status, contentType, body) })
}

func respondWith(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func sell(w http.ResponseWriter) {
	respondWith(w, http.StatusOK, "application/json", fmt.Sprintf(`{"url":%q}`, testLink))
}

// newClient makes a client for a server, with a pair of credentials.
func newClient(t testing.TB, url string, opts ...client.Option) *client.Client {
	t.Helper()
	opts = append([]client.Option{
		client.WithBaseURL(url),
		client.WithConsumerKey(testKey, testSecret),
	}, opts...)
	c, err := client.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func buy(t testing.TB, c *client.Client) error {
	t.Helper()
	payment, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if (payment == nil) == (err == nil) {
		t.Fatalf("payment %v and error %v: want exactly one", payment, err)
	}
	return err
}

// wantError checks that an error is a response with the status, and whether its outcome is unknown.
func wantError(t testing.TB, err error, status int, unknown bool) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v: want a *client.Error", err)
	}
	if e.StatusCode != status {
		t.Errorf("status %d of %v: want %d", e.StatusCode, err, status)
	}
	wantOutcome(t, err, unknown)
	return e
}

// wantOutcome checks whether the outcome of an error is unknown, and that its text contains no secret.
func wantOutcome(t testing.TB, err error, unknown bool) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := errors.Is(err, client.ErrOutcomeUnknown); got != unknown {
		t.Errorf("outcome unknown is %t of %v: want %t", got, err, unknown)
	}
	if !strings.HasPrefix(err.Error(), "client: ") || strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("error %q: want one line that names the package", err)
	}
	wantNoSecret(t, err.Error())
}

func wantNoSecret(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{testKey, testSecret, testAPIKey} {
		if strings.Contains(text, secret) {
			t.Errorf("%q contains the secret %q", text, secret)
		}
	}
}

func wantRequests(t testing.TB, v *vendor, n int64) {
	t.Helper()
	if got := v.requests.Load(); got != n {
		t.Errorf("%d requests reached the server: want %d", got, n)
	}
}

// fakeClock ends each wait at once and adds it to the real time, which deadlines use.
type fakeClock struct {
	mu     sync.Mutex
	passed time.Duration
	waits  []time.Duration
	// onWait is called before each wait, if it is not nil.
	onWait func()
}

func (f *fakeClock) option() client.Option {
	return client.WithClock(
		func() time.Time {
			f.mu.Lock()
			defer f.mu.Unlock()
			return time.Now().Add(f.passed)
		},
		func(ctx context.Context, d time.Duration) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.passed += d
			f.waits = append(f.waits, d)
			if f.onWait != nil {
				f.onWait()
			}
			return ctx.Err()
		},
	)
}

// wire is a raw TCP server. It calls the function for each connection, with the number of the connection from 1.
func wire(t *testing.T, serve func(conn *net.TCPConn, n int)) (url string, connections *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(atomic.Int64)
	serveEach(t, listener, func(conn net.Conn) {
		n := int(connections.Add(1))
		if tcp, ok := conn.(*net.TCPConn); ok {
			serve(tcp, n)
			return
		}
		t.Error("not a TCP connection")
	})
	return "http://" + listener.Addr().String(), connections
}

// serveEach serves each connection in a goroutine of its own, then closes it. The returned function closes all
// connections and waits; the end of the test does the same.
func serveEach(t *testing.T, listener net.Listener, serve func(net.Conn)) (stop func()) {
	t.Helper()
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			running.Go(func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			})
		}
	})
	stop = func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range open { // A client may keep an idle connection.
			_ = conn.Close()
		}
		mu.Unlock()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// closedPort is a loopback address without a listener. The system never assigns its port.
const closedPort = "http://127.0.0.1:1"
