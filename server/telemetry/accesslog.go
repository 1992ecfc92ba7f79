package telemetry

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"
)

// AccessLog returns a middleware that logs one line "request" per request after its response: at level
// Info, or Debug for the probes /livez and /readyz. The line has these attributes:
//
//   - method: the method, or "other" if no RFC defines it;
//   - route: the route's pattern, or "unmatched";
//   - status: the response's status, 0 without a response;
//   - code: the document's error code, only if the contract refused the request with one;
//   - request_id: the response's X-Request-Id;
//   - duration_ms: the duration in milliseconds, with microsecond precision;
//   - address: the client's IP address, as echo.Context's RealIP returns it;
//   - account: the result of account for the authenticated principal, also for a principal that was
//     denied. It is missing when there is no principal, the result is empty or account is nil. account must not
//     return a credential;
//   - aborted: true, only if the handler panicked, so that the response is missing or incomplete;
//   - trace_id: the ID of the request's trace, only if it has one.
//
// A nil logger is slog.Default().
func AccessLog(logger *slog.Logger, account func(principal any) string) echo.MiddlewareFunc {
	handler := cmp.Or(logger, slog.Default()).Handler()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			return measure(ec, next, func(r result) {
				ctx, level := ec.Request().Context(), slog.LevelInfo
				if route := ec.Path(); route == "/livez" || route == "/readyz" {
					level = slog.LevelDebug // Probes are too frequent for Info.
				}
				if !handler.Enabled(ctx, level) {
					return
				}
				line := slog.NewRecord(time.Now(), level, "request", 0) // a Logger would find the caller, which is always this one
				line.AddAttrs(requestAttributes(ec, r, account)...)
				_ = handler.Handle(ctx, line)
			})
		}
	}
}

func requestAttributes(ec echo.Context, r result, account func(principal any) string) []slog.Attr {
	ctx := ec.Request().Context()
	attributes := append(make([]slog.Attr, 0, 10),
		slog.String("method", methodLabel(ec.Request())),
		slog.String("route", routeLabel(ec)),
		slog.Int("status", r.status))
	if r.code != "" {
		attributes = append(attributes, slog.String("code", r.code))
	}
	attributes = append(attributes,
		slog.String("request_id", ec.Response().Header().Get(echo.HeaderXRequestID)),
		slog.Float64("duration_ms", float64(r.duration.Microseconds())/1000),
		slog.String("address", ec.RealIP()))
	if id := accountID(ctx, account); id != "" {
		attributes = append(attributes, slog.String("account", id))
	}
	if r.aborted {
		attributes = append(attributes, slog.Bool("aborted", true))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		attributes = append(attributes, slog.String("trace_id", span.TraceID().String()))
	}
	return attributes
}
