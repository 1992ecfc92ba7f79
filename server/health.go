package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	livePath  = "/livez"
	readyPath = "/readyz"
	// probeLimit is how long a probe may take.
	probeLimit = 2 * time.Second
)

// addProbes adds /livez, which succeeds while the process serves, and /readyz, which succeeds while the
// server should get requests.
func (s *Server) addProbes() {
	get := []string{http.MethodGet, http.MethodHead}
	s.echo.Match(get, livePath, s.serveLive)
	s.echo.Match(get, readyPath, s.serveReady)
}

func (s *Server) serveLive(ec echo.Context) error {
	return ec.JSONBlob(http.StatusOK, []byte(`{"status":"ok"}`))
}

func (s *Server) serveReady(ec echo.Context) error {
	if s.draining.Err() != nil {
		return ec.JSONBlob(http.StatusServiceUnavailable, s.failureBody(ec, "The server is stopping."))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ec.Request().Context()), min(probeLimit, s.settings.timeLimit))
	defer cancel()
	if err := s.settings.ready(ctx); err != nil {
		s.settings.logger.LogAttrs(ctx, slog.LevelError, "the server is not ready", slog.Any("error", err))
		return ec.JSONBlob(http.StatusServiceUnavailable, s.failureBody(ec, "The server is not ready."))
	}
	return s.serveLive(ec)
}
