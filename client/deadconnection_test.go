package client_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// network is a TCP forwarder. Its connections can be made to swallow everything, as a firewall does
// that has forgotten them: they stay open, and nothing arrives any more. New connections are sound.
type network struct {
	address string
	mu      sync.Mutex
	dead    []*atomic.Bool
}

func newNetwork(t *testing.T, server string) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{address: listener.Addr().String()}
	var open []net.Conn
	var running sync.WaitGroup
	running.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
			if err != nil {
				_ = near.Close()
				continue
			}
			dead := new(atomic.Bool)
			n.mu.Lock()
			n.dead = append(n.dead, dead)
			open = append(open, near, far)
			n.mu.Unlock()
			running.Go(func() { forward(near, far, dead) })
			running.Go(func() { forward(far, near, dead) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		n.mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		n.mu.Unlock()
		running.Wait()
	})
	return n
}

// forward copies until one end closes. The end of a dead connection is not passed on.
func forward(from, to net.Conn, dead *atomic.Bool) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if dead.Load() {
			if err != nil {
				return
			}
			continue
		}
		if n > 0 {
			_, _ = to.Write(buffer[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// kill makes all current connections drop their data.
func (n *network) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, dead := range n.dead {
		dead.Store(true)
	}
}

// TestDeadConnectionIsLeft lets the network drop all data of a Client's connections. The next order times out, and
// its outcome is unknown. The order after it uses another connection.
func TestDeadConnectionIsLeft(t *testing.T) {
	t.Parallel()
	h := newH2Server(t, func(moment string, s *h2Stream) bool { return moment != onBody || s.sell() })
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	for name, tc := range map[string]struct {
		server string
		scheme string
		opts   []client.Option
		cause  string
	}{
		"HTTP/1.1": {strings.TrimPrefix(v.URL, "http://"), "http://", []client.Option{client.WithTimeout(time.Second)}, "deadline exceeded"},
		"HTTP/2":   {strings.TrimPrefix(h.URL, "https://"), "https://", []client.Option{h.trust(), client.WithTimeout(time.Second)}, "deadline exceeded"},
		"HTTP/2, the caller's": {strings.TrimPrefix(h.URL, "https://"), "https://", []client.Option{
			client.WithHTTPClient(&http.Client{Transport: h.transport(t)}), client.WithTimeout(time.Second)}, "deadline exceeded"},
		"HTTP/2, found by a ping": {strings.TrimPrefix(h.URL, "https://"), "https://", []client.Option{client.WithTransport(func(rt *http.Transport) {
			if rt.HTTP2.SendPingTimeout <= 0 || rt.HTTP2.SendPingTimeout+rt.HTTP2.PingTimeout >= 30*time.Second {
				t.Errorf("%+v: want pings before an order's default time limit", rt.HTTP2)
			}
			rt.TLSClientConfig = h.transport(t).TLSClientConfig
			rt.HTTP2.SendPingTimeout, rt.HTTP2.PingTimeout = 200*time.Millisecond, 200*time.Millisecond
		}), client.WithTimeout(0)}, "connection lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, tc.server)
			c := newClient(t, tc.scheme+n.address, tc.opts...)
			for range 2 {
				if err := buy(t, c); err != nil {
					t.Fatal(err)
				}
				n.kill()
				err := buy(t, c)
				wantOutcome(t, err, true)
				if !strings.Contains(err.Error(), tc.cause) {
					t.Errorf("error %v: want %q", err, tc.cause)
				}
			}
			if err := buy(t, c); err != nil {
				t.Errorf("the order after it: %v", err)
			}
		})
	}
}

// TestConnectionThatDiesInAResponse has a connection go silent within each response. The next order takes
// another one.
func TestConnectionThatDiesInAResponse(t *testing.T) {
	t.Parallel()
	h := newH2Server(t, func(moment string, s *h2Stream) bool { return moment != onBody || s.head() })
	for sender, opt := range map[string]client.Option{"its own": h.trust(), "the caller's": client.WithHTTPClient(&http.Client{Transport: h.transport(t)})} {
		c := newClient(t, h.URL, opt, client.WithTimeout(500*time.Millisecond))
		before := h.connections.Load()
		for range 2 {
			wantError(t, buy(t, c), http.StatusOK, true)
		}
		if got := h.connections.Load() - before; got != 2 {
			t.Errorf("%s: %d connections for two orders: want 2", sender, got)
		}
	}
}

// TestSwitchedProtocol lets a server respond with 101 and keep the connection open. The order still ends, and
// its outcome is unknown.
func TestSwitchedProtocol(t *testing.T) {
	t.Parallel()
	base, _ := wire(t, func(conn *net.TCPConn, _ int) {
		readRequest(t, bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	})
	for name, opts := range map[string][]client.Option{
		"its own":      nil,
		"the caller's": {callersClient()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			e := wantError(t, buy(t, newClient(t, base, append(opts, client.WithTimeout(time.Minute))...)), http.StatusSwitchingProtocols, true)
			if took := time.Since(start); took > 30*time.Second || e.Header.Get("Upgrade") != "x" {
				t.Errorf("took %v, header %v", took, e.Header)
			}
		})
	}
}

// TestBodyThatNothingEnds has a round tripper of the caller's whose bodies do not know the context.
func TestBodyThatNothingEnds(t *testing.T) {
	t.Parallel()
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		body, _ := io.Pipe()
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r, ContentLength: -1}, nil
	})
	err := buy(t, newClient(t, "http://localhost", client.WithHTTPClient(&http.Client{Transport: rt}), client.WithTimeout(50*time.Millisecond)))
	wantError(t, err, http.StatusOK, true)
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}
