// Package server serves the API of the OpenAPI document for anyone's implementation of it: the
// generated routes, each behind the document's contract, one error handler, probes, and limits on
// size and time. What is behind the interface is the implementation's business.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/server/contract"
)

// Server is an HTTP server of the document's API.
type Server struct {
	echo      *echo.Echo
	contracts []*contract.Contract // of the document and, after it, of WithAPI
	settings  settings
	stopping  atomic.Bool
	hurry     chan struct{} // closed when it stops
	stopOnce  sync.Once
	conns     *connections
	slower    *slower // nil: nobody is slowed
	// unavailableLogged is when logUnavailable has logged, in nanoseconds since made.
	unavailableLogged atomic.Int64
	made              time.Time
}

// New makes a server that lets authenticator decide on credentials and answers with what
// implementation returns. It fails when the document cannot be enforced, when an operation would be
// unguarded, or when an option does not fit.
//
// An error from the implementation or the authenticator is answered with a 500 and a plain sentence;
// its text goes to the log only. Handlers find who was authenticated by contract.Principal.
func New(implementation httpserver.StrictServerInterface, authenticator contract.Authenticator, options ...Option) (*Server, error) {
	if implementation == nil {
		return nil, errors.New("server: there is no implementation")
	}
	s := &Server{echo: echo.New(), settings: defaultSettings(), hurry: make(chan struct{}), made: time.Now()}
	for _, option := range options {
		option(&s.settings)
	}
	s.settings.complete()
	if err := s.settings.validate(); err != nil {
		return nil, err
	}
	document, err := api.Document()
	if err != nil {
		return nil, err
	}
	s.echo.Binder = contract.Binder{}
	s.echo.HTTPErrorHandler = s.answerError
	s.echo.IPExtractor = s.settings.addresses()
	s.conns = newConnections(s.settings.maxConns)
	if s.settings.slowFailures {
		s.slower = newSlower(s.hurry)
	}
	own := API{Document: document, Authenticator: authenticator, Register: func(router *echo.Echo, basePath string) {
		httpserver.RegisterHandlersWithBaseURL(router, httpserver.NewStrictHandler(implementation, nil), basePath)
	}}
	if err := s.add(own, s.settings.contract...); err != nil {
		return nil, err
	}
	for _, more := range s.settings.apis {
		if err := s.add(more); err != nil {
			return nil, err
		}
	}
	s.use()
	s.addProbes()
	for _, r := range s.settings.routes {
		if c := s.contractBelow(r.path); c != nil {
			return nil, fmt.Errorf("server: the path %s is below an API's own, %s", r.path, c.BasePath())
		}
		s.echo.Any(r.path, echo.WrapHandler(s.patient(r.handler)))
	}
	for _, c := range s.contracts {
		if err := c.CheckRoutes(s.echo.Routes()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// use puts all middleware around every route. It is put together once: what is given to echo's Use one by
// one is put together anew for each request.
func (s *Server) use() {
	middleware := append([]echo.MiddlewareFunc{s.guard}, s.settings.middleware...)
	middleware = append(middleware, s.within)
	for _, c := range s.contracts {
		middleware = append(middleware, c.Middleware)
	}
	chain := func(ec echo.Context) error { return ec.Handler()(ec) } // that echo has routed the request to
	for _, around := range slices.Backward(middleware) {
		chain = around(chain)
	}
	s.echo.Use(func(echo.HandlerFunc) echo.HandlerFunc { return chain })
}

// patient calls a handler with a context that ends at the time limit, and not when the client stops
// sending: like an operation's, whose context the contract makes.
func (s *Server) patient(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.settings.timeLimit)
		defer cancel()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}

// BasePath is the path that the API's routes begin with, as the document's first server has it.
func (s *Server) BasePath() string { return s.Contract().BasePath() }

// Contract returns the document's contract, for a middleware that must know which operation a request
// is of, or who sent it.
func (s *Server) Contract() *contract.Contract { return s.contracts[0] }

// Handler returns the server as an http.Handler, for a server or a test of the caller's own. The
// limits on headers and time are Serve's.
func (s *Server) Handler() http.Handler { return s.echo }
