package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
// A 4xx says that the order was refused, whatever else the response contains, and so does a 429 or 503
// that says when to come back. So does a redirect, but for 302 and 303: these are how the result of a
// POST is delivered (RFC 9110 section 15.4.4). Any other failure may come from in front of a server
// that carried the order out, and a success that is not the documented one has probably done it.
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
		e.Code, e.Message = "", "" // What a success says is not why it failed.
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

// readBody reads a response's body and closes it. It returns what it got also where it fails.
func (c *call) readBody(resp *http.Response) ([]byte, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close() // It is the connection itself, which may stay open for ever.
		return nil, errSwitched
	}
	if c.exposed {
		// The body may not be one of net/http's, and then the context does not end it.
		stop := context.AfterFunc(c.ctx, func() { _ = resp.Body.Close() })
		defer stop()
	}
	body, err := readContent(resp)
	_ = resp.Body.Close() // All that counts has been read.
	if err != nil {
		return body, fmt.Errorf("the response was not read whole: %w", err)
	}
	return body, nil
}

// readContent reads a response's body, and decompresses it.
func readContent(resp *http.Response) ([]byte, error) {
	if !strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		return readBounded(resp.Body, resp.ContentLength)
	}
	unzipped, err := gzip.NewReader(resp.Body)
	switch {
	case errors.Is(err, io.EOF): // There is no body, as after a HEAD.
		return nil, nil
	case err != nil:
		return nil, err
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length")
	return readBounded(unzipped, -1)
}

// readBounded reads up to maxBody bytes, into a buffer of the expected length where that is known.
func readBounded(r io.Reader, length int64) ([]byte, error) {
	size := int64(bytes.MinRead)
	if length >= 0 && length <= maxBody {
		size = length + 1 // With the end, and not one byte later, comes io.EOF.
	}
	body := make([]byte, 0, size)
	for {
		n, err := r.Read(body[len(body):min(cap(body), maxBody+1)])
		body = body[:len(body)+n]
		switch {
		case len(body) > maxBody:
			return body, errTooLarge
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		case len(body) == cap(body):
			body = slices.Grow(body, bytes.MinRead)
		}
	}
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
	switch message := hide(said.Message); {
	case isCode(message):
		e.Code = message
	default:
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
	for _, r := range message {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return message != "" && len(message) <= 128
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

// operation is an operation of the document, with the responses that it promises on success.
type operation struct {
	method, path string // the path is below the server's URL and may contain {parameters}
	successes    []success
}

// success is a documented response of an operation that succeeds.
type success struct {
	status  int      // or its first digit, for a range such as 2XX
	json    bool     // whether its only media type is application/json
	members []member // of the JSON object, none where it is not one
}

// member is a declared member of a JSON object.
type member struct {
	name, kind string // kind is the OpenAPI type, several are separated by commas, "" is any
	required   bool
	nonEmpty   bool // its string must not be ""
	uri        bool // its string has the format uri
}

// checkSuccess returns what is wrong with a success by what the document promises of its operation, nil
// if nothing is. For an operation that the document does not contain, it only checks that what is
// labelled as JSON is JSON.
func checkSuccess(promised []success, method string, resp *http.Response, body []byte) error {
	isEmpty := method == http.MethodHead || resp.StatusCode == http.StatusNoContent
	if len(promised) == 0 {
		if isJSON(resp) && !isEmpty && !wellFormed(body) {
			return errors.New("the response is not one JSON value")
		}
		return nil
	}
	i := slices.IndexFunc(promised, func(p success) bool { return p.status == resp.StatusCode || p.status == resp.StatusCode/100 })
	switch {
	case i < 0:
		return errors.New("the document does not contain this success")
	case isEmpty || !promised[i].json:
		return nil
	case !isJSON(resp):
		return errors.New("the response is not " + jsonType)
	case !wellFormed(body):
		return errors.New("the response is not one JSON value")
	case len(promised[i].members) == 0:
		return nil
	}
	return checkMembers(promised[i].members, body)
}

// find returns the successes of the operation that a request is for. As OpenAPI asks, a path without
// parameters goes before one with.
func find(operations []operation, method, path string) []success {
	var found *operation
	for i := range operations {
		o := &operations[i]
		if o.method == method && matches(o.path, path) && (found == nil || parameters(o.path) < parameters(found.path)) {
			found = o
		}
	}
	if found == nil {
		return nil
	}
	return found.successes
}

func parameters(template string) int { return strings.Count(template, "{") }

func matches(template, path string) bool {
	if parameters(template) == 0 {
		return template == path
	}
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool {
		return w == g || (strings.Contains(w, "{") && g != "")
	})
}

// isJSON reports whether a response is labelled as JSON, in any case and with any parameters.
func isJSON(resp *http.Response) bool {
	sent := resp.Header.Get("Content-Type")
	if sent == jsonType {
		return true
	}
	media, _, err := mime.ParseMediaType(sent)
	return media == jsonType && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

func wellFormed(body []byte) bool {
	return json.Valid(body) && utf8.Valid(body)
}

// checkMembers checks the members of a JSON object. Names are compared to the letter. The decoder
// behind it is not so strict, so a name that differs from a declared one by case alone is refused:
// it would take the other's place.
func checkMembers(declared []member, body []byte) error {
	if bytes.TrimSpace(body)[0] != '{' {
		return errors.New("the response is not a JSON object")
	}
	for _, m := range declared {
		there, alike := false, false
		for name, value := range members(body) {
			switch {
			case name != m.name:
				alike = alike || strings.EqualFold(name, m.name)
				continue
			case !isKind(value, m.kind):
				return fmt.Errorf("the response's member %q is not of the type %s", m.name, m.kind)
			case m.nonEmpty && value == `""`:
				return fmt.Errorf("the response's member %q is empty", m.name)
			case m.uri && value[0] == '"' && !isWebURL(unquote(value)):
				return fmt.Errorf("the response's member %q is not an absolute http or https URL", m.name)
			}
			there = true
		}
		switch {
		case m.required && !there:
			return fmt.Errorf("the response has no member %q", m.name)
		case alike:
			return fmt.Errorf("the response has a member that differs from %q by case alone", m.name)
		}
	}
	return nil
}

// isKind reports whether a JSON value is of one of the OpenAPI types, which a comma separates. Of ""
// are all values.
func isKind(value, types string) bool {
	if types == "" {
		return true
	}
	for kind := range strings.SplitSeq(types, ",") {
		var err error
		is := false
		switch kind {
		case "string":
			is = value[0] == '"'
		case "object":
			is = value[0] == '{'
		case "array":
			is = value[0] == '['
		case "boolean":
			is = value == "true" || value == "false"
		case "null":
			is = value == "null"
		case "integer":
			_, err = strconv.ParseInt(value, 10, 64)
			is = err == nil
		case "number":
			_, err = strconv.ParseFloat(value, 64)
			is = err == nil
		}
		if is {
			return true
		}
	}
	return false
}

// isWebURL reports whether a text is an absolute http or https URL that can be printed and opened: it
// has a host, and nothing that a terminal or a browser would act on.
func isWebURL(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}
