package sandbox

import (
	"errors"
	"log/slog"
	"time"

	"github.com/turbosmtp-go/billing/server"
)

// Option changes how a sandbox works.
type Option func(*settings)

// WithDemoAccounts adds the demo accounts, whose credentials everybody knows. By default there are
// none, and those that an earlier run has left in the store are not let in.
func WithDemoAccounts() Option {
	return func(s *settings) { s.demo = true }
}

// WithLogger sets where failures are logged. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithClock sets what tells the time. The default is time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.now = now }
}

// WithServer sets options of the HTTP server, such as its limits. The default is the server's own.
func WithServer(options ...server.Option) Option {
	return func(s *settings) { s.server = append(s.server, options...) }
}

type settings struct {
	demo   bool
	logger *slog.Logger
	now    func() time.Time
	server []server.Option
}

func defaultSettings() settings {
	return settings{logger: slog.Default(), now: time.Now}
}

func (s settings) validate() error {
	if s.logger == nil || s.now == nil {
		return errors.New("sandbox: an option is nil")
	}
	return nil
}
