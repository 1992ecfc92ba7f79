package server

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
)

// addProbes adds /livez, which answers while the process serves, and /readyz, which answers whether
// it should be sent requests.
func (s *Server) addProbes() {
	live := func(ec echo.Context) error {
		return ec.JSONBlob(http.StatusOK, []byte(`{"status":"ok"}`))
	}
	ready := func(ec echo.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ec.Request().Context()), s.settings.timeLimit)
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
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, "/livez", live)
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, "/readyz", ready)
}
