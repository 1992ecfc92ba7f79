package client

import (
	"net/http"
	"time"

	"github.com/turbosmtp-go/billing/gen/model"
)

// Option changes how [New] makes a Client. Of an option that is given twice, the last one counts. A
// nil Option does nothing.
type Option func(*config)

// WithConsumerKey sends a consumer key together with its secret, the one alternative of the
// document's credentials.
//
// Default: New takes the credentials from the environment, TURBOSMTP_CONSUMER_KEY together with
// TURBOSMTP_CONSUMER_SECRET, or TURBOSMTP_API_KEY alone. It refuses an environment that holds parts
// of both alternatives, or half a pair. Where this option or [WithAPIKey] is given, the environment
// is not looked at. Giving both options is refused.
func WithConsumerKey(key, secret string) Option {
	return func(c *config) { c.pair = &[2]string{key, secret} }
}

// WithAPIKey sends an API key, the other alternative of the document's credentials. It is the raw
// key: a key that begins with "Bearer " is refused, because the server does not know it.
//
// Default: as for [WithConsumerKey].
func WithAPIKey(key string) Option {
	return func(c *config) { c.apiKey = &key }
}

// WithBaseURL sets the server, as an absolute URL with the path that the document's paths are below.
// A trailing slash makes no difference; a user, a query or a fragment is refused. So is http, unless
// the host is localhost or a loopback address, or [WithInsecureHTTP] is given.
//
// Default: the production server of the document, httpclient.ServerURLProduction.
func WithBaseURL(url string) Option {
	return func(c *config) { c.baseURL = url }
}

// WithInsecureHTTP lets the credentials cross a network unencrypted, to a base URL with http and a
// host that is not this machine. Meant for a sandbox on a network of one's own.
//
// Default: New refuses such a base URL.
func WithInsecureHTTP() Option {
	return func(c *config) { c.insecureHTTP = true }
}

// WithHTTPClient sends through a copy of hc: its Transport, Jar and Timeout are used, its
// CheckRedirect is not, as no redirect is ever followed. hc itself is left as it is. The Timeout
// bounds each try, what [WithTimeout] sets bounds all of them together.
//
// A Transport that does not report to net/http/httptrace when it asks for a connection, as
// *http.Transport does, cannot show that nothing was sent. A failure of such a one is never retried
// and counts as [ErrOutcomeUnknown]. A Transport that sends a request again by itself takes from the
// Client the promise that it does not buy twice.
//
// Default, also for nil: a new client on a copy of http.DefaultTransport, which takes the proxy from
// the environment and at most 64 KiB of header.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) { c.httpClient = hc }
}

// WithUserAgent sets the User-Agent header. It must not be empty and must be printable ASCII.
//
// Default: "turbosmtp-go-billing".
func WithUserAgent(agent string) Option {
	return func(c *config) { c.userAgent = agent }
}

// WithMaxRetries sets how often a request is sent again after the first try; 0 turns it off, less is
// refused. Only what cannot buy twice is retried: a connection that was never made, and the statuses
// 429 and 503 where the answer carries Retry-After. The waits are what the answer asks for, and a
// back-off with jitter from 250 ms up to 5 s on top; one that would end after the deadline is not
// begun.
//
// Default: 3.
func WithMaxRetries(n int) Option {
	return func(c *config) { c.maxRetries = n }
}

// WithTimeout bounds a whole call: all its tries, the waits between them, and reading the answer. An
// earlier deadline of the call's context counts first. 0 sets no bound, less is refused.
//
// Default: 30 s.
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.timeout = d }
}

// config is what the options write to. It holds secrets in the clear and so does not outlive New.
type config struct {
	pair         *[2]string
	apiKey       *string
	baseURL      string
	insecureHTTP bool
	httpClient   *http.Client
	userAgent    string
	maxRetries   int
	timeout      time.Duration

	getenv  func(string) string
	clock   clock
	answers []model.Answer
	// roundTripper is used where there is no httpClient.
	roundTripper http.RoundTripper
}
