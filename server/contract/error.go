package contract

import (
	"errors"
	"fmt"
)

// Error is a request that the document does not allow. It contains the complete response.
type Error struct {
	// Status is the HTTP status of the response.
	Status int
	// Code is the document's error code, "" if the response contains a sentence instead.
	Code string
	// In is the part of the request that failed: "credentials", "body", or a parameter such as
	// "query parameter limit".
	In string
	// Keyword is the check that failed: a keyword of the schema ("required", "maximum", …) or one of "missing",
	// "invalid", "denied", "unreadable", "mediaType", "size", "time" and "prefer".
	Keyword string
	// Pointer is the JSON Pointer (RFC 6901) to the value that failed, "" for the whole body or parameter.
	Pointer string
	// Body is the response's body, in JSON.
	Body []byte
	// Cause is the underlying error, nil if there is none. Log it, but do not send it to the client.
	Cause error
}

// Error returns the status, the part of the request and the failed check. Of the client's data it contains
// only member names.
func (e *Error) Error() string {
	text := fmt.Sprintf("contract: %d: %s: %s", e.Status, e.In, e.Keyword)
	if e.Pointer != "" {
		text += " at " + e.Pointer
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// WrongCredentials reports whether the request has credentials and none of them is accepted.
func (e *Error) WrongCredentials() bool { return e.In == inCredentials && e.Keyword == "invalid" }

// with returns a copy of e with a cause.
func (e *Error) with(cause error) *Error {
	copied := *e
	copied.Cause = cause
	return &copied
}

// ErrBusy means that the request bodies use all memory that WithMaxBodyMemory allows. The handler has not
// run; the same request may succeed later.
var ErrBusy = errors.New("contract: too many large request bodies at once: send the request again later")

// ResponseError is a response that the document does not allow: a defect of the server.
type ResponseError struct {
	// Operation is the operationId.
	Operation string
	// Status is the HTTP status of the response, 0 if the handler sent none.
	Status int
	// Reason says why the document does not allow the response. It contains no values of the response.
	Reason string
}

// Error returns the operation, the status and the reason.
func (e *ResponseError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("contract: operation %s: %s", e.Operation, e.Reason)
	}
	return fmt.Sprintf("contract: operation %s: the document does not allow the response %d: %s", e.Operation, e.Status, e.Reason)
}
