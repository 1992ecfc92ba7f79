package telemetry_test

import (
	"context"
	"maps"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/gen/httpserver"
)

// checkSpan checks that there is one span, with exactly these attributes.
func checkSpan(t *testing.T, spans []sdktrace.ReadOnlySpan, id, method, route string, status int, account string) {
	t.Helper()
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	span := spans[0]
	name, want := method+" "+route, map[string]string{
		"http.request.method": method, "http.route": route, "billing.request_id": id,
		"billing.account_id": account, "http.response.status_code": strconv.Itoa(status),
	}
	if method == "other" {
		name, want["http.request.method"] = "HTTP "+route, "_OTHER"
	}
	if route == "unmatched" {
		name, want["http.route"] = strings.TrimSuffix(name, " "+route), ""
	}
	if span.Name() != name || span.SpanKind() != trace.SpanKindServer {
		t.Errorf("the span is %q, %v", span.Name(), span.SpanKind())
	}
	maps.DeleteFunc(want, func(_, value string) bool { return value == "" })
	got := map[string]string{}
	for _, attribute := range span.Attributes() {
		got[string(attribute.Key)] = attribute.Value.String()
	}
	if !maps.Equal(got, want) {
		t.Errorf("the span's attributes are %v, want %v", got, want)
	}
	if failed := span.Status().Code == codes.Error; failed != (status >= 500) || len(span.Events()) > 0 {
		t.Errorf("the span's status is %v, its events are %v", span.Status(), span.Events())
	}
}

// TestTraceparent checks that a span continues a client's trace, and takes nothing else from the client.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for header, test := range map[string]struct{ continued, sampled bool }{
		"00-" + id + "-" + parent + "-01": {true, true},
		"00-" + id + "-" + parent + "-00": {true, false},
		"":                                {false, true},
		"00-" + secret:                    {false, true},
	} {
		var span trace.SpanContext
		f := newFixture(t, "ltm", func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			span = trace.SpanContextFromContext(ctx)
			return sell(ctx)
		})
		r := newPurchase("active-"+secret, `{"amount":320}`)
		r.Header.Set("Traceparent", header)
		r.Header.Set("Tracestate", "vendor="+secret)
		r.Header.Set("Baggage", "key="+secret)
		f.handler.ServeHTTP(httptest.NewRecorder(), r)
		if !span.IsValid() || span.IsSampled() != test.sampled || (span.TraceID().String() == id) != test.continued || span.TraceState().Len() != 0 {
			t.Errorf("%q: the handler's span is %+v", header, span)
		}
		if line := f.logged(t)[0]; line["trace_id"] != span.TraceID().String() {
			t.Errorf("%q: logged %v", header, line)
		}
		spans := f.exported(t)
		if (len(spans) == 1) != test.sampled {
			t.Fatalf("%q: %d spans", header, len(spans))
		}
		if test.sampled && test.continued && spans[0].Parent().SpanID().String() != parent {
			t.Errorf("%q: the parent is %v", header, spans[0].Parent())
		}
		f.checkSecrets(t)
	}
}

// TestPanicText checks that a span of Tracer does not contain the text of a panic.
func TestPanicText(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "", sell)
	func() {
		defer func() { _ = recover() }()
		_, span := f.tracing.Tracer().Start(t.Context(), "work")
		defer span.End()
		panic(secret)
	}()
	if spans := f.exported(t); len(spans) != 1 || len(spans[0].Events()) > 0 {
		t.Errorf("the spans are %s", describe(f.spans))
	}
}
