package telemetry_test

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
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

// checkLog checks the line of the access log for the request with an ID.
func (test requestTest) checkLog(t *testing.T, f *fixture, id string) {
	t.Helper()
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": test.method, "route": test.route, "status": float64(test.status),
		"code": test.code, "request_id": id, "address": "192.0.2.1", "account": test.account,
	}
	maps.DeleteFunc(want, func(_ string, value any) bool { return value == "" })
	lines := f.logged(t)
	if len(lines) != 1 {
		t.Fatalf("%d lines are logged", len(lines))
	}
	if ms, ok := lines[0]["duration_ms"].(float64); !ok || ms <= 0 || ms > 60_000 {
		t.Errorf("duration_ms is %v", lines[0]["duration_ms"])
	}
	for _, variable := range []string{"time", "duration_ms", "trace_id"} { // trace_id: see TestTraceparent
		delete(lines[0], variable)
	}
	if !reflect.DeepEqual(lines[0], want) {
		t.Errorf("logged %v, want %v", lines[0], want)
	}
}
