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

// Attributes of a span that OpenTelemetry has no name for.
const (
	requestIDKey = attribute.Key("billing.request_id")
	accountIDKey = attribute.Key("billing.account_id")
)

// Middleware makes a span of each request, named by its method and its route's pattern, and puts it in
// the request's context. It goes on with the trace that the header traceparent names (W3C Trace Context);
// tracestate is left aside, since anything may be in it. The span holds the method, the route, the
// status, the answer's X-Request-Id and the account, which account names as AccessLog's does; it failed
// when the status is 5xx, or when a panic went past. Failures are turned into answers, as AccessLog does.
func (t *Tracing) Middleware(account func(principal any) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if t.tracer == nil {
			return next
		}
		return func(ec echo.Context) error {
			r := ec.Request()
			method, name := methodOf(r), methodOf(r)
			if method == other {
				method, name = semconv.HTTPRequestMethodOther.Value.AsString(), "HTTP"
			}
			attributes := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(method)}
			if route := ec.Path(); route != "" {
				name += " " + route
				attributes = append(attributes, semconv.HTTPRoute(route))
			}
			parent := propagation.TraceContext{}.Extract(r.Context(), traceparent(r.Header))
			ctx, span := t.tracer.Start(parent, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
			ec.SetRequest(r.WithContext(ctx))
			return around(ec, next, requestSpan{span, account})
		}
	}
}

// requestSpan is the span of a request.
type requestSpan struct {
	trace.Span
	account func(principal any) string
}

func (s requestSpan) observe(ec echo.Context, x *exchange) {
	defer s.End()
	if !s.IsRecording() {
		return
	}
	if id := ec.Response().Header().Get(echo.HeaderXRequestID); id != "" {
		s.SetAttributes(requestIDKey.String(id))
	}
	if account := principal(ec.Request().Context(), s.account); account != "" {
		s.SetAttributes(accountIDKey.String(account))
	}
	if x.status != 0 {
		s.SetAttributes(semconv.HTTPResponseStatusCode(x.status))
	}
	if x.aborted {
		s.SetStatus(codes.Error, "aborted")
	} else if x.status >= http.StatusInternalServerError {
		s.SetStatus(codes.Error, "")
	}
}

// traceparent is a header of which only traceparent is read.
type traceparent http.Header

var _ propagation.TextMapCarrier = traceparent(nil)

// Get returns the header's value.
func (t traceparent) Get(key string) string {
	if key != "traceparent" {
		return ""
	}
	return http.Header(t).Get(key)
}

// Set does nothing: a request is only read.
func (t traceparent) Set(string, string) {}

// Keys returns the one name.
func (t traceparent) Keys() []string { return []string{"traceparent"} }
