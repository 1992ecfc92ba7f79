package telemetry

import (
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"
)

// AccessLog logs each request once it is answered, in a line "request" at Info, or at Debug for the
// probes /livez and /readyz. The line has these attributes:
//
//   - method: one that everybody knows, or "other";
//   - route: the route's pattern, or "unmatched";
//   - status: the answer's, 0 when there was none;
//   - code: the document's error code, when the answer is of a check that has one;
//   - request_id: the answer's X-Request-Id;
//   - duration_ms: how long it took;
//   - address: where the request came from;
//   - account: what account returns for the request's principal, also for one that was denied. It is left
//     out when nobody was found; account may be nil. It must not return a credential;
//   - aborted: true, only when a panic went past, so that the answer is missing or broken off;
//   - trace_id: the request's trace, only where there is one.
//
// The default of logger is slog.Default. Failures are turned into answers: they are given to
// echo.Context's Error, and nil is returned. So a middleware around this one sees the answer alone; one
// that must see the error, as the sandbox's journal does, goes within the outermost of this package's.
func AccessLog(logger *slog.Logger, account func(principal any) string) echo.MiddlewareFunc {
	if logger == nil {
		logger = slog.Default()
	}
	l := &accessLog{handler: logger.Handler(), account: account}
	switch l.handler.(type) {
	case *slog.JSONHandler, *slog.TextHandler:
		l.written = new(table[slog.Handler])
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			if ec.Get(exchangeKey) == nil && !l.handler.Enabled(ec.Request().Context(), levelOf(ec.Path())) {
				return next(ec)
			}
			return around(ec, next, l)
		}
	}
}

// levelOf returns the level at which requests of a route are logged. Probes come all the time.
func levelOf(route string) slog.Level {
	if route == "/livez" || route == "/readyz" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

type accessLog struct {
	handler slog.Handler
	account func(principal any) string
	// written are handlers that have made text of what is the same for all requests with an outcome. It is nil
	// for a handler that may want to look at that in each record.
	written *table[slog.Handler]
}

func (l *accessLog) observe(ec echo.Context, x *exchange) {
	r := ec.Request()
	ctx, level := r.Context(), levelOf(ec.Path())
	if !l.handler.Enabled(ctx, level) {
		return
	}
	var room [10]slog.Attr
	o, handler, line := x.outcome(), l.handler, room[:0]
	if l.written != nil {
		handler = l.written.get(o, func() slog.Handler { return l.handler.WithAttrs(o.attributes(nil)) })
	} else {
		line = o.attributes(line)
	}
	line = append(line,
		slog.String("request_id", ec.Response().Header().Get(echo.HeaderXRequestID)),
		slog.Float64("duration_ms", float64(x.took.Round(time.Microsecond))/float64(time.Millisecond)),
		slog.String("address", ec.RealIP()))
	if account := principal(ctx, l.account); account != "" {
		line = append(line, slog.String("account", account))
	}
	if x.aborted {
		line = append(line, slog.Bool("aborted", true))
	}
	if of := trace.SpanContextFromContext(ctx); of.HasTraceID() {
		line = append(line, slog.String("trace_id", of.TraceID().String()))
	}
	// A Logger would look for the line of code that logs, which is always this one.
	record := slog.NewRecord(x.began.Add(x.took), level, "request", 0)
	record.AddAttrs(line...)
	_ = handler.Handle(ctx, record)
}
