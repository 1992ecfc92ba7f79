package instrument_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/internal/store/instrument"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
)

// secret is each text argument of a store's method, and part of the text of each error.
const secret = "s3cr3t-0123456789"

// TestConformance checks that a wrapped store is still a store.
func TestConformance(t *testing.T) {
	t.Parallel()
	metrics, _ := newMetrics(t)
	tracer, _ := newTracer()
	storetest.Run(t, func(t testing.TB) billing.Store {
		inner, err := sqlite.Open(t.Context(), sqlite.Memory)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = inner.Close() })
		return instrument.Wrap(inner, metrics, tracer)
	})
}

// TestOperations checks the metrics and the span of each method of a store, here a closed one.
func TestOperations(t *testing.T) {
	t.Parallel()
	metrics, registry := newMetrics(t)
	tracer, spans := newTracer()
	inner, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	store := instrument.Wrap(inner, metrics, tracer)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, parent := tracer.Start(t.Context(), "request")
	methods := callAll(t, ctx, store)
	if again := callAll(t, t.Context(), store); len(spans.GetSpans()) != len(again) {
		t.Errorf("calls without a span in their context start %d spans", len(spans.GetSpans())-len(methods))
	}
	for i, method := range methods {
		if span := spans.GetSpans()[i]; span.Name != "store."+method || span.Parent.SpanID() != parent.SpanContext().SpanID() {
			t.Errorf("the span of %s is %+v", method, span)
		}
	}
	text := scrape(t, registry)
	for _, method := range methods {
		label := snakeCase(method)
		for _, line := range []string{
			fmt.Sprintf(`billing_store_operations_total{operation=%q,outcome="failed"} 2`, label),
			fmt.Sprintf(`billing_store_operations_total{operation=%q,outcome="ok"} 0`, label),
			fmt.Sprintf("billing_store_operation_duration_seconds_count{operation=%q} 2", label),
		} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("the scrape does not contain %s", line)
			}
		}
	}
	if !strings.Contains(text, `billing_store_operations_total{operation="close",outcome="ok"} 1`) {
		t.Error("Close is not counted")
	}
	checkSecrets(t, text, spans)
}

// TestOutcomes checks the outcome that is recorded for each kind of error, by both parts and by each alone.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []outcomeTest{
		{nil, "ok", codes.Unset},
		{billing.ErrNotFound, "refused", codes.Unset},
		{billing.ErrTokenTaken, "refused", codes.Unset},
		{billing.ErrSettled, "refused", codes.Unset},
		{billing.ErrUnknownAccount, "refused", codes.Unset},
		{billing.ErrAccountTaken, "refused", codes.Unset},
		{billing.ErrKeyTaken, "refused", codes.Unset},
		{billing.ErrUnavailable, "unavailable", codes.Error},
		{billing.ErrStoreClosed, "failed", codes.Error},
		{context.DeadlineExceeded, "failed", codes.Error},
		{errors.New("driver error"), "failed", codes.Error},
	} {
		t.Run(fmt.Sprint(test.err), func(t *testing.T) {
			t.Parallel()
			returned := test.err
			if returned != nil {
				returned = fmt.Errorf("%s: %w", secret, test.err)
			}
			metrics, registry := newMetrics(t)
			tracer, spans := newTracer()
			inner := stubStore{err: returned}
			if instrument.Wrap(inner, nil, nil) != billing.Store(inner) {
				t.Error("a store without metrics and traces is wrapped")
			}
			ctx, _ := tracer.Start(t.Context(), "request")
			for _, store := range []billing.Store{
				instrument.Wrap(inner, metrics, tracer), instrument.Wrap(inner, metrics, nil), instrument.Wrap(inner, nil, tracer),
			} {
				if err := store.Ping(ctx); err != returned { //nolint:errorlint // the error must be the same
					t.Errorf("Ping returns %v", err)
				}
			}
			text := scrape(t, registry)
			test.checkMetrics(t, text)
			test.checkSpans(t, spans.GetSpans())
			checkSecrets(t, text, spans)
		})
	}
}

// outcomeTest is a row of TestOutcomes: the error of Ping, and the outcome and the span status of it.
type outcomeTest struct {
	err     error
	outcome string
	status  codes.Code
}

// checkMetrics checks that two calls of Ping are counted, both with the outcome of the row.
func (test outcomeTest) checkMetrics(t *testing.T, text string) {
	t.Helper()
	for _, outcome := range []string{"ok", "refused", "unavailable", "failed"} {
		count := 0
		if outcome == test.outcome {
			count = 2
		}
		line := fmt.Sprintf("billing_store_operations_total{operation=\"ping\",outcome=%q} %d\n", outcome, count)
		if !strings.Contains(text, line) {
			t.Errorf("the scrape does not contain %s", line)
		}
	}
}

// checkSpans checks that two calls of Ping have a span, both with the outcome and the status of the row.
func (test outcomeTest) checkSpans(t *testing.T, spans tracetest.SpanStubs) {
	t.Helper()
	if len(spans) != 2 {
		t.Errorf("%d spans", len(spans))
	}
	want := []attribute.KeyValue{attribute.String("billing.store.outcome", test.outcome)}
	for _, span := range spans {
		if !slices.Equal(span.Attributes, want) || span.Status != (sdktrace.Status{Code: test.status}) || len(span.Events) > 0 {
			t.Errorf("the span is %+v", span)
		}
	}
}

// stubStore is a store whose Ping returns err.
type stubStore struct {
	billing.Store
	err error
}

func (s stubStore) Ping(context.Context) error { return s.err }

// checkSecrets checks that neither an argument nor the text of an error is recorded.
func checkSecrets(t *testing.T, metrics string, spans *tracetest.InMemoryExporter) {
	t.Helper()
	recorded, err := json.Marshal(spans.GetSpans())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(metrics+string(recorded), secret) {
		t.Errorf("a secret is recorded: %s %s", metrics, recorded)
	}
}

// TestMetrics checks what Prometheus receives, by the rules of its own linter.
func TestMetrics(t *testing.T) {
	t.Parallel()
	m, registry := newMetrics(t)
	if _, err := instrument.NewMetrics(registry); err == nil {
		t.Error("two stores share a registry")
	}
	if strings.Contains(scrape(t, registry), "pool") {
		t.Error("the scrape contains a pool before WatchPool")
	}
	m.ObserveBatch(groupcommit.Batch{Size: 3, Took: 2 * time.Millisecond})
	m.ObserveBatch(groupcommit.Batch{Size: 4, Took: 2 * time.Millisecond})
	m.ObserveBatch(groupcommit.Batch{Size: 200, Took: time.Second, Err: errors.New("full")})
	m.WatchPool(func() (inUse, idle, limit int) { return 2, 3, 8 })
	text := scrape(t, registry)
	for _, line := range []string{
		`billing_store_batch_size_bucket{le="2"} 0`, `billing_store_batch_size_bucket{le="4"} 2`, `billing_store_batch_size_bucket{le="256"} 3`,
		`billing_store_batch_duration_seconds_count 3`, `billing_store_batch_failures_total 1`,
		`billing_store_pool_connections{state="in_use"} 2`, `billing_store_pool_connections{state="idle"} 3`, `billing_store_pool_max_connections 8`,
		`billing_store_operations_total{operation="create_purchase",outcome="ok"} 0`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the scrape does not contain %s", line)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter finds %v, %v", problems, err)
	}
}

func newMetrics(t *testing.T) (*instrument.Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	metrics, err := instrument.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return metrics, registry
}

func newTracer() (trace.Tracer, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	return sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test"), spans
}

// scrape returns the metrics in Prometheus' text format.
func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape fails: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// callAll calls every method of a closed store but Close, with the secret as each text, and returns the names
// of the methods.
func callAll(t *testing.T, ctx context.Context, store billing.Store) []string { //nolint:revive // t comes first in tests
	t.Helper()
	var names []string
	methods := reflect.TypeFor[billing.Store]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		if name == "Close" {
			continue
		}
		names = append(names, name)
		method := reflect.ValueOf(store).MethodByName(name)
		var arguments []reflect.Value
		for k := range method.Type().NumIn() {
			argument := reflect.New(method.Type().In(k)).Elem()
			switch argument.Addr().Interface().(type) {
			case *context.Context:
				argument.Set(reflect.ValueOf(ctx))
			case *string:
				argument.SetString(secret)
			case *int:
				argument.SetInt(1)
			case *billing.Page:
				argument.Set(reflect.ValueOf(billing.Page{Limit: 1}))
			case *billing.Purchase:
				argument.Set(reflect.ValueOf(billing.Purchase{Token: secret, AccountID: secret}))
			case *[]billing.Key: // the variadic argument
				continue
			}
			arguments = append(arguments, argument)
		}
		results := method.Call(arguments)
		if err, _ := results[len(results)-1].Interface().(error); !errors.Is(err, billing.ErrStoreClosed) {
			t.Errorf("%s of a closed store returns %v", name, err)
		}
	}
	return names
}

// snakeCase returns a method's name in the form of a label.
func snakeCase(name string) string {
	var label strings.Builder
	for i, c := range name {
		if i > 0 && 'A' <= c && c <= 'Z' {
			label.WriteByte('_')
		}
		label.WriteRune(c)
	}
	return strings.ToLower(label.String())
}
