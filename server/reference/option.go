package reference

// Option changes how a Handler works.
type Option func(*settings)

type settings struct {
	home string
}

// WithHome sets how the page calls its link to the server's start page, "/". The default is
// "Sandbox". With an empty name there is no link.
func WithHome(name string) Option {
	return func(s *settings) { s.home = name }
}

func defaultSettings() settings {
	return settings{home: "Sandbox"}
}
