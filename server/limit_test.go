package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// served is a server that listens.
type served struct {
	*server.Server
	address string
	stop    func()
	ended   chan error
}

func serve(t testing.TB, implementation httpserver.StrictServerInterface, options ...server.Option) *served {
	t.Helper()
	options = append([]server.Option{server.WithDrain(0), server.WithLogger(slog.New(slog.DiscardHandler))}, options...)
	s, err := server.New(implementation, theKey, options...)
	if err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &served{Server: s, address: listener.Addr().String(), stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- s.Serve(ctx, listener) }()
	t.Cleanup(stop)
	return r
}

// theKey lets in who has it.
var theKey = contract.AuthenticatorFunc(func(_ context.Context, c contract.Credentials) (any, error) {
	if c.Value(model.AuthorizationScheme) != "key" {
		return nil, contract.ErrNotAccepted
	}
	return "ann", nil
})

// takes is an implementation that takes every order.
var takes = behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://x.example/"}, nil
})

// raw is a connection that requests are written to by hand.
type raw struct {
	net.Conn
	reader *bufio.Reader
}

func dial(t testing.TB, address string) *raw {
	t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &raw{c, bufio.NewReader(c)}
}

// ask sends a request and returns its answer, whose body has been read.
func (r *raw) ask(t testing.TB, request string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(r, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(r.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// ended reports whether the server has closed the connection.
func (r *raw) ended() bool {
	_, err := r.reader.ReadByte()
	return errors.Is(err, io.EOF)
}

const getLive = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

// post is a purchase as it is sent, with more headers.
func post(body string, headers ...string) string {
	return "POST /api/v2/billing/buy_emailvalidation_credits HTTP/1.1\r\nHost: x\r\nAuthorization: key\r\nContent-Type: application/json\r\n" +
		strings.Join(headers, "\r\n") + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func TestWhatIsUnavailableCanBeSentAgain(t *testing.T) {
	t.Parallel()
	log := &strings.Builder{}
	cause := errors.New("the database sleeps")
	after := 1500 * time.Millisecond
	s := serve(t, behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		return nil, fmt.Errorf("buy: %w", &server.UnavailableError{RetryAfter: after, Err: cause})
	}), server.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
	for range 5 {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, order())
		if w.Code != 503 || w.Header().Get("Retry-After") != "2" || w.Body.String() != `{"message":"The server cannot do this right now. Nothing was done: please try again."}` {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	after = 0
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, order()); w.Header().Get("Retry-After") != "1" {
		t.Errorf("without a time: %v", w.Header())
	}
	if n := strings.Count(log.String(), cause.Error()); n != 1 {
		t.Errorf("the log has the reason %d times, want once a second: %s", n, log)
	}
}

func TestAConnectionMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	running := make(chan struct{}, 3)
	s := serve(t, behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		running <- struct{}{}
		<-release
		return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://x.example/"}, nil
	}), server.WithMaxConnections(2))

	quiet, busy := dial(t, s.address), dial(t, s.address)
	quiet.ask(t, getLive)
	if _, err := io.WriteString(busy, post(`{"amount":320}`)); err != nil {
		t.Fatal(err)
	}
	<-running
	// Nobody has waited for a second yet.
	response, body := dial(t, s.address).ask(t, getLive)
	if response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" || !response.Close ||
		response.Header.Get("Content-Type") != "application/json" || !strings.Contains(body, "too many connections") {
		t.Errorf("one too many: %d %v %s", response.StatusCode, response.Header, body)
	}
	// In a second, the one that waits makes room for another, and that for the next.
	for range 2 {
		another := quiet
		for deadline := time.Now().Add(10 * time.Second); another == quiet; {
			next := dial(t, s.address)
			if response, _ := next.ask(t, getLive); response.StatusCode == 200 {
				another = next
			} else {
				_ = next.Close()
			}
			if time.Now().After(deadline) {
				t.Fatal("the connection that waits does not make room")
			}
		}
		if !quiet.ended() {
			t.Error("the connection that waited is still open")
		}
		quiet = another
	}
	close(release)
	if response, err := http.ReadResponse(busy.reader, nil); err != nil || response.StatusCode != 200 {
		t.Errorf("the busy one got %v, %v", response, err)
	}
}

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, takes)
	open := []*raw{dial(t, s.address), dial(t, s.address), dial(t, s.address)}
	for _, c := range open {
		c.ask(t, getLive)
	}
	if n := s.Connections(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
	for _, c := range open {
		_ = c.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); s.Connections() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections, want 0", s.Connections())
		}
	}
}

// TestStopping follows the three steps: what is under way is finished, what comes is refused so that it
// can be sent elsewhere, and then nobody listens.
func TestStopping(t *testing.T) {
	t.Parallel()
	running, release := make(chan struct{}), make(chan struct{})
	s := serve(t, behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		running <- struct{}{}
		<-release
		return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://x.example/"}, nil
	}), server.WithDrain(time.Hour))
	busy, idle := dial(t, s.address), dial(t, s.address)
	idle.ask(t, getLive)
	if _, err := io.WriteString(busy, post(`{"amount":320}`)); err != nil {
		t.Fatal(err)
	}
	<-running
	s.stop()
	for deadline := time.Now().Add(10 * time.Second); ; {
		response, _ := dial(t, s.address).ask(t, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
		if response.StatusCode == 503 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is still ready")
		}
	}
	for name, c := range map[string]*raw{"an open connection": idle, "a new connection": dial(t, s.address)} {
		response, body := c.ask(t, post(`{"amount":320}`))
		if response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" || !response.Close || !strings.Contains(body, "stopping. Nothing was done") {
			t.Errorf("%s: %d %v %s", name, response.StatusCode, response.Header, body)
		}
		if !c.ended() {
			t.Errorf("%s stays open", name)
		}
	}
	if response, _ := dial(t, s.address).ask(t, getLive); response.StatusCode != 200 || !response.Close {
		t.Errorf("/livez: %d %v", response.StatusCode, response.Header)
	}
	close(release)
	if response, err := http.ReadResponse(busy.reader, nil); err != nil || response.StatusCode != 200 {
		t.Errorf("what was under way got %v, %v", response, err)
	}
	_ = busy.Close()
	if err := <-s.ended; err != nil { // long before its hour
		t.Error(err)
	}
}

func TestWrongCredentialsAreSlowed(t *testing.T) {
	t.Parallel()
	s := serve(t, takes)
	ask := func(from, key string) (status int, took time.Duration) {
		request := order()
		request.RemoteAddr = from
		request.Header.Set("Authorization", key)
		began := time.Now()
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, request)
		return w.Code, time.Since(began)
	}
	const flood = 400
	var group sync.WaitGroup
	began := time.Now()
	for range 50 {
		group.Go(func() {
			for range flood / 50 {
				if status, _ := ask("192.0.2.1:5000", "wrong"); status != 401 {
					t.Errorf("a wrong key got %d", status)
				}
			}
		})
	}
	group.Wait()
	if took := time.Since(began); took < 2*time.Second { // 100 at once, the other 300 at 100 a second
		t.Errorf("%d wrong keys were answered in %v", flood, took)
	}
	for name, from := range map[string]string{"the same address": "192.0.2.1:5001", "another one": "192.0.2.2:5000"} {
		if status, took := ask(from, "key"); status != 200 || took > 500*time.Millisecond {
			t.Errorf("a right key from %s: %d after %v", name, status, took)
		}
	}
	if status, took := ask("192.0.2.2:5000", "wrong"); status != 401 || took > 500*time.Millisecond {
		t.Errorf("a first wrong key of another address: %d after %v", status, took)
	}
}

func TestAddressesBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options       []server.Option
		from          string
		forwarded, is string
	}{
		"nobody is believed":   {nil, "192.0.2.1", "203.0.113.9", "192.0.2.1"},
		"the proxy is":         {[]server.Option{server.WithTrustedProxies(netip.MustParsePrefix("192.0.2.0/24"))}, "192.0.2.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		"another one is not":   {[]server.Option{server.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"))}, "192.0.2.1", "203.0.113.9", "192.0.2.1"},
		"this machine is none": {[]server.Option{server.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"))}, "127.0.0.1", "203.0.113.9", "127.0.0.1"},
		"nor the next one":     {[]server.Option{server.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"))}, "192.168.0.1", "203.0.113.9", "192.168.0.1"},
	} {
		seen := ""
		s := serve(t, takes, append(test.options, server.WithMiddleware(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				seen = ec.RealIP()
				return next(ec)
			}
		}))...)
		request := order("X-Forwarded-For", test.forwarded)
		request.RemoteAddr = test.from + ":1234"
		s.Handler().ServeHTTP(httptest.NewRecorder(), request)
		if seen != test.is {
			t.Errorf("%s: the address is %s, want %s", name, seen, test.is)
		}
	}
}

func TestABusyServerSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, takes, server.WithMiddleware(func(echo.HandlerFunc) echo.HandlerFunc {
		return func(echo.Context) error { return fmt.Errorf("read: %w", contract.ErrBusy) }
	}))
	if response, body := dial(t, s.address).ask(t, post(`{"amount":320}`)); response.StatusCode != 503 ||
		response.Header.Get("Retry-After") != "1" || !strings.Contains(body, "Nothing was done") {
		t.Errorf("%d %v %s", response.StatusCode, response.Header, body)
	}
}

// TestARefusalDoesNotWaitForItsBody sends half a request that is refused for its credentials: the answer
// comes, and the connection ends, long before a body may be late.
func TestARefusalDoesNotWaitForItsBody(t *testing.T) {
	t.Parallel()
	s := serve(t, takes)
	for name, body := range map[string]string{
		"a small body":   "Content-Length: 14\r\n\r\n{",
		"a large body":   "Content-Length: 1000000\r\n\r\n{",
		"a chunked body": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			c := dial(t, s.address)
			response, _ := c.ask(t, "POST /api/v2/billing/buy_emailvalidation_credits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+body)
			if response.StatusCode != 401 || !c.ended() || time.Since(began) > 10*time.Second {
				t.Errorf("%d after %v", response.StatusCode, time.Since(began))
			}
		})
	}
}

// TestCredentialsThatEndWhileABodyArrives takes the key away in the midst of a request.
func TestCredentialsThatEndWhileABodyArrives(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	asked := make(chan struct{}, 2)
	s, err := server.New(takes, contract.AuthenticatorFunc(func(context.Context, contract.Credentials) (any, error) {
		asked <- struct{}{}
		if gone.Load() {
			return nil, contract.ErrNotAccepted
		}
		return "ann", nil
	}), server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	request := order()
	request.Body, request.ContentLength = read, -1
	w := httptest.NewRecorder()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		s.Handler().ServeHTTP(w, request)
	}()
	<-asked
	gone.Store(true)
	_, _ = io.WriteString(write, `{"amount":`)
	time.Sleep(200 * time.Millisecond) // it is the time that counts
	_, _ = io.WriteString(write, `320}`)
	_ = write.Close()
	<-answered
	if w.Code != 401 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
