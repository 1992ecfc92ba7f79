package client

import (
	"bytes"
	"context"
	"crypto/tls"
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
		t.http = &http.Client{Transport: cfg.roundTripper}
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
	m, err := t.message(req.Clone(req.Context()))
	if err != nil {
		closeBody(req.Body)
		return nil, err
	}
	return t.send(req.Context(), m, content{req.Body, req.GetBody, req.ContentLength})
}

// message is a request that is complete but for its content and its context. It is not changed any
// more, so that it can be sent again and again.
type message struct {
	*http.Request
	path     string // below the base URL
	promised []model.Answer
}

// message completes a request, which becomes the message's own.
func (t *transport) message(req *http.Request) (*message, error) {
	path, err := t.base.below(req)
	if err != nil {
		return nil, err
	}
	t.credentials.apply(req.Header)
	setDefault(req.Header, "User-Agent", t.userAgent)
	setDefault(req.Header, "Accept", jsonType)
	return &message{req, path, t.answers.find(req.Method, path)}, nil
}

// sendJSON sends a message with value as its content.
func (t *transport) sendJSON(ctx context.Context, m *message, value any) (*http.Response, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", m.Method, m.path, err)
	}
	// net/http knows bytes.Reader, and sends it together with the headers.
	again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	first, _ := again()
	return t.send(ctx, m, content{first, again, int64(len(data))})
}

// content is a request's body, as net/http has it: again, where it is not nil, gets it once more.
type content struct {
	body   io.ReadCloser
	again  func() (io.ReadCloser, error)
	length int64
}

func (c content) rewindable() bool { return c.body == nil || c.body == http.NoBody || c.again != nil }

// send sends a message, and again where that is allowed.
func (t *transport) send(ctx context.Context, m *message, c content) (*http.Response, error) {
	if t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	for n := 0; ; n++ {
		if n > 0 && c.again != nil {
			var err error
			if c.body, err = c.again(); err != nil {
				return nil, fmt.Errorf("client: %s %s: rewind the body: %w", m.Method, m.path, err)
			}
		}
		result := t.try(ctx, m, c)
		if !result.again || !c.rewindable() || n >= t.maxRetries {
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

func (t *transport) try(ctx context.Context, m *message, c content) result {
	if ctx.Err() != nil { // Not every round tripper looks before it sends.
		closeBody(c.body)
		return result{err: t.unanswered(m, false, canceled(ctx, context.Cause(ctx)))}
	}
	var sent connections
	out := m.WithContext(httptrace.WithClientTrace(ctx, sent.trace()))
	out.Body, out.GetBody, out.ContentLength = c.body, c.again, c.length

	resp, err := t.exchange(out) //nolint:bodyclose // answered closes it
	if err != nil {
		never := sent.never(t.traced)
		return result{err: t.unanswered(m, !never, canceled(ctx, err)), again: never && ctx.Err() == nil}
	}
	return t.answered(ctx, resp, m)
}

// exchange sends a request once. To the transport's own round tripper an http.Client would add little: no
// redirect is followed, and there are no cookies. Another's gets a request that it may change.
func (t *transport) exchange(out *http.Request) (*http.Response, error) {
	if !t.traced {
		return t.http.Do(out.Clone(out.Context())) //nolint:gosec // message has checked where it goes
	}
	resp, err := t.http.Transport.RoundTrip(out)
	if record := (tls.RecordHeaderError{}); errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
		err = http.ErrSchemeMismatch // as an http.Client says it
	}
	return resp, err
}

// unanswered is the error for a request that got no answer.
func (t *transport) unanswered(m *message, unknown bool, cause error) error {
	why := "nothing was sent"
	if unknown {
		why = ErrOutcomeUnknown.Error()
	}
	text := fmt.Sprintf("client: %s %s: %s: %s", m.Method, m.path, why, oneLine(t.credentials.hide(cause.Error())))
	return &sendError{text: text, unknown: unknown, cause: cause}
}

// answered turns an answer into a result.
//
// A 3xx or 4xx says that the order was refused, whatever else the answer holds, and so does a 429 or
// 503 that says when to come back. Any other failure may come from in front of a server that took
// the order, and a success that is not the documented one has probably taken it.
func (t *transport) answered(ctx context.Context, resp *http.Response, m *message) result {
	body, err := readBody(resp)
	status := resp.StatusCode
	success := status >= 200 && status < 300
	if success && err == nil {
		if err = checkSuccess(m.promised, resp, body); err == nil {
			return result{resp: readable(resp, body)} //nolint:bodyclose // readBody closed it
		}
	}
	e := t.describe(resp, body)
	e.Method, e.Path = m.Method, m.path
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
	if isJSON(resp) && resp.Header.Get("Content-Type") != jsonType {
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
