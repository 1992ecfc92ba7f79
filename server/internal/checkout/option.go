package checkout

import "log/slog"

// Option configures a Handler.
type Option func(*settings)

type settings struct {
	secure bool
	logger *slog.Logger
}

// WithSecureCookie marks the page's cookie as Secure. By default it is Secure only if the request itself
// arrives over TLS, which is not the case behind a proxy.
func WithSecureCookie() Option {
	return func(s *settings) { s.secure = true }
}

// WithLogger sets the logger for errors. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

func defaultSettings() settings {
	return settings{logger: slog.Default()}
}
