package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/turbosmtp-go/billing/gen/model"
)

const (
	jsonType = "application/json"
	// maxBody bounds what is read of a response, in bytes: a payment link needs a few hundred.
	maxBody = 1 << 20
	// maxKept bounds what an Error keeps of it.
	maxKept = 4 << 10
)

// received turns a response into an outcome.
//
// A 4xx means that the order was refused, whatever the body is. So does a 429 or 503 with Retry-After, and a redirect
// except 302 and 303, which can deliver the result of a POST (RFC 9110 section 15.4.4). Any other failure may come from
// a proxy in front of a server that carried out the order. A success that is not the documented one probably did.
func (c *call) received(resp *http.Response) outcome {
	c.last = resp
	body, err := c.readBody(resp)
	status := resp.StatusCode
	success := status >= 200 && status < 300
	complete := err == nil
	if success && complete {
		if err = checkSuccess(c.promised, c.request.Method, resp, body); err == nil {
			c.body = body
			return outcome{resp: resp}
		}
	}
	e := c.describe(resp, body)
	if err != nil {
		err = canceled(c.ctx, err)
		e.cause, e.reason = err, c.credentials.hide(err.Error())
	}
	busy := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
	asks := false
	if busy || c.safe {
		e.RetryAfter, asks = retryAfter(resp.Header, c.clock.now())
	}
	asks = asks && busy
	e.unknown = !c.safe && !asks && (status < 300 || status == http.StatusFound || status == http.StatusSeeOther || status >= 500)
	if success {
		e.Code, e.Message = "", "" // The text of a success is not the reason of a failure.
	}
	again := asks
	if c.safe {
		again = busy || status == http.StatusRequestTimeout || (status >= 500 && status != http.StatusNotImplemented) || (success && !complete && c.ctx.Err() == nil && !errors.Is(err, errTooLarge))
	}
	return outcome{err: e, again: again && (c.statusRetries || !busy), wait: e.RetryAfter}
}

var (
	errTooLarge = errors.New("the response is larger than 1 MiB")
	errSwitched = errors.New("the server switched to another protocol")
)

// readBody reads and closes a response's body. With an error, it returns the part that it read.
func (c *call) readBody(resp *http.Response) ([]byte, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close() // It is the connection itself, which may stay open without end.
		return nil, errSwitched
	}
	if _, own := c.transport.roundTripper(); c.exposed || own == nil {
		// The body may not be one of net/http's, and then the context does not end it.
		stop := context.AfterFunc(c.ctx, func() { _ = resp.Body.Close() })
		defer stop()
	}
	body, err := c.readContent(resp)
	_ = resp.Body.Close() // The body has been read.
	if err != nil {
		return body, fmt.Errorf("the response was not read whole: %w", err)
	}
	return body, nil
}

// readContent reads a response's body, and decompresses it.
func (c *call) readContent(resp *http.Response) ([]byte, error) {
	if !strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		return c.readBounded(resp.Body)
	}
	unzipped, err := gzip.NewReader(io.LimitReader(resp.Body, maxBody)) // An endless stream may decompress to nothing.
	switch {
	case errors.Is(err, io.EOF): // There is no body, as after a HEAD.
		return nil, nil
	case err != nil:
		return nil, err
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length")
	return c.readBounded(unzipped)
}

// readBounded reads up to maxBody bytes.
func (c *call) readBounded(r io.Reader) ([]byte, error) {
	c.limited = io.LimitedReader{R: r, N: maxBody + 1}
	body, err := io.ReadAll(&c.limited)
	if len(body) > maxBody {
		return body, errTooLarge
	}
	return body, err
}

// describe makes an Error from what the response contains.
func (c *call) describe(resp *http.Response, body []byte) *Error {
	hide := c.credentials.hide
	hidden := []byte(hide(string(body)))
	e := &Error{
		StatusCode:    resp.StatusCode,
		RequestID:     oneLine(hide(resp.Header.Get(requestIDHeader))),
		SentRequestID: oneLine(hide(c.requestID)),
		Method:        c.request.Method,
		Path:          c.path,
		Tries:         c.tries,
		Header:        c.credentials.hideIn(resp.Header),
		Body:          bytes.Clone(hidden[:min(len(hidden), maxKept)]),
	}
	if e.RequestID == "" {
		e.RequestID = e.SentRequestID
	}
	var said model.UnexpectedError
	if json.Unmarshal(hidden, &said) != nil {
		return e
	}
	// A second time, for what JSON had escaped.
	if message := hide(said.Message); isCode(message) {
		e.Code = message
	} else {
		e.Message = oneLine(message)
	}
	return e
}

// unusable is the error for a success that the checks let pass and that a method cannot decode.
func (c *call) unusable(resp *http.Response, cause error) *Error {
	e := c.describe(resp, nil)
	e.unknown, e.cause, e.reason = !c.safe, cause, c.credentials.hide(cause.Error())
	return e
}

// isCode reports whether a message looks like an error code, rather than a sentence.
func isCode(message string) bool {
	isOther := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	return message != "" && len(message) <= 128 && !strings.ContainsFunc(message, isOther)
}

// readable gives the body that was read back to the response. The generated code compares its media
// type to the letter, so it gets it in that form.
func readable(resp *http.Response, body []byte) *http.Response {
	if isJSON(resp) && resp.Header.Get("Content-Type") != jsonType {
		resp.Header.Set("Content-Type", jsonType)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp
}
