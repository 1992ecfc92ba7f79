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

// Option changes a server's limits or adds to it.
type Option func(*settings)

// WithLogger sets where failures of the server are logged. The default is slog.Default. No line
// holds a credential or a body.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithMaxBody sets how many bytes a request's body may have; longer ones are answered with 413. The
// default is 1 MiB.
func WithMaxBody(bytes int64) Option {
	return func(s *settings) { s.maxBody = bytes }
}

// WithMaxHeader sets how many bytes a request's line and headers may have; longer ones are answered
// with 431. The default is 32 KiB, to which net/http adds 4 KiB of slack.
func WithMaxHeader(bytes int) Option {
	return func(s *settings) { s.maxHeader = bytes }
}

// WithReadTimeout sets how long a whole request may take to arrive; its headers may take half of
// that. The default is 20 seconds. A body that is late is answered with 408.
func WithReadTimeout(d time.Duration) Option {
	return func(s *settings) { s.readTimeout, s.headerTimeout = d, d/2 }
}

// WithWriteTimeout sets how long a request may take from the end of its headers to the end of its
// answer. The default is 5 seconds more than the read and the operation may take: 40 seconds.
func WithWriteTimeout(d time.Duration) Option {
	return func(s *settings) { s.writeTimeout = d }
}

// WithTimeLimit sets how long an operation may take from its headers to its answer; the context of
// the implementation ends then, and what fails by that is answered with 503. The default is 15
// seconds. A client that goes away does not end the context: what was begun for it is finished.
func WithTimeLimit(d time.Duration) Option {
	return func(s *settings) { s.timeLimit = d }
}

// WithIdleTimeout sets how long a connection may wait for its next request. The default is two
// minutes.
func WithIdleTimeout(d time.Duration) Option {
	return func(s *settings) { s.idleTimeout = d }
}

// WithMaxConnections sets how many connections may be open. When there are more, the one that has waited
// longest for a request, and for a second at least, is closed; where there is none, the new one is
// answered with 503 and Retry-After. The default is 12,000. The process needs as many files, which its
// limit must allow.
func WithMaxConnections(n int) Option {
	return func(s *settings) { s.maxConns = n }
}

// WithMaxBodyMemory sets how many bytes all bodies that are being read may have together, small ones aside;
// what is more is answered with 503 and Retry-After. The default is 64 MiB.
func WithMaxBodyMemory(bytes int64) Option {
	return func(s *settings) { s.contract = append(s.contract, contract.WithMaxBodyMemory(bytes)) }
}

// WithTrustedProxies sets the networks of proxies that are believed when they say in X-Forwarded-For
// where a request comes from. By default nobody is, and a request comes from its connection's address.
func WithTrustedProxies(networks ...netip.Prefix) Option {
	return func(s *settings) { s.proxies = append(s.proxies, networks...) }
}

// WithoutThrottle answers wrong credentials at once, however many come from one address. By default an
// address that sends more than a hundred is slowed to a hundred a second. Right ones are never slowed.
func WithoutThrottle() Option {
	return func(s *settings) { s.slowFailures = false }
}

// WithTLS serves HTTPS, by HTTP/1.1, with the certificates of config. A request that comes in the clear
// is answered with 400. The default is HTTP in the clear, for a proxy in front or for this machine
// alone.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) { s.tls = config }
}

// WithDrain sets for how long new requests are answered with 503 and Retry-After before the server
// stops listening; see Server.Serve. The default is one second.
func WithDrain(d time.Duration) Option {
	return func(s *settings) { s.drain = d }
}

// WithGracePeriod sets how long Serve waits for running requests when it stops. The default is 15
// seconds.
func WithGracePeriod(d time.Duration) Option {
	return func(s *settings) { s.grace = d }
}

// WithResponseCheck sets what happens to an answer of the implementation that the document does not
// allow. The default is contract.ResponsesEnforced: a 500, and a line in the log that says what was
// wrong.
func WithResponseCheck(check contract.ResponseCheck) Option {
	return func(s *settings) { s.answers = check }
}

// WithPrefer lets a request choose its answer among the document's examples by the header Prefer, as
// contract.WithPrefer says. By default the header is not looked at.
func WithPrefer() Option {
	return func(s *settings) { s.contract = append(s.contract, contract.WithPrefer()) }
}

// WithReadiness sets what /readyz asks: nil is ready, an error is logged and answered with 503. By
// default a server that serves is ready.
func WithReadiness(ready func(context.Context) error) Option {
	return func(s *settings) { s.ready = ready }
}

// WithHandler serves path, which may hold echo's :parameters and *, with a handler of the caller's,
// for all methods. Its requests' contexts end at the time limit, like the API's own. The path must not
// be below the API's base path. There is none by default.
func WithHandler(path string, handler http.Handler) Option {
	return func(s *settings) { s.routes = append(s.routes, extraRoute{path, handler}) }
}

// WithMiddleware puts middleware around all requests, in the order given: behind the one that names
// them (X-Request-Id) and before every check. A failure comes to it as an error, which becomes an
// answer when it is returned or given to echo.Context's Error. There is none by default.
func WithMiddleware(middleware ...echo.MiddlewareFunc) Option {
	return func(s *settings) { s.middleware = append(s.middleware, middleware...) }
}

// WithRefusals sets what is told of requests that no middleware sees, since net/http refuses them: what
// is no HTTP, or too long. It gets the status, the reason in a sentence and the body of the answer. It
// can be given several times. By default nobody is told.
func WithRefusals(refused func(status int, sentence string, body []byte)) Option {
	return func(s *settings) { s.refused = append(s.refused, refused) }
}

type settings struct {
	logger        *slog.Logger
	maxBody       int64
	maxHeader     int
	headerTimeout time.Duration
	readTimeout   time.Duration
	timeLimit     time.Duration
	writeTimeout  time.Duration
	idleTimeout   time.Duration
	drain         time.Duration
	grace         time.Duration
	maxConns      int
	slowFailures  bool
	proxies       []netip.Prefix
	tls           *tls.Config
	answers       contract.ResponseCheck
	contract      []contract.Option // more than those that New gives in any case
	ready         func(context.Context) error
	apis          []API
	middleware    []echo.MiddlewareFunc
	refused       []func(status int, sentence string, body []byte)
	routes        []extraRoute
}

type extraRoute struct {
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
		slowFailures:  true,
		ready:         func(context.Context) error { return nil },
	}
}

// complete sets what depends on other settings.
func (s *settings) complete() {
	if s.writeTimeout == 0 {
		s.writeTimeout = s.readTimeout + s.timeLimit + 5*time.Second
	}
}

func (s settings) validate() error {
	if s.logger == nil || s.ready == nil {
		return errors.New("server: an option is nil")
	}
	if s.maxHeader <= 0 {
		return fmt.Errorf("server: headers of at most %d bytes hold nothing", s.maxHeader)
	}
	for name, d := range map[string]time.Duration{"read": s.readTimeout, "write": s.writeTimeout, "idle": s.idleTimeout, "grace": s.grace} {
		if d <= 0 {
			return fmt.Errorf("server: the %s time limit %v is not positive", name, d)
		}
	}
	if s.drain < 0 || s.maxConns <= 0 {
		return fmt.Errorf("server: a drain of %v, or %d connections, make no sense", s.drain, s.maxConns)
	}
	for _, r := range s.routes {
		if r.handler == nil || !strings.HasPrefix(r.path, "/") {
			return fmt.Errorf("server: the path %q does not begin with a slash, or has no handler", r.path)
		}
	}
	return nil
}

// addresses tells where a request comes from.
func (s settings) addresses() echo.IPExtractor {
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
