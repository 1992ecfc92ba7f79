package reference

import "github.com/getkin/kin-openapi/openapi3"

// Option changes how a Handler works.
type Option func(*settings)

type settings struct {
	home   string
	parsed *openapi3.T
}

// WithHome sets how the page calls its link to the server's start page, "/". The default is
// "Sandbox". With an empty name there is no link.
func WithHome(name string) Option {
	return func(s *settings) { s.home = name }
}

// WithParsed gives what the document says, for who has read it already. It must not be changed
// afterwards. By default, New reads the document.
func WithParsed(document *openapi3.T) Option {
	return func(s *settings) { s.parsed = document }
}

func defaultSettings() settings {
	return settings{home: "Sandbox"}
}
