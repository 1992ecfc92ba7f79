// Package client buys email-validation credits from TurboSMTP. It puts behaviour around the
// generated client of gen/httpclient, in one place below the generated methods: credentials,
// time-outs, retries that cannot buy twice, and one error type for everything that is not the
// documented success.
package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
)

// Client buys email-validation credits for the account that its credentials belong to. It is safe
// for concurrent use. Make one and keep it: each has its own pool of connections.
//
// No form of printing a Client, logging it or encoding it as JSON shows its credentials.
type Client struct {
	raw       *httpclient.ClientWithResponses
	transport *transport
	buy       func() *message // that it holds credentials, no printing shows: see credentials
}

// New returns a Client. Without options it talks to the production server and takes its credentials
// from the environment; see [WithConsumerKey] for how.
//
// It returns an error, which never holds a secret, when there are no credentials, when they are half
// a pair, both alternatives at once or nothing that a header can carry, when the base URL is no
// absolute http or https URL or would have the credentials cross a network unencrypted, and when
// another option is out of its range. Nothing is sent.
func New(opts ...Option) (*Client, error) {
	cfg := config{
		baseURL:      httpclient.ServerURLProduction,
		userAgent:    defaultUserAgent,
		maxRetries:   defaultMaxRetries,
		timeout:      defaultTimeout,
		getenv:       os.Getenv,
		clock:        systemClock(),
		answers:      model.Answers(),
		roundTripper: defaultRoundTripper(),
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	t, err := newTransport(cfg)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	raw, err := httpclient.NewClientWithResponses(t.base.String(), httpclient.WithHTTPClient(t))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	c := &Client{raw: raw, transport: t}
	if c.buy, err = c.prepare(httpclient.NewBuyEmailValidatorCreditsRequest(t.base.String()+"/", model.BuyEmailValidatorCreditsRequest{})); err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return c, nil
}

// prepare completes a request of the generated client once for all calls.
func (c *Client) prepare(req *http.Request, err error) (func() *message, error) {
	if err != nil {
		return nil, err
	}
	m, err := c.transport.message(req)
	return func() *message { return m }, err
}

// BuyEmailValidatorCredits orders email-validation credits for amount, in whole units of the
// account's currency. Nothing is charged by it: the URL of what it returns is the link to the page
// where the payment is completed.
//
// Which amounts are allowed, the server decides; it tells by the error's code. The error is
//
//   - an [*Error] for every answer but the documented success. [HasCode] compares its code;
//   - one with [ErrOutcomeUnknown] in its chain, an [*Error] or not, when the order may have been
//     taken all the same. Look in the account before ordering again;
//   - any other when nothing was sent: no connection was made, or ctx was done before.
func (c *Client) BuyEmailValidatorCredits(ctx context.Context, amount int) (*model.BuyEmailValidatorCreditsSuccessResponse, error) {
	resp, err := c.transport.sendJSON(ctx, c.buy(), model.BuyEmailValidatorCreditsRequest{Amount: amount}) //nolint:bodyclose // the parser closes it
	if err != nil {
		return nil, err
	}
	answer, err := httpclient.ParseBuyEmailValidatorCreditsResponse(resp)
	if err != nil {
		return nil, c.unreadable(resp, err)
	}
	if answer.JSON200 == nil {
		return nil, c.unreadable(resp, errors.New("a success that this method does not know"))
	}
	return answer.JSON200, nil
}

// Raw returns the generated client, for what this package has no method of its own for. All that the
// options and the package say holds for it too, because it is done below it: a method of it returns
// an [*Error] for every answer but a documented success, so that the fields for the other answers
// stay nil. A request is refused that a RequestEditorFn points at another server.
func (c *Client) Raw() *httpclient.ClientWithResponses {
	return c.raw
}

// String returns the type and the base URL.
func (c *Client) String() string {
	return "client.Client(" + c.transport.base.String() + ")"
}

// GoString returns what String returns, so that %#v shows no more.
func (c *Client) GoString() string {
	return c.String()
}

// LogValue returns what String returns, for log/slog.
func (c *Client) LogValue() slog.Value {
	return slog.StringValue(c.String())
}

// unreadable is the error for a success that the transport lets through and that a method cannot use.
func (c *Client) unreadable(resp *http.Response, cause error) *Error {
	path, _ := c.transport.base.below(resp.Request) // It was sent, so it is.
	return &Error{
		StatusCode: resp.StatusCode,
		RequestID:  oneLine(resp.Header.Get(requestIDHeader)),
		Method:     resp.Request.Method,
		Path:       path,
		unknown:    true,
		cause:      cause,
		why:        cause.Error(),
	}
}

const (
	defaultUserAgent  = "turbosmtp-go-billing"
	defaultMaxRetries = 3
	defaultTimeout    = 30 * time.Second
)

// defaultRoundTripper is a copy of the standard library's default, with a bound on the answer's
// header that fits an API. It keeps a hundred idle connections to its one server, as orders that are
// made side by side would connect anew again and again with the default's two.
func defaultRoundTripper() http.RoundTripper {
	rt, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // Someone replaced it. Theirs may be instrumented or faked; it is not ours to take.
		rt = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	rt = rt.Clone()
	rt.MaxResponseHeaderBytes = 64 << 10
	rt.MaxIdleConnsPerHost = max(rt.MaxIdleConnsPerHost, 100)
	return rt
}
