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
)

// ErrOutcomeUnknown is in the chain of an error when the request may have reached the server and no
// answer says what became of it: the order may or may not have been taken. Such a request is never
// sent again. Look in the account before ordering again.
//
// An error without it means that nothing was ordered.
var ErrOutcomeUnknown = errors.New("the outcome is unknown, the request may have been carried out")

// Error is an answer that is not the documented success: a refusal, a failure of the server, or a
// success that cannot be read. The last two have [ErrOutcomeUnknown] in their chain. The credentials
// are taken out of all its texts.
type Error struct {
	// StatusCode is the answer's HTTP status.
	StatusCode int
	// Code is the answer's error code, also one that the document does not know; "" when the answer
	// holds none. [HasCode] compares it.
	Code string
	// Message is the plain sentence of an answer without a code, in one line of at most 500
	// characters; "" when there is none. It is for people and not to be parsed.
	Message string
	// RequestID is the answer's X-Request-Id header, to name to the vendor's support; "" when the
	// answer has none.
	RequestID string
	// Method is the request's HTTP method.
	Method string
	// Path is the request's path below the base URL.
	Path string
	// RetryAfter is how long the answer of a 429 or a 503 asks to wait, by its Retry-After header; 0
	// when it does not.
	RetryAfter time.Duration
	// Body is the answer's body as far as it was read, at most its first 4 KiB, for debugging.
	// Nothing prints it.
	Body []byte `json:"-"`

	unknown bool
	cause   error  // why it could not be read
	why     string // the cause's text, without the credentials
}

// HasCode reports whether err's chain holds an [*Error] with the code, such as
// HasCode(err, model.AccountIsInactive).
func HasCode[C ~string](err error, code C) bool {
	var e *Error
	return errors.As(err, &e) && e.Code != "" && e.Code == string(code)
}

// Error returns one line: method, path, status, and the code or message. It holds neither the body
// nor the credentials.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "client: %s %s: %d", e.Method, e.Path, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	switch {
	case e.Code != "":
		b.WriteString(": " + oneLine(e.Code))
	case e.Message != "":
		b.WriteString(": " + oneLine(e.Message))
	case e.why != "":
		b.WriteString(": " + oneLine(e.why))
	}
	if e.unknown {
		b.WriteString(": " + ErrOutcomeUnknown.Error())
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + oneLine(e.RequestID) + ")")
	}
	return b.String()
}

// Unwrap returns [ErrOutcomeUnknown] where it applies, and why the answer could not be read.
func (e *Error) Unwrap() []error {
	return chain(e.unknown, e.cause)
}

// Format prints what Error returns, whatever the verb, so that %+v and %#v do not show the body.
func (e *Error) Format(s fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = io.WriteString(s, strconv.Quote(e.Error()))
		return
	}
	_, _ = io.WriteString(s, e.Error())
}

// sendError is a request that got no answer.
type sendError struct {
	text    string
	unknown bool
	cause   error
}

func (e *sendError) Error() string   { return e.text }
func (e *sendError) Unwrap() []error { return chain(e.unknown, e.cause) }

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

// maxText bounds the characters of a text from elsewhere.
const maxText = 500

// oneLine makes a text from elsewhere fit for a log line and a terminal: what is not printable
// becomes a space, and what is more than maxText characters is cut.
func oneLine(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == maxText {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
