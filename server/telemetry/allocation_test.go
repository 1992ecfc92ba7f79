//go:build !race

package telemetry_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestAllocations has a budget of allocations for what is told of a request. The race detector allocates
// as well, so it is not run with it.
//
//nolint:paralleltest // others' allocations would be counted
func TestAllocations(t *testing.T) {
	metrics := telemetry.NewMetrics()
	log := telemetry.AccessLog(slog.New(slog.NewJSONHandler(nowhere{}, nil)), account)
	for _, row := range []struct {
		name        string
		middlewares []echo.MiddlewareFunc
		budget      float64
	}{
		{"metrics", []echo.MiddlewareFunc{metrics.Middleware}, 2},
		{"log", []echo.MiddlewareFunc{log}, 2},
		{"both", []echo.MiddlewareFunc{metrics.Middleware, log}, 3},
	} {
		e := echo.New()
		e.IPExtractor = echo.ExtractIPDirect()
		e.Use(row.middlewares...)
		e.POST("/orders", func(ec echo.Context) error { return ec.NoContent(http.StatusNoContent) })
		r, w := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("")), httptest.NewRecorder()
		if got := testing.AllocsPerRun(200, func() { e.ServeHTTP(w, r) }); got > row.budget {
			t.Errorf("%s: %v allocations, more than %v", row.name, got, row.budget)
		} else {
			t.Logf("%s: %v allocations", row.name, got)
		}
	}
}
