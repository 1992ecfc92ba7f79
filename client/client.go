// Package client buys email-validation credits from TurboSMTP.
//
// Its operations, their types and the error codes are generated from the document api/openapi.yaml.
// Retries never place an order twice. Apart from this module, the package uses only the standard library.
//
// # Errors
//
// The error of a call is
//
//   - an [*Error] for each response that is not the documented success. [HasCode] compares its code;
//   - a [*NoResponseError] when there was no response;
//   - another error if the call did not start, because an option is not valid or the Client was not
//     created by New.
//
// The first two wrap [ErrOutcomeUnknown] if the order may have been carried out. Check the account before
// you order again. An error that does not wrap it means that nothing was ordered. A safe request, such as a GET,
// changes nothing, so its outcome is never unknown.
//
// # Compatibility
//
// The package supports the two newest Go releases. Before version 1, a minor version may change the
// API, and the changelog describes how to migrate; a patch version does not. Fields, options and error
// codes may be added at any time. The texts of errors and log lines are for people and may change.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/turbosmtp-go/billing/gen/httpclient"
)

// Client calls the API for the account that its credentials belong to. It is safe for concurrent
// use. Make one with [New] and keep it, as each has its own pool of connections. The zero Client
// returns an error from every call.
//
// Printing a Client, logging it or encoding it as JSON does not show its credentials.
type Client struct {
	raw    *httpclient.ClientWithResponses
	sender *sender
}

// New returns a Client. Without options it uses the production server and reads its credentials from
// the environment, see [WithConsumerKey].
//
// It returns an error, which never contains a secret, if the credentials are missing, incomplete, of
// both kinds or not valid in a header; if the base URL is not an absolute http or https URL, or would
// send the credentials unencrypted over a network; and if another option is out of its range. The error
// names the option or the environment variable. New sends nothing.
func New(opts ...Option) (*Client, error) {
	s, err := newSender(newConfig(opts))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	raw, err := httpclient.NewClientWithResponses(s.base.String(), httpclient.WithHTTPClient(s))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &Client{raw: raw, sender: s}, nil
}

var errZero = errors.New("client: the Client was not created by New")

// Raw returns the generated client, for requests that this package has no method for. All options
// apply to it. Its methods return an error for each response that is not a documented success, so that the
// fields for the other responses stay nil, and for a request that a RequestEditorFn directs to another server.
func (c *Client) Raw() *httpclient.ClientWithResponses {
	if c == nil || c.raw == nil {
		return &httpclient.ClientWithResponses{ClientInterface: &httpclient.Client{Client: zeroDoer{}}}
	}
	return c.raw
}

type zeroDoer struct{}

func (zeroDoer) Do(req *http.Request) (*http.Response, error) {
	closeBody(req.Body)
	return nil, errZero
}

// Close closes the idle connections of the Client's own transport. Running calls continue, later calls
// return an error. It does not change an http.Client of [WithHTTPClient]. Close always
// returns nil.
func (c *Client) Close() error {
	if c != nil && c.sender != nil {
		c.sender.close()
	}
	return nil
}

// String returns the type and the base URL.
func (c *Client) String() string {
	if c == nil || c.sender == nil {
		return "client.Client()"
	}
	return "client.Client(" + c.sender.base.String() + ")"
}

// GoString returns what String returns, so that %#v does not print credentials.
func (c *Client) GoString() string {
	return c.String()
}

// LogValue returns what String returns, for log/slog.
func (c *Client) LogValue() slog.Value {
	return slog.StringValue(c.String())
}

// A build returns the request of an operation.
type build func(*sender) (*http.Request, error)

// do sends the request that build returns, and gives a documented success to decode, with its body. An
// error of decode becomes the call's.
func (c *Client) do(ctx context.Context, opts []CallOption, build build, decode decode) error {
	if c == nil || c.sender == nil {
		return errZero
	}
	cfg, err := c.sender.call.with(opts)
	if cfg.response != nil {
		*cfg.response = Response{}
	}
	if err != nil {
		return fmt.Errorf("client: nothing was sent: %w", err)
	}
	req, err := build(c.sender)
	if err != nil {
		return fmt.Errorf("client: nothing was sent: %w", err)
	}
	return c.sender.send(ctx, req, cfg, decode)
}

// one runs a generated method whose operation has JSON of one type in each success.
func one[T any](ctx context.Context, c *Client, opts []CallOption, build build) (*T, error) {
	value := new(T)
	err := c.do(ctx, opts, build, func(_ *http.Response, body []byte) error { return json.Unmarshal(body, value) })
	if err != nil {
		return nil, err
	}
	return value, nil
}

// none runs a generated method whose operation has no content in any success.
func none(ctx context.Context, c *Client, opts []CallOption, build build) error {
	return c.do(ctx, opts, build, func(*http.Response, []byte) error { return nil })
}

// several runs a generated method whose operation has successes of different types, with the generated parser.
func several[T any](ctx context.Context, c *Client, opts []CallOption, build build, parse func(*http.Response) (*T, error)) (value *T, err error) {
	err = c.do(ctx, opts, build, func(resp *http.Response, body []byte) (err error) {
		value, err = parse(readable(resp, body)) //nolint:bodyclose // it is in memory
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// jsonRequest builds the request of an operation without parameters, whose URL is always the same.
func jsonRequest(method, path, mediaType string, content any) build {
	return func(s *sender) (*http.Request, error) {
		data, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		body, _ := again()
		header := make(http.Header, 8) // for the Client's own
		header["Content-Type"] = []string{mediaType}
		return &http.Request{
			Method: method, URL: s.base.join(path), Host: s.base.Host, Header: header,
			Body: body, GetBody: again, ContentLength: int64(len(data)),
		}, nil
	}
}

// below is a build that checks that no path parameter makes the request one for another operation.
func below(path string, next build) build {
	return func(s *sender) (*http.Request, error) {
		req, err := next(s)
		if err != nil {
			return nil, err
		}
		if got, err := s.base.below(req); err != nil || !matches(path, got) {
			return nil, fmt.Errorf("a path parameter of %s is empty, \".\" or \"..\"", path)
		}
		return req, nil
	}
}
