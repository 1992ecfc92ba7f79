package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// Option sets a limit of a server or adds a part to it.
type Option func(*settings)

// WithLogger sets the logger for failures of the server. The default is slog.Default. No line contains
// a credential or a body.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithMaxBody sets the maximum length of a request body, in bytes. The response to a longer one is 413.
// The default is contract.DefaultMaxBody.
func WithMaxBody(bytes int64) Option {
	return func(s *settings) { s.maxBody = bytes }
}

// WithMaxBodyMemory sets how many bytes of memory all request bodies that are being read may take
// together, except bodies of up to 16 KiB. The response to a request beyond that is 503 with Retry-After. The default
// is contract.DefaultMaxBodyMemory.
func WithMaxBodyMemory(bytes int64) Option {
	return func(s *settings) { s.contract = append(s.contract, contract.WithMaxBodyMemory(bytes)) }
}

// WithMaxHeader sets the maximum length of the request line and the headers, in bytes. The response to
// longer ones is 431. The default is 32 KiB, to which net/http adds 4 KiB.
func WithMaxHeader(bytes int) Option {
	return func(s *settings) { s.maxHeader = bytes }
}

// WithReadTimeout sets how long a request may take to arrive. Its headers may take half of that. The
// default is 20 seconds. The response to a body that is late is 408.
func WithReadTimeout(d time.Duration) Option {
	return func(s *settings) { s.readTimeout, s.headerTimeout = d, d/2 }
}

// WithTimeLimit sets how long an operation may take. Then the context of the implementation ends, and
// an operation that fails because of it gets a 503. The default is contract.DefaultTimeLimit. The context does
// not end when the client disconnects: a purchase that has begun is completed.
func WithTimeLimit(d time.Duration) Option {
	return func(s *settings) { s.timeLimit = d }
}

// WithWriteTimeout sets how long a request may take from the end of its headers to the end of its
// response. The default is 5 seconds more than the read timeout and the time limit together.
func WithWriteTimeout(d time.Duration) Option {
	return func(s *settings) { s.writeTimeout = d }
}

// WithIdleTimeout sets how long a connection may wait for its next request. The default is two minutes.
func WithIdleTimeout(d time.Duration) Option {
	return func(s *settings) { s.idleTimeout = d }
}

// WithMaxConnections sets how many connections each call of Serve accepts at a time. More of them wait
// until another one is closed. The default is 12,000. The process needs one file descriptor per
// connection.
func WithMaxConnections(n int) Option {
	return func(s *settings) { s.maxConns = n }
}

// WithTrustedProxies sets the networks of the proxies whose header X-Forwarded-For is trusted to contain
// the client's address. By default no proxy is trusted, and the client's address is its connection's.
func WithTrustedProxies(networks ...netip.Prefix) Option {
	return func(s *settings) { s.proxies = append(s.proxies, networks...) }
}

// WithoutThrottle responds to wrong credentials at once, however many come from one address. By default
// the responses to an address are delayed after a hundred wrong ones, to a hundred per second. Correct
// credentials are never delayed.
func WithoutThrottle() Option {
	return func(s *settings) { s.throttled = false }
}

// WithTLS serves HTTPS, by HTTP/2 and HTTP/1.1, with the certificates of config. The default is plain
// HTTP, for a proxy in front or for clients on the same machine.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) { s.tls = config }
}

// WithDrain sets how long Serve goes on to accept connections after its context is done, for load
// balancers to notice. The default is one second.
func WithDrain(d time.Duration) Option {
	return func(s *settings) { s.drain = d }
}

// WithGracePeriod sets how long Serve waits for running requests after the drain time. The default is 15
// seconds.
func WithGracePeriod(d time.Duration) Option {
	return func(s *settings) { s.grace = d }
}

// WithResponseCheck sets what happens to a response of the implementation that the document does not
// allow. The default is contract.ResponsesEnforced: the client gets a 500, and the log says what was wrong.
func WithResponseCheck(check contract.ResponseCheck) Option {
	return func(s *settings) { s.responses = check }
}

// WithPrefer lets a request choose an example of the document as its response, by the header Prefer; see
// contract.WithPrefer. By default the header is ignored.
func WithPrefer() Option {
	return func(s *settings) { s.contract = append(s.contract, contract.WithPrefer()) }
}

// WithReadiness sets the check behind /readyz. An error is logged, and the response is 503. By default a
// server is ready until it stops.
func WithReadiness(ready func(context.Context) error) Option {
	return func(s *settings) { s.ready = ready }
}

// WithHandler serves all methods of path, which may contain echo's :parameters and *, with a handler. The
// context of its requests ends at the time limit, as in the API's operations. The path must not be below
// the base path of an API. By default there is none.
func WithHandler(path string, handler http.Handler) Option {
	return func(s *settings) { s.handlers = append(s.handlers, extraHandler{path, handler}) }
}

// WithMiddleware adds middleware around all requests, the outermost first. X-Request-Id is set before it,
// and every check comes after it. It gets failures as errors, and turns one into a response by returning
// it, or by echo.Context's Error. By default there is none.
func WithMiddleware(middleware ...echo.MiddlewareFunc) Option {
	return func(s *settings) { s.middleware = append(s.middleware, middleware...) }
}

type settings struct {
	logger        *slog.Logger
	maxBody       int64
	maxHeader     int
	headerTimeout time.Duration
	readTimeout   time.Duration
	timeLimit     time.Duration
	writeTimeout  time.Duration // 0: depends on the two above
	idleTimeout   time.Duration
	drain         time.Duration
	grace         time.Duration
	maxConns      int
	throttled     bool
	proxies       []netip.Prefix
	tls           *tls.Config
	responses     contract.ResponseCheck
	contract      []contract.Option // of the document's contract alone
	ready         func(context.Context) error
	apis          []API
	middleware    []echo.MiddlewareFunc
	handlers      []extraHandler
}

type extraHandler struct {
	path    string
	handler http.Handler
}

func defaultSettings() settings {
	return settings{
		logger:        slog.Default(),
		maxBody:       contract.DefaultMaxBody,
		maxHeader:     32 << 10,
		headerTimeout: 10 * time.Second,
		readTimeout:   20 * time.Second,
		timeLimit:     contract.DefaultTimeLimit,
		idleTimeout:   2 * time.Minute,
		drain:         time.Second,
		grace:         15 * time.Second,
		maxConns:      12_000,
		throttled:     true,
		ready:         func(context.Context) error { return nil },
	}
}

// validate checks all settings, and sets the one that depends on others.
func (s *settings) validate() error {
	if s.logger == nil || s.ready == nil {
		return errors.New("server: the logger or the readiness check is nil")
	}
	if s.writeTimeout == 0 {
		s.writeTimeout = s.readTimeout + s.timeLimit + 5*time.Second
	}
	for name, d := range map[string]time.Duration{"read timeout": s.readTimeout, "write timeout": s.writeTimeout, "idle timeout": s.idleTimeout, "grace period": s.grace} {
		if d <= 0 {
			return fmt.Errorf("server: the %s is %v, but must be positive", name, d)
		}
	}
	switch {
	case s.maxHeader <= 0:
		return fmt.Errorf("server: the maximum header length is %d, but must be positive", s.maxHeader)
	case s.maxConns <= 0:
		return fmt.Errorf("server: the maximum number of connections is %d, but must be positive", s.maxConns)
	case s.drain < 0:
		return fmt.Errorf("server: the drain time is %v, but must not be negative", s.drain)
	}
	for _, h := range s.handlers {
		if h.handler == nil || !strings.HasPrefix(h.path, "/") {
			return fmt.Errorf("server: the path %q of a handler does not begin with a slash, or its handler is nil", h.path)
		}
	}
	return nil
}

// clientAddress returns how the address of a request's client is found.
func (s *settings) clientAddress() echo.IPExtractor {
	if len(s.proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range s.proxies {
		network := &net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
		trust = append(trust, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}
