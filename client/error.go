package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/turbosmtp-go/billing/gen/model"
)

// ErrOutcomeUnknown is wrapped by the error of a request that the server may have processed, if no response
// reports the result: the order may or may not have been carried out. The Client never retries such a
// request. Check the account before you order again.
//
// An error that does not wrap it means that nothing was ordered.
var ErrOutcomeUnknown = errors.New("the outcome is unknown, the request may have been carried out")

// Error is a response that is not the documented success: another status, or a success that is not valid.
// For an order, it wraps [ErrOutcomeUnknown] if the server may have processed the request.
// The credentials are removed from all its texts.
type Error struct {
	// StatusCode is the response's HTTP status.
	StatusCode int
	// Code is the response's error code, which may be unknown to the document. It is empty if the response
	// has none. [HasCode] compares it.
	Code string
	// Message is the plain sentence of a response without a code, in one line of at most 500
	// characters; "" when there is none. It is for people and not to be parsed.
	Message string
	// RequestID is the X-Request-Id of the response, or the one that the Client sent if the response has
	// none. Give it to the vendor's support.
	RequestID string
	// SentRequestID is the X-Request-Id that the Client sent.
	SentRequestID string
	// Method and Path are the request's, the path below the base URL.
	Method, Path string
	// Tries is how often the request was tried.
	Tries int
	// RetryAfter is the delay in the Retry-After header of a 429, a 503 or any response to a safe request; 0
	// if there is none.
	RetryAfter time.Duration
	// Header is the response's header.
	Header http.Header `json:"-"`
	// Body is the response's body as far as it was read, up to 4 KiB, for debugging. It is
	// never printed.
	Body []byte `json:"-"`

	unknown bool
	cause   error  // why the response cannot be used
	reason  string // the cause's text, without the credentials
}

// NoResponseError is a call that got no response. It wraps the cause of the failure, and [ErrOutcomeUnknown]
// if the request may have been sent.
type NoResponseError struct {
	// Method and Path are the request's, the path below the base URL.
	Method, Path string
	// RequestID is the X-Request-Id that the Client sent.
	RequestID string
	// Tries is how often the request was tried.
	Tries int

	unknown bool
	sent    bool // or perhaps
	cause   error
	reason  string // the cause's text, without the credentials
}

// HasCode reports whether err's chain contains an [*Error] with the code, such as
// HasCode(err, client.AccountIsInactive).
func HasCode[C ~string](err error, code C) bool {
	var e *Error
	return errors.As(err, &e) && e.Code != "" && e.Code == string(code)
}

// DescribeCode returns the document's description of an error code: what it means and what to do. It
// returns "" for a code that the document does not describe.
func DescribeCode[C ~string](code C) string {
	return model.DescribeCode(string(code))
}

// Error returns one line: method, path, status, the code or message, and the request id. It contains
// neither the body nor the credentials.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "client: %s%s", requestLine(e.Method, e.Path), statusLine(e.StatusCode))
	switch {
	case e.Code != "":
		b.WriteString(": " + oneLine(e.Code))
	case e.Message != "":
		b.WriteString(": " + strings.TrimSuffix(oneLine(e.Message), "."))
	case e.reason != "":
		b.WriteString(": " + oneLine(e.reason))
	}
	if location := e.Header.Get("Location"); location != "" && e.StatusCode/100 == 3 {
		fmt.Fprintf(&b, ": it redirects to %s", oneLine(location))
	}
	if e.unknown {
		b.WriteString(": " + ErrOutcomeUnknown.Error())
	}
	writeRequest(&b, e.RequestID, e.SentRequestID, e.Tries)
	return b.String()
}

// Unwrap returns [ErrOutcomeUnknown] if the outcome is unknown, and the reason why the response is not valid.
func (e *Error) Unwrap() []error { return chain(e.unknown, e.cause) }

// Format prints what Error returns, whatever the verb, so that %+v and %#v do not show the body.
func (e *Error) Format(s fmt.State, verb rune) { format(s, verb, e.Error()) }

// Error returns one line: method, path, what is known of the outcome, why there was no response, and
// the request id. It does not contain the credentials.
func (e *NoResponseError) Error() string {
	outcome := "nothing was sent"
	switch {
	case e.unknown:
		outcome = ErrOutcomeUnknown.Error()
	case e.sent:
		outcome = "no response"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "client: %s%s: %s", requestLine(e.Method, e.Path), outcome, e.reason)
	writeRequest(&b, e.RequestID, e.RequestID, e.Tries)
	return b.String()
}

// Unwrap returns [ErrOutcomeUnknown] if the outcome is unknown, and the cause.
func (e *NoResponseError) Unwrap() []error { return chain(e.unknown, e.cause) }

// Format prints what Error returns, whatever the verb, as the cause may contain a secret.
func (e *NoResponseError) Format(s fmt.State, verb rune) { format(s, verb, e.Error()) }

func chain(unknown bool, cause error) []error {
	var errs []error
	if unknown {
		errs = append(errs, ErrOutcomeUnknown)
	}
	if cause != nil {
		errs = append(errs, cause)
	}
	return errs
}

func format(s fmt.State, verb rune, text string) {
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(s, text)
}

// requestLine is empty for an error that is made by hand, as a test may do.
func requestLine(method, path string) string {
	if line := strings.TrimSpace(method + " " + path); line != "" {
		return line + ": "
	}
	return ""
}

func statusLine(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

func writeRequest(b *strings.Builder, id, sent string, tries int) {
	var about []string
	if id != "" {
		about = append(about, "request "+oneLine(id))
	}
	if sent != "" && sent != id {
		about = append(about, "sent as "+oneLine(sent))
	}
	if tries > 1 {
		about = append(about, strconv.Itoa(tries)+" tries")
	}
	if len(about) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(about, ", "))
	}
}

// oneLine makes a text from elsewhere fit for a log line and a terminal: it replaces what is not
// printable by spaces, and cuts what is longer than 500 characters.
func oneLine(s string) string {
	const maxText = 500
	text := []rune(s)
	if len(text) > maxText {
		text = append(text[:maxText], '…')
	}
	for i, r := range text {
		if !unicode.IsPrint(r) {
			text[i] = ' '
		}
	}
	return strings.TrimSpace(string(text))
}
