package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"
)

// Tracing records traces and exports them. The zero value records nothing and costs nothing. It is safe
// for concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// NewTracing returns a Tracing that exports by OTLP over HTTP, in batches, if OpenTelemetry's standard
// environment variables set an endpoint: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or
// OTEL_EXPORTER_OTLP_ENDPOINT. It records nothing if neither is set, if OTEL_SDK_DISABLED is true, or if
// OTEL_TRACES_EXPORTER is none. It returns an error if OTEL_TRACES_EXPORTER is anything but otlp or none, or
// if the exporter cannot be created.
//
// getenv is used for these variables only. OpenTelemetry reads all others from the process's environment,
// such as headers, the sampler (OTEL_TRACES_SAMPLER) and the size of the queue (OTEL_BSP_MAX_QUEUE_SIZE).
// The service's name is OTEL_SERVICE_NAME, or serviceName if that is not set.
//
// Spans that cannot be exported are dropped, and the failure is logged at most once per minute. A nil
// logger is slog.Default().
func NewTracing(ctx context.Context, getenv func(string) string, serviceName string, logger *slog.Logger) (*Tracing, error) {
	if getenv == nil {
		return nil, errors.New("telemetry: getenv is nil")
	}
	enabled, err := tracesEnabled(getenv)
	if err != nil || !enabled {
		return &Tracing{}, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("telemetry: create the OTLP exporter: %w", err)
	}
	return NewTracingTo(ctx, exporter, serviceName, logger)
}

// NewTracingTo returns a Tracing that exports to exporter, in batches, whatever the environment's
// variables for exporters are. Everything else is as for NewTracing.
func NewTracingTo(ctx context.Context, exporter sdktrace.SpanExporter, serviceName string, logger *slog.Logger) (*Tracing, error) {
	if exporter == nil || serviceName == "" {
		return nil, errors.New("telemetry: tracing needs an exporter and a service name")
	}
	service, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", serviceName)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv()) // the last one wins
	if err != nil {
		return nil, fmt.Errorf("telemetry: create the service's resource: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&loggedExporter{exporter, cmp.Or(logger, slog.Default()), rate.Sometimes{Interval: time.Minute}}),
		sdktrace.WithResource(service),
		sdktrace.WithoutPanicRecording()) // a panic's text may contain anything
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/turbosmtp-go/billing/server/telemetry")}, nil
}

// tracesEnabled reports whether the environment asks for traces.
func tracesEnabled(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	exporter := getenv("OTEL_TRACES_EXPORTER")
	if exporter == "none" {
		return false, nil
	}
	if exporter != "" && exporter != "otlp" {
		return false, fmt.Errorf("telemetry: OTEL_TRACES_EXPORTER is %q; set it to otlp or none", exporter)
	}
	return getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "", nil
}

// Tracer returns the tracer of Middleware's spans, to add spans within them. It is nil if no traces are recorded.
func (t *Tracing) Tracer() trace.Tracer { return t.tracer }

// Shutdown exports the queued spans until ctx ends, and closes the exporter. No spans are recorded after it.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("telemetry: export the last traces: %w", err)
	}
	return nil
}

// loggedExporter logs failed exports. OpenTelemetry itself reports them to an error handler that is
// global to the process.
type loggedExporter struct {
	sdktrace.SpanExporter
	logger *slog.Logger
	often  rate.Sometimes // limits the log lines: a collector is usually away for a while
}

// ExportSpans exports spans, and drops those that it cannot export.
func (e *loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.often.Do(func() {
			e.logger.LogAttrs(ctx, slog.LevelWarn, "traces were not exported; further failures within a minute are not logged",
				slog.Int("spans", len(spans)), slog.Any("error", err))
		})
	}
	return nil
}
