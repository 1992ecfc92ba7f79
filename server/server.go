// Package server serves the API of the OpenAPI document for any implementation of it: the generated
// routes, each behind the document's contract, one error handler, probes, and limits on size and time.
// The implementation of the generated interface holds the business rules.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/server/contract"
)

// Server is an HTTP server of the document's API.
type Server struct {
	echo           *echo.Echo
	contracts      []*contract.Contract // of the document, then of each WithAPI
	settings       settings
	throttle       *throttle // nil: wrong credentials are not throttled
	connections    connections
	draining       context.Context // done when the server begins to stop
	drain          context.CancelFunc
	holding        atomic.Bool     // requests wait for released
	released       context.Context // done when the listener is closed
	release        context.CancelFunc
	logUnavailable rate.Sometimes
}

// New returns a server that authenticates requests with authenticator and responds with the results of
// implementation. It fails when the document cannot be enforced, when an operation would not be checked,
// or when an option is invalid.
//
// An error of the implementation or the authenticator becomes a 500 with a plain sentence, and its text
// goes to the log only; see UnavailableError for the exception. Handlers get the authenticated principal
// from contract.Principal.
func New(implementation httpserver.StrictServerInterface, authenticator contract.Authenticator, options ...Option) (*Server, error) {
	if implementation == nil {
		return nil, errors.New("server: the implementation is nil")
	}
	settings := defaultSettings()
	for _, option := range options {
		option(&settings)
	}
	if err := settings.validate(); err != nil {
		return nil, err
	}
	document, err := api.Document()
	if err != nil {
		return nil, err
	}
	s := &Server{echo: echo.New(), settings: settings, logUnavailable: rate.Sometimes{Interval: time.Second}}
	s.draining, s.drain = context.WithCancel(context.Background())
	s.released, s.release = context.WithCancel(context.Background())
	if settings.throttled {
		s.throttle = newThrottle(s.draining.Done())
	}
	s.echo.Binder = contract.Binder{}
	s.echo.HTTPErrorHandler = s.handleError
	s.echo.IPExtractor = settings.clientAddress()
	own := API{Document: document, Authenticator: authenticator, Register: func(router *echo.Echo, basePath string) {
		httpserver.RegisterHandlersWithBaseURL(router, httpserver.NewStrictHandler(implementation, nil), basePath)
	}}
	if err := s.addAPI(own, settings.contract...); err != nil {
		return nil, err
	}
	for _, other := range settings.apis {
		if err := s.addAPI(other); err != nil {
			return nil, err
		}
	}
	s.addProbes()
	if err := s.addHandlers(); err != nil {
		return nil, err
	}
	s.echo.Use(s.identify)
	s.echo.Use(settings.middleware...)
	s.echo.Use(s.protect)
	for _, c := range s.contracts {
		s.echo.Use(c.Middleware)
		if err := c.CheckRoutes(s.echo.Routes()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addHandlers adds the routes of WithHandler.
func (s *Server) addHandlers() error {
	for _, h := range s.settings.handlers {
		if c := s.contractOf(h.path); c != nil {
			return fmt.Errorf("server: the path %s of a handler is below the base path %s of an API", h.path, c.BasePath())
		}
		s.echo.Any(h.path, echo.WrapHandler(withTimeLimit(h.handler, s.settings.timeLimit)))
	}
	return nil
}

// BasePath returns the path of the document's first server, which all routes of the API begin with.
func (s *Server) BasePath() string { return s.Contract().BasePath() }

// Contract returns the document's contract, for a middleware that needs the operation of a request or
// its principal.
func (s *Server) Contract() *contract.Contract { return s.contracts[0] }

// Handler returns the server as an http.Handler, for an http.Server or a test of the caller. It does not
// have the limits on headers, connections and time that Serve adds.
func (s *Server) Handler() http.Handler { return s.echo }
