package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// call is one call of an operation: one request and its tries.
type call struct {
	*sender
	callConfig
	ctx         context.Context
	request     *http.Request // without the credentials
	start       time.Time
	path        string // below the base URL
	requestID   string
	safe        bool // it changes nothing on the server (RFC 9110 section 9.2.1)
	promised    []success
	credentials Credentials

	tries int
	sent  bool           // whether the server may have received a try
	last  *http.Response // of the last try that had one
	body  []byte         // of a success
	// limited bounds the body that is read. As a part of call it costs no allocation.
	limited io.LimitedReader
}

// outcome is the result of one try: a success or an error.
type outcome struct {
	resp *http.Response
	err  error
	// again: nothing was ordered, and another try after the wait may succeed.
	again bool
	wait  time.Duration
}

func (c *call) run() (*http.Response, error) {
	body := c.request.Body
	if err := c.prepare(); err != nil {
		closeBody(body)
		return nil, c.noResponse(false, err)
	}
	for {
		c.tries++
		out := c.try(body)
		if !out.again || !c.rewindable() || c.tries > c.maxRetries {
			return out.resp, out.err
		}
		var err error
		if body, err = c.wait(out); err != nil {
			return nil, fmt.Errorf("%w; not tried again: %w", out.err, err)
		}
	}
}

// wait waits before the next try and returns the body for it. Its error is the reason not to try again.
func (c *call) wait(out outcome) (body io.ReadCloser, err error) {
	if out.wait > c.retryAfterLimit {
		return nil, fmt.Errorf("its Retry-After of %v is over the limit of %v", out.wait, c.retryAfterLimit)
	}
	wait := out.wait + backoff(c.tries-1)
	if deadline, ok := c.ctx.Deadline(); ok && c.clock.now().Add(wait).After(deadline) {
		return nil, fmt.Errorf("a wait of %v would end after the time limit", wait.Round(time.Millisecond))
	}
	c.log(slog.LevelWarn, "retry after a wait", slog.Int("try", c.tries), slog.Duration("wait", wait), slog.String("error", out.err.Error()))
	err = c.clock.wait(c.ctx, wait)
	if c.ctx.Err() != nil { // Not every round tripper checks it before it sends.
		err = canceled(c.ctx, context.Cause(c.ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("the wait was ended: %w", err)
	}
	if c.request.GetBody != nil {
		if body, err = c.request.GetBody(); err != nil {
			return nil, fmt.Errorf("rewind the body: %w", err)
		}
	}
	return body, nil
}

// rewindable reports whether the request's body can be sent again.
func (c *call) rewindable() bool {
	return c.request.GetBody != nil || c.request.Body == nil || c.request.Body == http.NoBody
}

// prepare completes the request except for its credentials. Its error is the reason not to send it.
func (c *call) prepare() error {
	var err error
	if c.path, err = c.base.below(c.request); err != nil {
		return err
	}
	h := c.request.Header
	for _, field := range c.header {
		h.Set(field[0], field[1])
	}
	if len(h["User-Agent"]) == 0 {
		h["User-Agent"] = c.userAgent
	}
	if !c.exposed && len(h["Accept-Encoding"]) == 0 {
		h["Accept-Encoding"] = acceptGzip // net/http would copy the header to add it.
	}
	if c.requestID = h.Get(requestIDHeader); c.requestID == "" {
		c.requestID = newRequestID()
		h[requestIDHeader] = []string{c.requestID}
	}
	c.safe = safe(c.request.Method)
	c.promised = find(c.operations, c.request.Method, c.path)
	if len(h["Accept"]) == 0 && !slices.ContainsFunc(c.promised, func(s success) bool { return !s.json }) {
		h["Accept"] = acceptJSON
	}
	if c.closed.Load() {
		return errors.New("the Client is closed")
	}
	if c.ctx.Err() != nil {
		return canceled(c.ctx, context.Cause(c.ctx))
	}
	if c.credentials, err = c.provider(c.ctx); err != nil {
		return canceled(c.ctx, fmt.Errorf("the credentials provider: %w", err))
	}
	if c.ctx.Err() != nil {
		return canceled(c.ctx, context.Cause(c.ctx))
	}
	if c.credentials.apply == nil {
		return errors.New("the credentials provider returned no credentials")
	}
	if !c.exposed {
		c.credentials.apply(h) // Later, tries may read it concurrently.
	}
	return c.credentials.invalid
}

// report writes what WithResponse asks for, and the log's line about the call.
func (c *call) report(err error) {
	status := 0
	if c.last != nil {
		status = c.last.StatusCode
	}
	if c.response != nil {
		*c.response = Response{StatusCode: status, RequestID: c.requestID, Tries: c.tries}
		if c.last != nil {
			c.response.Header = c.credentials.hideIn(c.last.Header)
		}
	}
	if c.logger == nil {
		return
	}
	level, text := slog.LevelInfo, "call succeeded"
	switch {
	case errors.Is(err, ErrOutcomeUnknown):
		level, text = slog.LevelError, "outcome of the call is unknown"
	case err != nil:
		level, text = slog.LevelWarn, "call failed"
	}
	attrs := []slog.Attr{slog.Int("tries", c.tries), slog.Int("status", status), slog.Duration("duration", c.clock.now().Sub(c.start))}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.log(level, text, attrs...)
}

func (c *call) log(level slog.Level, text string, attrs ...slog.Attr) {
	if c.logger == nil {
		return
	}
	about := []slog.Attr{slog.String("method", c.request.Method), slog.String("path", c.path), slog.String("request_id", oneLine(c.requestID))}
	c.logger.LogAttrs(c.ctx, level, text, append(about, attrs...)...)
}

// noResponse returns the error of a call without a response. If the provider failed, there are no credentials to hide.
func (c *call) noResponse(unknown bool, cause error) error {
	text := cause.Error()
	if c.credentials.hide != nil {
		text = c.credentials.hide(text)
	}
	c.sent = c.sent || unknown || c.last != nil
	return &NoResponseError{
		Method: c.request.Method, Path: c.path, RequestID: oneLine(c.requestID), Tries: c.tries,
		unknown: unknown && !c.safe, sent: unknown || (c.safe && c.sent), cause: cause, reason: oneLine(text),
	}
}

var acceptJSON, acceptGzip = []string{jsonType}, []string{"gzip"}

// safe reports whether a method is safe by RFC 9110 section 9.2.1: it changes nothing on the server.
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// closeBody closes the body of a request that is not sent, as net/http does after one that is.
func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close()
	}
}
