package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing makes traces and exports them. The zero value makes none, and costs nothing. It is safe for
// concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// scope is what made the spans.
const scope = "github.com/turbosmtp-go/billing/server/telemetry"

// NewTracing returns a Tracing that exports by OTLP over HTTP, in batches, when OpenTelemetry's standard
// environment variables say where to: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT.
// It makes no traces when neither is set, when OTEL_SDK_DISABLED is true, or when OTEL_TRACES_EXPORTER is
// none. It fails when OTEL_TRACES_EXPORTER is another than otlp, or when the exporter cannot be made.
//
// getenv decides on that alone. Everything else, from headers to the sampler (OTEL_TRACES_SAMPLER) and
// the bounds of the queue (OTEL_BSP_MAX_QUEUE_SIZE), OpenTelemetry reads from the process's environment
// by itself. The service's name is OTEL_SERVICE_NAME, or else serviceName.
//
// What cannot be exported is dropped, and logged once in a while. The default of logger is slog.Default.
func NewTracing(ctx context.Context, getenv func(string) string, serviceName string, logger *slog.Logger) (*Tracing, error) {
	if getenv == nil {
		return nil, errors.New("telemetry: there is no environment")
	}
	wanted, err := wantsTraces(getenv)
	if err != nil || !wanted {
		return &Tracing{}, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("telemetry: make the exporter of traces: %w", err)
	}
	return NewTracingTo(ctx, exporter, serviceName, logger)
}

// NewTracingTo returns a Tracing that gives its spans to exporter, in batches, whatever the environment
// says about exporters. All else is as with NewTracing.
func NewTracingTo(ctx context.Context, exporter sdktrace.SpanExporter, serviceName string, logger *slog.Logger) (*Tracing, error) {
	if exporter == nil || serviceName == "" {
		return nil, errors.New("telemetry: traces need an exporter and a service's name")
	}
	if logger == nil {
		logger = slog.Default()
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", serviceName)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv()) // the last one counts
	if err != nil {
		return nil, fmt.Errorf("telemetry: describe the service: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&loggedExporter{SpanExporter: exporter, logger: logger}),
		sdktrace.WithResource(about),
		sdktrace.WithoutPanicRecording()) // whose text may be anything
	return &Tracing{provider: provider, tracer: provider.Tracer(scope)}, nil
}

// wantsTraces reports whether the environment says that traces are exported, and where to.
func wantsTraces(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "", "otlp":
	default:
		return false, fmt.Errorf("telemetry: OTEL_TRACES_EXPORTER is %q, and only otlp and none are possible", exporter)
	}
	return getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "", nil
}

// Enabled reports whether traces are made.
func (t *Tracing) Enabled() bool { return t.provider != nil }

// Tracer makes spans, within those of Middleware where the context has one. It is nil when no traces are
// made, as Store takes it.
func (t *Tracing) Tracer() trace.Tracer { return t.tracer }

// Shutdown exports what is still queued, until ctx ends, and ends the exporter. No traces are made after
// it.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("telemetry: export the last traces: %w", err)
	}
	return nil
}
