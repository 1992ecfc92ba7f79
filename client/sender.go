package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/turbosmtp-go/billing/gen/httpclient"
)

var _ httpclient.HttpRequestDoer = (*sender)(nil)

// sender sends all operations, and contains what their calls share.
type sender struct {
	base       baseURL
	server     string // base as a text that ends with a slash
	address    string // of base, as net/http asks for it
	provider   CredentialsProvider
	userAgent  []string
	call       callConfig
	operations []operation
	logger     *slog.Logger // or nil
	clock      clock

	chain     http.RoundTripper // the middleware, and the wire at its end
	exposed   bool              // whether code of the caller's sees the requests
	caller    *http.Client      // from WithHTTPClient, or nil
	stale     atomic.Bool       // whether the caller's idle connections may be dead
	transport *transport        // used where caller is nil
	closed    atomic.Bool
}

func newSender(cfg config) (*sender, error) {
	base, err := cfg.server()
	if err != nil {
		return nil, err
	}
	provider, err := newProvider(cfg)
	if err != nil {
		return nil, err
	}
	agent, err := cfg.agent()
	if err != nil {
		return nil, err
	}
	if err := cfg.call.check(); err != nil {
		return nil, err
	}
	s := &sender{
		base:       base,
		server:     base.String() + "/",
		address:    base.address(),
		provider:   provider,
		userAgent:  []string{agent},
		call:       cfg.call,
		operations: cfg.operations,
		logger:     cfg.logger,
		clock:      cfg.clock,
		exposed:    len(cfg.middleware) > 0 || cfg.httpClient != nil,
		transport:  newTransport(cfg.tune),
	}
	if cfg.httpClient != nil {
		hc := *cfg.httpClient
		// A redirect could send the order a second time, and the credentials to another server.
		hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		s.caller = &hc
	}
	s.chain = &wire{s}
	for _, middleware := range slices.Backward(cfg.middleware) {
		if s.chain = middleware(s.chain); s.chain == nil {
			return nil, errors.New("WithMiddleware: a middleware returned no round tripper")
		}
	}
	return s, nil
}

// Do sends a request of the generated client. It returns the documented success, its body in memory,
// or an error. A request whose body GetBody cannot return again is tried once.
func (s *sender) Do(req *http.Request) (resp *http.Response, err error) {
	if err := sendable(req); err != nil {
		closeBody(req.Body)
		return nil, fmt.Errorf("client: nothing was sent: %w", err)
	}
	sent := req.Clone(req.Context())
	if sent.Header == nil {
		sent.Header = http.Header{}
	}
	dropCredentials(sent.Header) // A RequestEditorFn may have set some.
	err = s.send(req.Context(), sent, s.call, func(received *http.Response, body []byte) error {
		resp = readable(received, body) //nolint:bodyclose // the generated code closes it
		resp.Request = req              // sent has the credentials.
		return nil
	})
	return resp, err
}

// decode takes a documented success and its body.
type decode func(resp *http.Response, body []byte) error

// send makes req a call and runs it. It may change req.
func (s *sender) send(ctx context.Context, req *http.Request, cfg callConfig, decode decode) error {
	c := &call{sender: s, callConfig: cfg, ctx: ctx, request: req, start: s.clock.now()}
	if cfg.timeout > 0 {
		var cancel context.CancelFunc
		c.ctx, cancel = context.WithTimeout(ctx, cfg.timeout)
		defer cancel()
	}
	resp, err := c.run() //nolint:contextcheck,bodyclose // it has the context, and has closed the body
	if err == nil {
		if cause := decode(resp, c.body); cause != nil {
			err = c.unusable(resp, cause)
		}
	}
	c.report(err)
	return err
}

func (s *sender) close() {
	s.closed.Store(true)
	s.transport.closeIdle()
}
