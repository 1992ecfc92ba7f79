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
	// probeLimit is how long a probe may take: who asks does not wait long.
	probeLimit = 2 * time.Second
)

// addProbes adds /livez, which answers while the process serves, and /readyz, which answers whether
// it should be sent requests.
func (s *Server) addProbes() {
	live := func(ec echo.Context) error {
		return ec.JSONBlob(http.StatusOK, []byte(`{"status":"ok"}`))
	}
	ready := func(ec echo.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ec.Request().Context()), min(probeLimit, s.settings.timeLimit))
		defer cancel()
		if s.stopping.Load() {
			return ec.JSONBlob(http.StatusServiceUnavailable, s.failure(ec, "The server is stopping."))
		}
		if err := s.settings.ready(ctx); err != nil {
			s.settings.logger.LogAttrs(ctx, slog.LevelError, "the server is not ready", slog.Any("error", err))
			return ec.JSONBlob(http.StatusServiceUnavailable, s.failure(ec, "The server is not ready."))
		}
		return live(ec)
	}
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, livePath, live)
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, readyPath, ready)
}
