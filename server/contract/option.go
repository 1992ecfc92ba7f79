package contract

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Option changes how a document is compiled.
type Option func(*settings)

// DefaultMaxBody is how many bytes a request's body may have unless WithMaxBody says otherwise.
const DefaultMaxBody = 1 << 20

// ResponseCheck says what happens to an answer that the document does not allow.
type ResponseCheck int

const (
	// ResponsesEnforced turns it into a 500 and an *ResponseError for the log. It is the default.
	ResponsesEnforced ResponseCheck = iota
	// ResponsesLogged sends it as it is, and writes a line to the log.
	ResponsesLogged
	// ResponsesUnchecked does not look at answers, except that a handler must give one.
	ResponsesUnchecked
)

// WithAuthenticator sets who decides on credentials. There is no default: a document with an
// operation that asks for credentials does not compile without it.
func WithAuthenticator(a Authenticator) Option {
	return func(s *settings) { s.authenticator = a }
}

// WithMaxBody sets how many bytes a request's body may have. The default is DefaultMaxBody; a
// longer body is answered with 413.
func WithMaxBody(bytes int64) Option {
	return func(s *settings) { s.maxBody = bytes }
}

// DefaultMaxBodyMemory is how many bytes all large bodies together may have unless WithMaxBodyMemory says
// otherwise.
const DefaultMaxBodyMemory = 64 << 20

// WithMaxBodyMemory sets how many bytes all bodies that are being read may have together, those of at most
// 16 KiB aside; what is more fails with ErrBusy. The default is DefaultMaxBodyMemory. One body of the length
// that WithMaxBody allows always has room.
func WithMaxBodyMemory(bytes int64) Option {
	return func(s *settings) { s.maxBodies = bytes }
}

// DefaultTimeLimit is how long an operation may take unless WithTimeLimit says otherwise.
const DefaultTimeLimit = 15 * time.Second

// WithTimeLimit sets when the context of the authenticator and of the handler ends. The default is
// DefaultTimeLimit. That the client goes away does not end it.
func WithTimeLimit(d time.Duration) Option {
	return func(s *settings) { s.timeLimit = d }
}

// WithResponseCheck sets what happens to answers that the document does not allow. The default is
// ResponsesEnforced.
func WithResponseCheck(check ResponseCheck) Option {
	return func(s *settings) { s.answers = check }
}

// WithLogger sets where ResponsesLogged writes to. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithPrefer lets a request choose its answer among the document's examples by the header Prefer
// (RFC 7240), as mock servers know it: code=404 for the first example of that status, example=name for
// the one of that name, or both. It is for tests of clients. Such a request is answered before its
// credentials and everything else are looked at, and its handler is not called; the answer says so in
// Preference-Applied, and Preferred in Go. A code or an example that the document does not have is
// answered with 422 and a sentence that lists those that it has. An example that does not satisfy its
// schema does not compile.
//
// The first example is the one whose name stands first among the codes of the answer, else the first
// by name; without any, it is made from the examples of the schema and its properties. An example of
// the default answer comes with 500, of a class such as 4XX with 400, unless code says otherwise.
//
// By default the header is not looked at.
func WithPrefer() Option {
	return func(s *settings) { s.prefer = true }
}

func defaultSettings() settings {
	return settings{maxBody: DefaultMaxBody, maxBodies: DefaultMaxBodyMemory, timeLimit: DefaultTimeLimit, logger: slog.Default()}
}

func (s settings) validate() error {
	if s.maxBody <= 0 {
		return fmt.Errorf("contract: a body of at most %d bytes holds nothing", s.maxBody)
	}
	if s.timeLimit <= 0 {
		return fmt.Errorf("contract: the time limit %v is not positive", s.timeLimit)
	}
	if s.answers < ResponsesEnforced || s.answers > ResponsesUnchecked {
		return fmt.Errorf("contract: no such check of answers: %d", s.answers)
	}
	if s.logger == nil {
		return errors.New("contract: the logger is nil")
	}
	return nil
}
