package telemetry_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestProbes checks that probes are logged at level Debug.
func TestProbes(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelDebug} {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
		f := newFixture(t, "", sell, server.WithMiddleware(telemetry.AccessLog(logger, nil)))
		for _, path := range []string{"/livez", "/readyz"} {
			log.Reset()
			f.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
			if (level == slog.LevelDebug) != strings.Contains(log.String(), "level=DEBUG msg=request") {
				t.Errorf("at level %v, %s logs %q", level, path, &log)
			}
		}
	}
}
