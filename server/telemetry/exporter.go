package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// loggedExporter logs what cannot be exported. OpenTelemetry's own way to tell is one for the whole
// process, which prints.
type loggedExporter struct {
	sdktrace.SpanExporter
	logger *slog.Logger
	last   atomic.Int64 // when it was logged, in nanoseconds since 1970
}

// failuresEvery is how often a failure is logged at most: a collector that is away is away for a while.
const failuresEvery = time.Minute

// ExportSpans exports spans, and drops those that it cannot.
func (e *loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	now := time.Now().UnixNano()
	if last := e.last.Load(); now-last >= int64(failuresEvery) && e.last.CompareAndSwap(last, now) {
		e.logger.LogAttrs(ctx, slog.LevelWarn, "traces were not exported; others within a minute of it are not logged",
			slog.Int("spans", len(spans)), slog.Any("error", err))
	}
	return nil
}
