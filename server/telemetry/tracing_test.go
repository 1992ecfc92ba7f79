package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestWhetherToTrace: the standard variables decide.
func TestWhetherToTrace(t *testing.T) {
	t.Parallel()
	const endpoint, url = "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"
	for name, row := range map[string]struct {
		env         map[string]string
		on, refused bool
	}{
		"nothing":          {},
		"an endpoint":      {env: map[string]string{endpoint: url}, on: true},
		"for traces alone": {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url}, on: true},
		"disabled":         {env: map[string]string{endpoint: url, "OTEL_SDK_DISABLED": "TRUE"}},
		"not disabled":     {env: map[string]string{endpoint: url, "OTEL_SDK_DISABLED": "false"}, on: true},
		"none":             {env: map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "none"}},
		"otlp":             {env: map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "otlp"}, on: true},
		"another":          {env: map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "zipkin"}, refused: true},
	} {
		tracing, err := telemetry.NewTracing(t.Context(), func(key string) string { return row.env[key] }, "billing", nil)
		if (err != nil) != row.refused {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if tracing.Enabled() != row.on || (tracing.Tracer() != nil) != row.on {
			t.Errorf("%s: on is %v", name, tracing.Enabled())
		}
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := telemetry.NewTracing(t.Context(), nil, "billing", nil); err == nil {
		t.Error("no environment is taken")
	}
	if _, err := telemetry.NewTracingTo(t.Context(), nil, "billing", nil); err == nil {
		t.Error("no exporter is taken")
	}
}

// TestExport sends spans to a collector, as the process's environment says.
func TestExport(t *testing.T) {
	for _, named := range []string{"", "named-by-the-environment"} {
		t.Run("named "+named, func(t *testing.T) {
			var lock sync.Mutex
			var received, header, path string
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				lock.Lock()
				defer lock.Unlock()
				received, header, path = received+string(body), r.Header.Get("Collector-Key"), r.URL.Path
			}))
			t.Cleanup(collector.Close)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "collector-key=open")
			t.Setenv("OTEL_SERVICE_NAME", named)
			tracing, err := telemetry.NewTracing(t.Context(), os.Getenv, "named-by-default", nil)
			if err != nil {
				t.Fatal(err)
			}
			o := observe(t, "", sell, server.WithMiddleware(tracing.Middleware(account)))
			o.handler.ServeHTTP(httptest.NewRecorder(), purchase("active-"+secret, `{"amount":320}`))
			o.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/checkout/"+secret, nil))
			if err := tracing.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			lock.Lock()
			defer lock.Unlock()
			name := named
			if name == "" {
				name = "named-by-default"
			}
			for _, want := range []string{"POST " + buyPath, "GET /checkout/:token", "billing.account_id", "ann", name} {
				if !strings.Contains(received, want) {
					t.Errorf("the collector did not get %q", want)
				}
			}
			if strings.Contains(received, secret) || named != "" && strings.Contains(received, "named-by-default") {
				t.Errorf("the collector got too much: %q", received)
			}
			if header != "open" || path != "/v1/traces" {
				t.Errorf("the collector got the header %q at %s", header, path)
			}
		})
	}
}

// TestExportFails: what a collector does not take is logged once, and holds nothing up.
func TestExportFails(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	tracing, err := telemetry.NewTracingTo(t.Context(), broken{}, "test", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 5000 {
		_, span := tracing.Tracer().Start(t.Context(), "work")
		span.End()
	}
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "not taken") {
		t.Errorf("logged %s", &log)
	}
}

// dropped is an exporter that exports nothing.
type dropped struct{}

func (dropped) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (dropped) Shutdown(context.Context) error                             { return nil }

// broken is an exporter that fails.
type broken struct{ dropped }

func (broken) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	return errors.New("not taken")
}
