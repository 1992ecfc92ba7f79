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
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestNewTracing checks that OpenTelemetry's standard variables turn tracing on and off.
func TestNewTracing(t *testing.T) {
	t.Parallel()
	const endpoint, url = "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"
	for name, test := range map[string]struct {
		env              map[string]string
		enabled, refused bool
	}{
		"no variable":     {},
		"endpoint":        {env: map[string]string{endpoint: url}, enabled: true},
		"traces endpoint": {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url}, enabled: true},
		"disabled":        {env: map[string]string{endpoint: url, "OTEL_SDK_DISABLED": "TRUE"}},
		"not disabled":    {env: map[string]string{endpoint: url, "OTEL_SDK_DISABLED": "false"}, enabled: true},
		"none":            {env: map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "none"}},
		"otlp":            {env: map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "otlp"}, enabled: true},
		"zipkin":          {env: map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "zipkin"}, refused: true},
	} {
		tracing, err := telemetry.NewTracing(t.Context(), func(key string) string { return test.env[key] }, "billing", nil)
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if enabled := tracing.Tracer() != nil; enabled != test.enabled {
			t.Errorf("%s: enabled is %v", name, enabled)
		}
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := telemetry.NewTracing(t.Context(), nil, "billing", nil); err == nil {
		t.Error("a nil getenv is accepted")
	}
	if _, err := telemetry.NewTracingTo(t.Context(), nil, "billing", nil); err == nil {
		t.Error("a nil exporter is accepted")
	}
}

// TestExport exports spans to a collector, as the process's environment configures it.
func TestExport(t *testing.T) {
	for env, service := range map[string]string{"": "default-name", "environment-name": "environment-name"} {
		t.Run(service, func(t *testing.T) {
			received, header, path := &lockedBuffer{}, &lockedBuffer{}, &lockedBuffer{}
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(received, r.Body)
				_, _ = io.WriteString(header, r.Header.Get("Collector-Key"))
				_, _ = io.WriteString(path, r.URL.Path)
			}))
			t.Cleanup(collector.Close)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "collector-key=open")
			t.Setenv("OTEL_SERVICE_NAME", env)
			tracing, err := telemetry.NewTracing(t.Context(), os.Getenv, "default-name", nil)
			if err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, "", sell, server.WithMiddleware(tracing.Middleware(account)))
			f.handler.ServeHTTP(httptest.NewRecorder(), newPurchase("active-"+secret, `{"amount":320}`))
			f.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/checkout/"+secret, nil))
			if err := tracing.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			spans := received.String()
			for _, want := range []string{"POST " + buyPath, "GET /checkout/:token", "billing.account_id", "ann", service} {
				if !strings.Contains(spans, want) {
					t.Errorf("the collector does not receive %q", want)
				}
			}
			if strings.Contains(spans, secret) || env != "" && strings.Contains(spans, "default-name") {
				t.Errorf("the collector receives too much: %q", spans)
			}
			if header.String() != "open" || path.String() != "/v1/traces" {
				t.Errorf("the collector receives the header %q at %s", header, path)
			}
		})
	}
}

// TestFailedExport checks that failed exports are logged once per minute, and that Shutdown succeeds.
func TestFailedExport(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	tracing, err := telemetry.NewTracingTo(t.Context(), failingExporter{}, "test", slog.New(slog.NewTextHandler(&log, nil)))
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
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "collector is down") {
		t.Errorf("logged %s", &log)
	}
}

type failingExporter struct{}

func (failingExporter) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	return errors.New("collector is down")
}
func (failingExporter) Shutdown(context.Context) error { return nil }
