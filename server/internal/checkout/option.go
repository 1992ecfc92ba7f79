package checkout

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// DefaultPrefix is the path below which purchases are shown unless WithPrefix says otherwise.
const DefaultPrefix = "/checkout/"

// Option changes how a Handler works.
type Option func(*settings)

type settings struct {
	prefix string
	secure bool
	logger *slog.Logger
}

// WithPrefix sets the path below which purchases are shown. It begins and ends with a slash. The
// default is DefaultPrefix.
func WithPrefix(prefix string) Option {
	return func(s *settings) { s.prefix = prefix }
}

// WithSecureCookie lets the browser send the page's cookie over https only. By default that is so when
// the request came over TLS, which a proxy in front of the server hides.
func WithSecureCookie() Option {
	return func(s *settings) { s.secure = true }
}

// WithLogger sets where failures are described. The default is slog.Default.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

func defaultSettings() settings {
	return settings{prefix: DefaultPrefix, logger: slog.Default()}
}

func (s settings) validate() error {
	if !strings.HasPrefix(s.prefix, "/") || !strings.HasSuffix(s.prefix, "/") {
		return fmt.Errorf("checkout: the prefix %q does not begin and end with a slash", s.prefix)
	}
	if s.logger == nil {
		return errors.New("checkout: the logger is nil")
	}
	return nil
}
