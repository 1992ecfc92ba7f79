package server

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// API is an OpenAPI document and the handlers that serve it.
type API struct {
	// Document is enforced on every request. The path of its first server is the API's base path.
	Document *openapi3.T
	// Authenticator checks credentials. It is required if an operation of the document has security.
	Authenticator contract.Authenticator
	// Register adds the routes of the generated handlers below basePath.
	Register func(router *echo.Echo, basePath string)
}

// WithAPI serves one more document beside the server's own, enforced in the same way. No base path may
// be below another one. By default there is none.
func WithAPI(api API) Option {
	return func(s *settings) { s.apis = append(s.apis, api) }
}

// addAPI compiles the contract of a document and registers its routes.
func (s *Server) addAPI(api API, options ...contract.Option) error {
	if api.Document == nil || api.Register == nil {
		return errors.New("server: an API needs a document and a Register function")
	}
	c, err := contract.Compile(api.Document, append([]contract.Option{
		contract.WithAuthenticator(api.Authenticator),
		contract.WithMaxBody(s.settings.maxBody),
		contract.WithTimeLimit(s.settings.timeLimit),
		contract.WithResponseCheck(s.settings.responses),
		contract.WithLogger(s.settings.logger),
	}, options...)...)
	if err != nil {
		return err
	}
	for _, other := range s.contracts {
		if isBelow(c.BasePath(), other.BasePath()) || isBelow(other.BasePath(), c.BasePath()) {
			return fmt.Errorf("server: two APIs have the base paths %s and %s, one below the other", other.BasePath(), c.BasePath())
		}
	}
	s.contracts = append(s.contracts, c)
	api.Register(s.echo, c.BasePath())
	return nil
}

// contractOf returns the contract of the API that a path belongs to, nil if it belongs to none.
func (s *Server) contractOf(path string) *contract.Contract {
	for _, c := range s.contracts {
		if isBelow(path, c.BasePath()) {
			return c
		}
	}
	return nil
}

func isBelow(path, base string) bool {
	return path == base || strings.HasPrefix(path, base+"/")
}
