package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/server"
)

// listening is a server that listens on loopback.
type listening struct {
	*server.Server
	address string
	stop    func()
	ended   chan error
}

func listen(t testing.TB, do implementation, options ...server.Option) *listening {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &listening{newServer(t, do, options...), listener.Addr().String(), stop, make(chan error, 1)}
	go func() { l.ended <- l.Serve(ctx, listener) }()
	t.Cleanup(stop)
	return l
}

// connection is a connection on which tests write requests by hand.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

func (l *listening) dial(t testing.TB) *connection {
	t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(t.Context(), "tcp", l.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &connection{c, bufio.NewReader(c)}
}

// send sends a request and does not wait for the response.
func (c *connection) send(t testing.TB, request []byte) {
	t.Helper()
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next response, whose body has been read and closed.
func (c *connection) receive(t testing.TB) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response
}

func (c *connection) do(t testing.TB, request []byte) *http.Response {
	t.Helper()
	c.send(t, request)
	return c.receive(t)
}

// isClosed reports whether the server has closed the connection, and waits for that until its deadline.
func (c *connection) isClosed() bool {
	_, err := c.reader.ReadByte()
	return errors.Is(err, io.EOF)
}

var (
	getLive  = []byte("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
	getReady = []byte("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
)

// purchase returns a valid request as it is sent.
func (l *listening) purchase(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := newPurchase(t, "http://"+l.address+l.BasePath()+"/").Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !isSo(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out: " + what)
		}
	}
}

func TestMaxConnections(t *testing.T) {
	t.Parallel()
	l := listen(t, succeed, server.WithMaxConnections(2))
	first, second := l.dial(t), l.dial(t)
	first.do(t, getLive)
	second.do(t, getLive)
	third := l.dial(t)
	third.send(t, getLive)
	if n := l.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	_ = first.Close()
	if response := third.receive(t); response.StatusCode != http.StatusOK {
		t.Errorf("the third connection: %d", response.StatusCode)
	}
	_, _ = second.Close(), third.Close()
	eventually(t, "no connection is open", func() bool { return l.Connections() == 0 })
}

// TestServeDrains stops a server with a long drain time: it goes on to serve, but ends each connection.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	block, running, release := blocking()
	var calls atomic.Int64
	l := listen(t, func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		if calls.Add(1) == 1 {
			return block(ctx)
		}
		return success, nil
	}, server.WithDrain(time.Hour))
	busy, idle := l.dial(t), l.dial(t)
	idle.do(t, getLive)
	busy.send(t, l.purchase(t))
	<-running
	l.stop()
	eventually(t, "the server is not ready", func() bool { return l.dial(t).do(t, getReady).StatusCode == http.StatusServiceUnavailable })
	for name, c := range map[string]*connection{"an open connection": idle, "a new connection": l.dial(t)} {
		if response := c.do(t, l.purchase(t)); response.StatusCode != http.StatusOK || !response.Close || !c.isClosed() {
			t.Errorf("%s: %d %v", name, response.StatusCode, response.Header)
		}
	}
	if response := l.dial(t).do(t, getLive); response.StatusCode != http.StatusOK || !response.Close {
		t.Errorf("/livez: %d %v", response.StatusCode, response.Header)
	}
	release <- struct{}{}
	if response := busy.receive(t); response.StatusCode != http.StatusOK {
		t.Errorf("the request that was running: %d", response.StatusCode)
	}
	_ = busy.Close()
	if err := <-l.ended; err != nil { // long before the drain time ends
		t.Error(err)
	}
}

// TestServeStops stops a server without a drain time, over each protocol: a running request gets its
// response, and idle connections are closed at once.
func TestServeStops(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"HTTP/1.1", "HTTP/1.1 over TLS", "HTTP/2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			do, running, release := blocking()
			var options []server.Option
			transport := &http.Transport{ForceAttemptHTTP2: protocol == "HTTP/2"}
			scheme := "http://"
			if protocol != "HTTP/1.1" {
				certificate := httptest.NewUnstartedServer(nil)
				certificate.StartTLS()
				t.Cleanup(certificate.Close)
				options = append(options, server.WithTLS(&tls.Config{Certificates: certificate.TLS.Certificates, MinVersion: tls.VersionTLS12}))
				transport.TLSClientConfig = &tls.Config{RootCAs: certificate.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
				scheme = "https://"
			}
			options = append(options, server.WithMiddleware(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(ec echo.Context) error {
					if ec.Scheme()+"://" != scheme {
						t.Errorf("the handler sees %s", ec.Scheme())
					}
					return next(ec)
				}
			}))
			l := listen(t, do, options...)
			idle := &http.Client{Transport: transport.Clone()}
			response, err := idle.Get(scheme + l.address + "/livez")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if (response.ProtoMajor == 2) != (protocol == "HTTP/2") {
				t.Errorf("the protocol is %s", response.Proto)
			}
			received := make(chan *http.Response, 1)
			go func() {
				response, err := (&http.Client{Transport: transport}).Do(newPurchase(t, scheme+l.address+l.BasePath()+"/"))
				if err != nil {
					t.Error(err)
					response = &http.Response{Body: http.NoBody}
				}
				_ = response.Body.Close()
				received <- response
			}()
			<-running
			l.stop()
			eventually(t, "the listener is closed", func() bool {
				_, err := net.DialTimeout("tcp", l.address, time.Second)
				return err != nil
			})
			release <- struct{}{}
			if response := <-received; response.StatusCode != http.StatusOK {
				t.Errorf("the running request: %d", response.StatusCode)
			}
			if err := <-l.ended; err != nil {
				t.Errorf("Serve returned %v", err)
			}
		})
	}
}

func TestServeCutsOffAfterTheGracePeriod(t *testing.T) {
	t.Parallel()
	do, running, release := blocking()
	defer close(release)
	l := listen(t, do, server.WithGracePeriod(50*time.Millisecond))
	c := l.dial(t)
	c.send(t, l.purchase(t))
	<-running
	l.stop()
	if err := <-l.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve returned %v", err)
	}
	if !c.isClosed() {
		t.Error("the connection is open")
	}
}

func TestAllListenersStopTogether(t *testing.T) {
	t.Parallel()
	l := listen(t, succeed)
	var config net.ListenConfig
	second, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(context.Background(), second) }()
	l.stop()
	for _, err := range []error{<-l.ended, <-ended} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestServeFailsOnAClosedListener(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := newServer(t, succeed).Serve(t.Context(), listener); err == nil {
		t.Error("Serve returned no error")
	}
}

// TestARejectionDoesNotWaitForTheBody sends half of a request without credentials: the response comes,
// and the connection ends, long before the read timeout.
func TestARejectionDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	l := listen(t, succeed)
	path := newPurchase(t, l.BasePath()+"/").URL.Path
	for name, body := range map[string]string{
		"a small body":   "Content-Length: 14\r\n\r\n{",
		"a large body":   "Content-Length: 1000000\r\n\r\n{",
		"a chunked body": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			c := l.dial(t)
			response := c.do(t, []byte("POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+body))
			if response.StatusCode != http.StatusUnauthorized || !c.isClosed() || time.Since(began) > 10*time.Second {
				t.Errorf("%d after %v", response.StatusCode, time.Since(began))
			}
		})
	}
}

// TestALargeRejectedBody sends all of a body that is too large before it reads the response.
func TestALargeRejectedBody(t *testing.T) {
	t.Parallel()
	l := listen(t, succeed)
	request := newPurchase(t, "http://"+l.address+l.BasePath()+"/")
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(make([]byte, 8<<20))), 8<<20
	c := l.dial(t)
	if err := request.Write(c); err != nil {
		t.Fatal(err)
	}
	if response := c.receive(t); response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", response.StatusCode)
	}
}
