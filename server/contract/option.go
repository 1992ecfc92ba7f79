package contract

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Option changes how Compile compiles a document.
type Option func(*settings)

// DefaultMaxBody is the default of WithMaxBody: 1 MiB.
const DefaultMaxBody = 1 << 20

// DefaultMaxBodyMemory is the default of WithMaxBodyMemory: 64 MiB.
const DefaultMaxBodyMemory = 64 << 20

// DefaultTimeLimit is the default of WithTimeLimit.
const DefaultTimeLimit = 15 * time.Second

// ResponseCheck selects what happens to a response that the document does not allow.
type ResponseCheck int

const (
	// ResponsesEnforced drops the response: the middleware returns a *ResponseError. It is the default.
	ResponsesEnforced ResponseCheck = iota
	// ResponsesLogged sends the response and logs the *ResponseError.
	ResponsesLogged
	// ResponsesUnchecked sends every response. A handler that sends none still causes a *ResponseError.
	ResponsesUnchecked
)

// WithAuthenticator sets what checks the credentials. There is no default. It is required if an operation
// of the document requires credentials.
func WithAuthenticator(a Authenticator) Option {
	return func(s *settings) { s.authenticator = a }
}

// WithMaxBody sets the maximum size of a request body in bytes. A larger body is a 413. The default is
// DefaultMaxBody.
func WithMaxBody(bytes int64) Option {
	return func(s *settings) { s.maxBody = bytes }
}

// WithMaxBodyMemory sets how many bytes all request bodies that are being read may use together. Bodies of
// up to 16 KiB do not count. A body that exceeds the limit fails with ErrBusy. One body of the size that
// WithMaxBody allows always fits. The default is DefaultMaxBodyMemory.
func WithMaxBodyMemory(bytes int64) Option {
	return func(s *settings) { s.maxBodyMemory = bytes }
}

// WithTimeLimit sets the time limit of the context that the authenticator and the handler receive. A client
// that disconnects does not end this context. The default is DefaultTimeLimit.
func WithTimeLimit(d time.Duration) Option {
	return func(s *settings) { s.timeLimit = d }
}

// WithResponseCheck sets what happens to a response that the document does not allow. The default is
// ResponsesEnforced.
func WithResponseCheck(check ResponseCheck) Option {
	return func(s *settings) { s.responseCheck = check }
}

// WithLogger sets the log of ResponsesLogged. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithPrefer lets a request select one of the document's examples as its response with the header Prefer
// (RFC 7240), as mock servers do: code=404 selects the first example of this status, example=name the
// example of this name. Both can be combined. It is for tests of clients. By default the header is ignored.
//
// Such a request is not checked, not even its credentials, and its handler does not run. The response
// contains Preference-Applied; PreferredExample reports the same in Go. If the document does not have the
// code or the example, the response is a 422 that lists the existing ones. Compile rejects an example that
// does not satisfy its schema.
//
// The first example is the one whose name is the first of the response's codes, else the first by name. A
// response without examples uses the examples of its schema and of the schema's properties. An example of
// the default response is sent with 500, one of a class such as 4XX with 400, unless code selects
// another status.
func WithPrefer() Option {
	return func(s *settings) { s.prefer = true }
}

type settings struct {
	authenticator Authenticator
	maxBody       int64
	maxBodyMemory int64
	timeLimit     time.Duration
	responseCheck ResponseCheck
	logger        *slog.Logger
	prefer        bool
}

func defaultSettings() settings {
	return settings{maxBody: DefaultMaxBody, maxBodyMemory: DefaultMaxBodyMemory, timeLimit: DefaultTimeLimit, logger: slog.Default()}
}

func (s settings) validate() error {
	if s.maxBody <= 0 {
		return fmt.Errorf("contract: WithMaxBody: %d bytes is not positive", s.maxBody)
	}
	if s.timeLimit <= 0 {
		return fmt.Errorf("contract: WithTimeLimit: the time limit %v is not positive", s.timeLimit)
	}
	if s.responseCheck < ResponsesEnforced || s.responseCheck > ResponsesUnchecked {
		return fmt.Errorf("contract: WithResponseCheck: %d is not a ResponseCheck", s.responseCheck)
	}
	if s.logger == nil {
		return errors.New("contract: WithLogger: the logger is nil")
	}
	return nil
}
