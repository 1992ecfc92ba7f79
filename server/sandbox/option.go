package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server"
)

// Option changes how a sandbox works.
type Option func(*settings)

// WithDemoAccounts adds the demo accounts, whose credentials everybody knows. By default there are
// none, and those that an earlier run has left in the store are not let in.
func WithDemoAccounts() Option {
	return func(s *settings) { s.demo = true }
}

// WithControlToken turns the control API on for whoever sends the token as bearer credentials. It is at
// least 16 characters long.
//
// By default the control API is off.
func WithControlToken(token string) Option {
	return func(s *settings) { s.controlToken = token }
}

// WithOpenControl turns the control API on without a token, for requests that come to localhost or a
// loopback address, neither through a proxy nor from a page of another site. It is for a sandbox that
// only its own machine can reach. With WithControlToken, the token is needed all the same.
func WithOpenControl() Option {
	return func(s *settings) { s.openControl = true }
}

// WithoutPrefer ignores the header Prefer. By default a request can choose its answer by it among the
// document's examples.
func WithoutPrefer() Option {
	return func(s *settings) { s.noPrefer = true }
}

// WithLogger sets where failures are logged. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithClock sets what tells the time. The default is time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.now = now }
}

// WithMiddleware puts middleware around all requests, outside of the sandbox's own: it sees what a fault
// makes of a request. There is none by default.
func WithMiddleware(middleware ...echo.MiddlewareFunc) Option {
	return func(s *settings) { s.middleware = append(s.middleware, middleware...) }
}

// WithServer sets options of the HTTP server, such as its limits. The default is the server's own.
func WithServer(options ...server.Option) Option {
	return func(s *settings) { s.server = append(s.server, options...) }
}

// minControlToken is how long a control token is at least, in bytes, so that it is not guessed.
const minControlToken = 16

type settings struct {
	demo         bool
	controlToken string
	openControl  bool
	noPrefer     bool
	logger       *slog.Logger
	now          func() time.Time
	middleware   []echo.MiddlewareFunc
	server       []server.Option
}

func defaultSettings() settings {
	return settings{logger: slog.Default(), now: time.Now}
}

func (s settings) validate() error {
	if s.logger == nil || s.now == nil {
		return errors.New("sandbox: an option is nil")
	}
	if s.controlToken != "" && len(s.controlToken) < minControlToken {
		return fmt.Errorf("sandbox: the control token has fewer than %d characters", minControlToken)
	}
	return nil
}
