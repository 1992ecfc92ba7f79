package telemetry

import (
	"context"
	"log/slog"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/time/rate"
)

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
