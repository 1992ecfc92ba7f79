package contract

import (
	"errors"
	"fmt"
)

// Error is a request that the document does not allow. It holds the whole answer, and why.
type Error struct {
	// Status is the HTTP status to answer with.
	Status int
	// Code is the document's error code, "" where the answer has a sentence instead.
	Code string
	// In says what was refused: "credentials", "body", or a parameter such as "query limit".
	In string
	// Keyword is what failed: a keyword of the schema ("required", "maximum", …) or, of a check
	// that is no schema's, "missing", "invalid", "denied", "unreadable", "mediaType", "size", "time" or
	// "prefer".
	Keyword string
	// Pointer is the JSON Pointer (RFC 6901) to the failing value in the body, "" for all of it.
	Pointer string
	// Body is the answer's body, in JSON.
	Body []byte
	// Cause is the error that was found, if any. It is for logs, never for the answer.
	Cause error
}

// Error says in one line what was refused and why. It holds nothing of what the client sent but
// names of members.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d: %s: %s", e.Status, e.In, e.Keyword)
	if e.Pointer != "" {
		text += " at " + e.Pointer
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// WrongCredentials reports whether credentials were sent and none of them was accepted.
func (e *Error) WrongCredentials() bool { return e.In == "credentials" && e.Keyword == "invalid" }

// ErrBusy says that bodies take as much memory as they may: nothing was done, and the same request may
// succeed later.
var ErrBusy = errors.New("contract: too many large bodies at once")

// ResponseError is an answer that the document does not allow: a mistake of the server.
type ResponseError struct {
	// Operation is the operationId.
	Operation string
	// Status is the answer's HTTP status, 0 when there was no answer.
	Status int
	// Reason says what was wrong. It holds nothing of the answer's values.
	Reason string
}

// Error says which operation gave a wrong answer, and what was wrong with it.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("operation %s: answer %d: %s", e.Operation, e.Status, e.Reason)
}
