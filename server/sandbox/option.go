package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server"
)

// Option configures a Sandbox.
type Option func(*settings)

// WithDemoAccounts adds the demo accounts, whose credentials are public. By default there are no demo
// accounts, and the credentials of those that an earlier run added to the store are not accepted.
func WithDemoAccounts() Option {
	return func(s *settings) { s.demo = true }
}

// WithControlToken turns on the control API for requests with this bearer token, which must have at
// least 16 characters. By default the control API is off.
func WithControlToken(token string) Option {
	return func(s *settings) { s.controlToken = token }
}

// WithOpenControl turns on the control API without a token, for requests to localhost or a loopback
// address that come neither through a proxy nor from a page of another site. Use it only if other machines
// cannot reach the sandbox. With WithControlToken, requests need the token. By default the control API is
// off.
func WithOpenControl() Option {
	return func(s *settings) { s.openControl = true }
}

// WithoutPrefer ignores the header Prefer. By default it selects an example of the document as the
// response.
func WithoutPrefer() Option {
	return func(s *settings) { s.noPrefer = true }
}

// WithLogger sets the logger for failures. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithClock sets the clock. The default is time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.now = now }
}

// WithMiddleware adds middleware around all requests and around the middleware of the sandbox: it sees the
// responses that faults change. By default there is none.
func WithMiddleware(middleware ...echo.MiddlewareFunc) Option {
	return func(s *settings) { s.middleware = append(s.middleware, middleware...) }
}

// WithServer adds options of the HTTP server, such as its limits. By default there are none.
func WithServer(options ...server.Option) Option {
	return func(s *settings) { s.server = append(s.server, options...) }
}

// minControlToken is the minimum length of a control token in bytes.
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

func newSettings(options []Option) (settings, error) {
	s := settings{logger: slog.Default(), now: time.Now}
	for _, option := range options {
		option(&s)
	}
	if s.logger == nil || s.now == nil {
		return s, errors.New("sandbox: the logger or the clock is nil")
	}
	if s.controlToken != "" && len(s.controlToken) < minControlToken {
		return s, fmt.Errorf("sandbox: the control token has fewer than %d characters; use a longer token", minControlToken)
	}
	return s, nil
}
