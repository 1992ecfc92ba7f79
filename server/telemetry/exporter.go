package telemetry

import (
	"context"
	"log/slog"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// loggedExporter logs failed exports. OpenTelemetry itself reports them to an error handler that is
// global to the process.
type loggedExporter struct {
	sdktrace.SpanExporter
	logger     *slog.Logger
	lastLogged time.Time
}

// minLogInterval is the minimum time between two log lines: a collector is usually away for a while.
const minLogInterval = time.Minute

// ExportSpans exports spans, and drops those that it cannot export. The SDK does not call it concurrently.
func (e *loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && time.Since(e.lastLogged) >= minLogInterval {
		e.lastLogged = time.Now()
		e.logger.LogAttrs(ctx, slog.LevelWarn, "traces were not exported; further failures within a minute are not logged",
			slog.Int("spans", len(spans)), slog.Any("error", err))
	}
	return nil
}
