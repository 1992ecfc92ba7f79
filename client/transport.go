package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
)

var _ httpclient.HttpRequestDoer = (*transport)(nil)

// transport is what all generated methods send through, and the one place that knows how: it puts
// the credentials on, bounds the time, tries again where that cannot buy twice, and turns every
// answer but a documented success into an error.
type transport struct {
	base        baseURL
	credentials credentials
	userAgent   string
	maxRetries  int
	timeout     time.Duration
	http        *http.Client
	// traced says that the round tripper reports all its connections to net/http/httptrace, so that
	// silence means that nothing was sent.
	traced  bool
	answers answers
	clock   clock
}

func newTransport(cfg config) (*transport, error) {
	base, err := parseBaseURL(cfg.baseURL, cfg.insecureHTTP)
	if err != nil {
		return nil, err
	}
	creds, err := newCredentials(cfg)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.userAgent == "" || !printableASCII(cfg.userAgent):
		return nil, errors.New("the user agent is empty or not printable ASCII")
	case cfg.maxRetries < 0:
		return nil, errors.New("the number of retries is negative")
	case cfg.timeout < 0:
		return nil, errors.New("the timeout is negative")
	}
	t := &transport{
		base:        base,
		credentials: creds,
		userAgent:   cfg.userAgent,
		maxRetries:  cfg.maxRetries,
		timeout:     cfg.timeout,
		answers:     cfg.answers,
		clock:       cfg.clock,
	}
	if cfg.httpClient != nil {
		hc := *cfg.httpClient
		t.http = &hc
	} else {
		t.http = &http.Client{Transport: defaultRoundTripper()}
		t.traced = true
	}
	// A redirect could send the order a second time, and the credentials to someone else.
	t.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return t, nil
}

// Do sends the request and returns the documented success, its body read whole. Everything else is
// an error: see [Client.BuyEmailValidatorCredits] for which. A request whose body cannot be had again
// by GetBody is sent once.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	path, err := t.base.below(req)
	if err != nil {
		closeBody(req.Body)
		return nil, err
	}
	ctx := req.Context()
	if t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	for n := 0; ; n++ {
		body := req.Body
		if n > 0 && req.GetBody != nil {
			if body, err = req.GetBody(); err != nil {
				return nil, fmt.Errorf("client: %s %s: rewind the body: %w", req.Method, path, err)
			}
		}
		result := t.try(ctx, req, body, path)
		rewindable := body == nil || body == http.NoBody || req.GetBody != nil
		if !result.again || !rewindable || n >= t.maxRetries {
			return result.resp, result.err
		}
		wait := result.wait + backoff(n)
		if deadline, ok := ctx.Deadline(); ok && t.clock.now().Add(wait).After(deadline) {
			return nil, result.err
		}
		if err := t.clock.wait(ctx, wait); err != nil {
			return nil, fmt.Errorf("%w; gave up waiting to try again: %w", result.err, err)
		}
	}
}

// result is what came of one try: a success or an error.
type result struct {
	resp *http.Response
	err  error
	// again says that nothing was bought and that another try may succeed, after the wait.
	again bool
	wait  time.Duration
}

func (t *transport) try(ctx context.Context, req *http.Request, body io.ReadCloser, path string) result {
	if ctx.Err() != nil { // Not every round tripper looks before it sends.
		closeBody(body)
		return result{err: t.unanswered(req.Method, path, false, canceled(ctx, context.Cause(ctx)))}
	}
	var sent connections
	out := req.Clone(httptrace.WithClientTrace(ctx, sent.trace()))
	out.Body = body
	t.credentials.apply(out.Header)
	setDefault(out.Header, "User-Agent", t.userAgent)
	setDefault(out.Header, "Accept", jsonType)

	resp, err := t.http.Do(out) //nolint:bodyclose,gosec // answered closes it; Do has checked where it goes
	if err != nil {
		never := sent.never(t.traced)
		return result{err: t.unanswered(out.Method, path, !never, canceled(ctx, err)), again: never && ctx.Err() == nil}
	}
	return t.answered(ctx, resp, out.Method, path)
}

// unanswered is the error for a request that got no answer.
func (t *transport) unanswered(method, path string, unknown bool, cause error) error {
	why := "nothing was sent"
	if unknown {
		why = ErrOutcomeUnknown.Error()
	}
	text := fmt.Sprintf("client: %s %s: %s: %s", method, path, why, oneLine(t.credentials.hide(cause.Error())))
	return &sendError{text: text, unknown: unknown, cause: cause}
}

// answered turns an answer into a result.
//
// A 3xx or 4xx says that the order was refused, whatever else the answer holds, and so does a 429 or
// 503 that says when to come back. Any other failure may come from in front of a server that took
// the order, and a success that is not the documented one has probably taken it.
func (t *transport) answered(ctx context.Context, resp *http.Response, method, path string) result {
	body, err := readBody(resp)
	status := resp.StatusCode
	success := status >= 200 && status < 300
	if success && err == nil {
		if err = t.answers.check(method, path, resp, body); err == nil {
			return result{resp: readable(resp, body)} //nolint:bodyclose // readBody closed it
		}
	}
	e := t.describe(resp, body)
	e.Method, e.Path = method, path
	if err != nil {
		err = canceled(ctx, err)
		e.cause, e.why = err, t.credentials.hide(err.Error())
	}
	asksToWait := false
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		e.RetryAfter, asksToWait = retryAfter(resp.Header, t.clock.now())
	}
	e.unknown = !asksToWait && (status < 300 || status >= 500)
	if success {
		e.Code, e.Message = "", "" // What a success says is no reason for failing.
	}
	return result{err: e, again: asksToWait, wait: e.RetryAfter}
}

// describe makes an Error of what the answer says of itself.
func (t *transport) describe(resp *http.Response, body []byte) *Error {
	hidden := []byte(t.credentials.hide(string(body)))
	e := &Error{
		StatusCode: resp.StatusCode,
		RequestID:  oneLine(t.credentials.hide(resp.Header.Get(requestIDHeader))),
		Body:       bytes.Clone(hidden[:min(len(hidden), maxKept)]),
	}
	var said model.UnexpectedError
	if json.Unmarshal(hidden, &said) != nil {
		return e
	}
	// A second time, for what JSON had escaped.
	switch message := t.credentials.hide(said.Message); {
	case isCode(message):
		e.Code = message
	default:
		e.Message = oneLine(message)
	}
	return e
}

const requestIDHeader = "X-Request-Id"

// isCode reports whether a message looks like an error code, rather than a sentence.
func isCode(message string) bool {
	for _, r := range message {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return message != "" && len(message) <= 128
}

// readable gives the body that was read back to the response. The generated code looks for its
// media type to the letter, so it gets it in the form that it looks for.
func readable(resp *http.Response, body []byte) *http.Response {
	if isJSON(resp) {
		resp.Header.Set("Content-Type", jsonType)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp
}

// closeBody closes the body of a request that is not sent: a Doer does that either way.
func closeBody(body io.ReadCloser) {
	if body != nil {
		_ = body.Close()
	}
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}
