package client

import (
	"log/slog"
	"net/http"
	"time"
)

// An Option configures a [Client], in [New]. If an option is given more than once, the last
// one applies. [WithMiddleware] adds instead, and so does [WithHeader] for another name. A nil Option does nothing.
type Option interface{ forClient(*config) }

// A CallOption configures one call. A nil CallOption does nothing.
type CallOption interface{ forCall(*callConfig) }

// A CommonOption is an [Option] and a [CallOption]: in [New] it sets the default of all calls, in a
// call it applies only to that call.
type CommonOption interface {
	Option
	CallOption
}

// WithConsumerKey sends a consumer key together with its secret, one of the two ways to
// authenticate.
//
// Default: New reads the credentials from the environment, TURBOSMTP_CONSUMER_KEY together with
// TURBOSMTP_CONSUMER_SECRET, or TURBOSMTP_API_KEY alone. It returns an error if the environment
// contains parts of both, or only one part of the pair. With this option, [WithAPIKey] or [WithCredentials], New does not
// read them from the environment. Only one of the three options may be given.
func WithConsumerKey(key, secret string) Option {
	return option(func(c *config) { c.pair = &[2]string{key, secret} })
}

// WithAPIKey sends an API key, the other way to authenticate. It is the raw key: a key that begins
// with "Bearer " is an error, because the server does not accept it.
//
// Default: as for [WithConsumerKey].
func WithAPIKey(key string) Option {
	return option(func(c *config) { c.apiKey = &key })
}

// WithCredentials sets a provider that the Client asks for the credentials once per call, so that
// keys can be rotated without a new Client. The provider receives the call's context, its time limit
// included, and must be safe for concurrent use. When it returns an error, nothing is sent, and the
// call's error wraps that one.
//
// Default: as for [WithConsumerKey].
func WithCredentials(provider CredentialsProvider) Option {
	return option(func(c *config) { c.provider = &provider })
}

// WithBaseURL sets the server, as an absolute URL with the path that the document's paths are below.
// A trailing slash makes no difference. A user, a query or a fragment is an error. So is http, unless
// the host is localhost or a loopback address, or [WithInsecureHTTP] is given.
//
// Default: TURBOSMTP_BASE_URL from the environment where it is set, else the production server of
// the document.
func WithBaseURL(url string) Option {
	return option(func(c *config) { c.baseURL = &url })
}

// WithInsecureHTTP allows a base URL with http and a host that is not this machine. The credentials
// then cross the network unencrypted. It is meant for a sandbox on a private network.
//
// Default: such a base URL is an error.
func WithInsecureHTTP() Option {
	return option(func(c *config) { c.insecureHTTP = true })
}

// WithHTTPClient sends through a copy of hc: its Transport, Jar and Timeout are used, its
// CheckRedirect is not, as no redirect is followed. hc itself is not changed. The Timeout bounds each
// try, [WithTimeout] bounds all of them together. After a try that timed out, its idle connections are
// closed, as they may be dead.
//
// A Transport must call the hook GetConn of net/http/httptrace, as *http.Transport does. Otherwise the
// Client cannot prove that nothing was sent: it does not retry failures, and they wrap [ErrOutcomeUnknown]. With a Transport that copies a request's body and sends it again by itself, the
// Client cannot prevent duplicate orders.
//
// Default, also for nil: a copy of http.DefaultTransport that accepts response headers of up to 64
// KiB, keeps up to 100 idle connections and checks quiet HTTP/2 connections with pings. An
// http.DefaultTransport that is not an *http.Transport, because a test or an instrumentation has
// replaced it, is used as it is.
func WithHTTPClient(hc *http.Client) Option {
	return option(func(c *config) { c.httpClient = hc })
}

// WithMiddleware adds a middleware around every try of a call. The first middleware is the outermost.
// A middleware may change the request's headers and read the response, see the example.
//
// A middleware does not see the credentials: they are added after it, and only for the base URL's
// server. It may call the next round tripper once per try; for an order, a second call returns
// an error, because it could order twice. Retries are the Client's own, see [WithMaxRetries].
//
// Default: none.
func WithMiddleware(middleware func(next http.RoundTripper) http.RoundTripper) Option {
	return option(func(c *config) {
		if middleware != nil {
			c.middleware = append(c.middleware, middleware)
		}
	})
}

// RoundTripperFunc is a function as an [http.RoundTripper], for a middleware.
type RoundTripperFunc func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// WithLogger logs each try at level Debug, each wait before another try at Warn, and each call's
// outcome: a success at Info, a failure at Warn, an unknown outcome at Error. Lines contain method,
// path below the base URL, request id, number of the try, status, duration and error, which may quote the
// response's message and Location. They never contain a secret.
//
// Default, also for nil: nothing is logged.
func WithLogger(logger *slog.Logger) Option {
	return option(func(c *config) { c.logger = logger })
}

// WithUserAgent sets the User-Agent header. It must not be empty and must be printable ASCII.
//
// Default: "turbosmtp-go-billing/" and the version of this module.
func WithUserAgent(agent string) Option {
	return option(func(c *config) { c.userAgent = &agent })
}

// WithTimeout bounds a whole call: all its tries, the waits between them, and reading the response.
// An earlier deadline of the call's context applies. 0 means no limit, a negative value is an error.
//
// Default: 30 s.
func WithTimeout(d time.Duration) CommonOption {
	return commonOption(func(c *callConfig) { c.timeout = d })
}

// WithMaxRetries sets how often a request is sent again after the first try. 0 turns retries off,
// a negative value is an error. An order is retried only if it cannot have been carried out: the
// connection failed for a temporary reason; the HTTP/2 server reported that it did not process the
// request (RFC 9113 section 8.7); or the response is 429 or 503 with Retry-After. A safe request, such
// as a GET, is retried after every temporary failure. The wait before a retry is the Retry-After delay
// plus a back-off of 250 ms to 5 s with jitter. If a wait would end after the deadline, the call fails at
// once.
//
// Default: 3.
func WithMaxRetries(n int) CommonOption {
	return commonOption(func(c *callConfig) { c.maxRetries = n })
}

// WithRetryAfterLimit sets the longest Retry-After that the Client waits for. If a response
// asks for more, the call returns its error at once. A negative value is an error.
//
// Default: 1 minute.
func WithRetryAfterLimit(d time.Duration) CommonOption {
	return commonOption(func(c *callConfig) { c.retryAfterLimit = d })
}

// WithStatusRetries sets whether a request is sent again after 429 or 503 with Retry-After. Turned
// off, the response's error is returned at once, with its RetryAfter.
//
// Default: true.
func WithStatusRetries(on bool) CommonOption {
	return commonOption(func(c *callConfig) { c.statusRetries = on })
}

// WithHeader sets a request header. If it is given more than once for a name, the last value applies. It replaces a
// header that the Client would set, such as X-Request-Id, except those of the credentials. Host and
// Content-Length have no effect. Idempotency-Key does not change retries. A name or a
// value that is not valid is an error.
//
// Default: none.
func WithHeader(name, value string) CommonOption {
	return commonOption(func(c *callConfig) { c.header = append(c.header, [2]string{name, value}) })
}

// WithResponse stores the status, the headers and more of a call in r before the call returns, also with an
// error. Do not share r between concurrent calls.
//
// Default: none.
func WithResponse(r *Response) CallOption {
	return callOption(func(c *callConfig) { c.response = r })
}

// Response is what [WithResponse] reports of a call.
type Response struct {
	// StatusCode is the last response's HTTP status, 0 when there was no response.
	StatusCode int
	// Header is the last response's header, nil when there was no response.
	Header http.Header
	// RequestID is the X-Request-Id that the Client sent.
	RequestID string
	// Tries is how often the request was tried.
	Tries int
}

type (
	option       func(*config)
	callOption   func(*callConfig)
	commonOption func(*callConfig)
)

func (o option) forClient(c *config)         { o(c) }
func (o callOption) forCall(c *callConfig)   { o(c) }
func (o commonOption) forCall(c *callConfig) { o(c) }
func (o commonOption) forClient(c *config)   { o(&c.call) }
