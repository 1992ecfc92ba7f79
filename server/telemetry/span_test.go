package telemetry_test

import (
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/gen/httpserver"
)

// checkSpan checks that there is one span, and that it has these attributes alone.
func checkSpan(t *testing.T, spans []sdktrace.ReadOnlySpan, id, method, route string, status int, account string) {
	t.Helper()
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	span := spans[0]
	name, wanted := method+" "+route, map[string]string{
		"http.request.method": method, "http.route": route, "billing.request_id": id,
		"billing.account_id": account, "http.response.status_code": strconv.Itoa(status),
	}
	if method == "other" {
		name, wanted["http.request.method"] = "HTTP "+route, "_OTHER"
	}
	if route == "unmatched" {
		name, wanted["http.route"] = strings.TrimSuffix(name, " "+route), ""
	}
	if span.Name() != name || span.SpanKind() != trace.SpanKindServer {
		t.Errorf("the span is %q, %v", span.Name(), span.SpanKind())
	}
	for _, attribute := range span.Attributes() {
		key := string(attribute.Key)
		if want, known := wanted[key]; !known || attribute.Value.String() != want {
			t.Errorf("the span has %s=%s, want %q", key, attribute.Value.String(), want)
		}
		delete(wanted, key)
	}
	for key, want := range wanted {
		if want != "" {
			t.Errorf("the span has no %s=%s", key, want)
		}
	}
	if failed := span.Status().Code == codes.Error; failed != (status >= 500) || len(span.Events()) > 0 {
		t.Errorf("the span's status is %v, its events are %v", span.Status(), span.Events())
	}
}

// TestTraceparent goes on with a client's trace, and takes nothing else from it.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for header, row := range map[string]struct{ goesOn, sampled bool }{
		"00-" + id + "-" + parent + "-01": {true, true},
		"00-" + id + "-" + parent + "-00": {true, false},
		"":                                {false, true},
		"00-" + secret:                    {false, true},
	} {
		var within trace.SpanContext
		o := observe(t, "tml", func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			within = trace.SpanContextFromContext(ctx)
			return sell(ctx)
		})
		r := purchase("active-"+secret, `{"amount":320}`)
		r.Header.Set("Traceparent", header)
		r.Header.Set("Tracestate", "vendor="+secret)
		r.Header.Set("Baggage", "key="+secret)
		o.handler.ServeHTTP(httptest.NewRecorder(), r)
		if !within.IsValid() || within.IsSampled() != row.sampled || (within.TraceID().String() == id) != row.goesOn || within.TraceState().Len() != 0 {
			t.Errorf("%q: within the span is %+v", header, within)
		}
		if line := o.logged(t)[0]; line["trace_id"] != within.TraceID().String() {
			t.Errorf("%q: logged %v", header, line)
		}
		spans := o.ended(t)
		if (len(spans) == 1) != row.sampled {
			t.Fatalf("%q: %d spans", header, len(spans))
		}
		if row.sampled && row.goesOn && spans[0].Parent().SpanID().String() != parent {
			t.Errorf("%q: the parent is %v", header, spans[0].Parent())
		}
		if text := describe(o.spans); strings.Contains(text, secret) {
			t.Errorf("a secret is told: %s", text)
		}
	}
}
