package telemetry

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Middleware returns a middleware that starts a span per request, named by the method and the route's
// pattern, and puts it into the request's context. The span continues the trace of the header traceparent
// (W3C Trace Context). It ignores tracestate and baggage, as their content is arbitrary.
//
// The span contains the method, the route, the status, the response's X-Request-Id and the account, as
// AccessLog records them. Its status is Error if the response's status is 5xx or the handler panics.
//
// The package otelecho (v0.60.0) cannot replace it: otelecho records the path, User-Agent, X-Forwarded-For and
// the text of errors, and has no option against that.
func (t *Tracing) Middleware(account func(principal any) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if t.tracer == nil {
			return next
		}
		return func(ec echo.Context) error {
			r := ec.Request()
			name := methodLabel(r)
			attributes := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(name)}
			if name == other {
				name, attributes[0] = "HTTP", semconv.HTTPRequestMethodOther
			}
			if route := ec.Path(); route != "" {
				name, attributes = name+" "+route, append(attributes, semconv.HTTPRoute(route))
			}
			parent := propagation.TraceContext{}.Extract(r.Context(), propagation.MapCarrier{"traceparent": r.Header.Get("traceparent")})
			ctx, span := t.tracer.Start(parent, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
			ec.SetRequest(r.WithContext(ctx))
			return measure(ec, next, func(r result) {
				setResult(span, ec, r, account)
				span.End()
			})
		}
	}
}

func setResult(span trace.Span, ec echo.Context, r result, account func(principal any) string) {
	if id := ec.Response().Header().Get(echo.HeaderXRequestID); id != "" {
		span.SetAttributes(attribute.String("billing.request_id", id))
	}
	if id := accountID(ec.Request().Context(), account); id != "" {
		span.SetAttributes(attribute.String("billing.account_id", id))
	}
	if r.status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(r.status))
	}
	if r.aborted {
		span.SetStatus(codes.Error, "aborted")
	} else if r.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}
