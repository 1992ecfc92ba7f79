package server

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// API is an OpenAPI document together with the code that serves it.
type API struct {
	// Document is what is enforced. Its first server's path is where the API is found.
	Document *openapi3.T
	// Authenticator decides on credentials. It is needed when the document asks for some.
	Authenticator contract.Authenticator
	// Register gives the generated handlers their routes below basePath.
	Register func(router *echo.Echo, basePath string)
}

// WithAPI serves one more document beside the server's own, enforced in the same way. Their paths must
// not be below each other's. There is none by default.
func WithAPI(api API) Option {
	return func(s *settings) { s.apis = append(s.apis, api) }
}

// add compiles a document and serves it.
func (s *Server) add(api API, options ...contract.Option) error {
	if api.Document == nil || api.Register == nil {
		return errors.New("server: an API without a document, or without its handlers")
	}
	c, err := contract.Compile(api.Document, append([]contract.Option{
		contract.WithAuthenticator(api.Authenticator),
		contract.WithMaxBody(s.settings.maxBody),
		contract.WithTimeLimit(s.settings.timeLimit),
		contract.WithResponseCheck(s.settings.answers),
		contract.WithLogger(s.settings.logger),
	}, options...)...)
	if err != nil {
		return err
	}
	for _, other := range s.contracts {
		if below(c.BasePath(), other.BasePath()) || below(other.BasePath(), c.BasePath()) {
			return fmt.Errorf("server: two APIs at %s and %s, one below the other", other.BasePath(), c.BasePath())
		}
	}
	s.contracts = append(s.contracts, c)
	api.Register(s.echo, c.BasePath())
	return nil
}

// contractBelow returns the contract of the API that a path belongs to, nil when it is none's.
func (s *Server) contractBelow(path string) *contract.Contract {
	for _, c := range s.contracts {
		if below(path, c.BasePath()) {
			return c
		}
	}
	return nil
}

func below(path, base string) bool {
	return path == base || strings.HasPrefix(path, base+"/")
}
