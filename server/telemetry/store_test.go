package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
	"github.com/turbosmtp-go/billing/server/internal/store/storetest"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestStoreIsOne: what a store is held to, it is held to when it is observed.
func TestStoreIsOne(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics()
	tracing := newTracing(t, tracetest.NewInMemoryExporter())
	storetest.Run(t, func(t testing.TB) billing.Store {
		inner, err := sqlite.Open(t.Context(), sqlite.Memory)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = inner.Close() })
		return telemetry.Store(inner, metrics, tracing.Tracer())
	})
}

// TestEveryOperation calls each method of a store with secrets, which answers each error, and looks at
// what is told of it.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err     error
		outcome string
		failed  bool
	}{
		{nil, "ok", false},
		{billing.ErrNotFound, "refused", false},
		{billing.ErrTokenTaken, "refused", false},
		{billing.ErrSettled, "refused", false},
		{billing.ErrUnknownAccount, "refused", false},
		{billing.ErrAccountTaken, "refused", false},
		{billing.ErrKeyTaken, "refused", false},
		{billing.ErrUnavailable, "unavailable", true},
		{billing.ErrStoreClosed, "failed", true},
		{context.DeadlineExceeded, "failed", true},
		{errors.New("of a driver"), "failed", true},
	} {
		wrapped := row.err
		if wrapped != nil {
			wrapped = fmt.Errorf("%s: %w", secret, row.err)
		}
		kept, metrics := tracetest.NewInMemoryExporter(), telemetry.NewMetrics()
		tracing := newTracing(t, kept)
		inner := &answering{err: wrapped}
		store := telemetry.Store(inner, metrics, tracing.Tracer())
		if unwrapper, ok := store.(interface{ Unwrap() billing.Store }); !ok || unwrapper.Unwrap() != billing.Store(inner) {
			t.Error("the inner store is not found")
		}
		ctx, parent := tracing.Tracer().Start(t.Context(), "request")
		methods := callAll(t, ctx, store, wrapped)
		callAll(t, t.Context(), store, wrapped) // without a parent, which makes no span
		parent.End()
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		spans := map[string]tracetest.SpanStub{}
		for _, span := range kept.GetSpans() {
			spans[span.Name] = span
		}
		if len(kept.GetSpans()) != len(methods)+1-1 { // one for each but Close, and the parent's
			t.Errorf("%d spans of %d methods", len(kept.GetSpans()), len(methods))
		}
		totals := counted(t, metrics.Registry(), "billing_store_operations_total")
		times := counted(t, metrics.Registry(), "billing_store_operation_duration_seconds")
		sum := 0.0
		for _, n := range totals {
			sum += n
		}
		if want := float64(2 * len(methods)); sum != want || len(times) != len(methods) {
			t.Errorf("%v operations were counted, not %v", sum, want)
		}
		for _, method := range methods {
			label := snake(method)
			if totals["operation="+label+",outcome="+row.outcome] != 2 || times["operation="+label] != 2 {
				t.Errorf("%s that answers %v is not counted as %s", method, row.err, row.outcome)
			}
			span, ok := spans["store."+method]
			if !ok {
				if method != "Close" {
					t.Errorf("%s has no span", method)
				}
				continue
			}
			if (span.Status.Code == codes.Error) != row.failed || span.Status.Description != "" || len(span.Attributes) != 1 ||
				span.Attributes[0].Value.AsString() != row.outcome || len(span.Events) > 0 || span.Parent.SpanID() != parent.SpanContext().SpanID() {
				t.Errorf("the span of %s that answers %v is %+v", method, row.err, span)
			}
		}
		if text := describe(kept) + fmt.Sprint(totals); strings.Contains(text, secret) {
			t.Errorf("a secret is told: %s", text)
		}
	}
}

// TestStoreWithHalf observes with one of the two, or with none.
func TestStoreWithHalf(t *testing.T) {
	t.Parallel()
	inner := &answering{}
	if telemetry.Store(inner, nil, new(telemetry.Tracing).Tracer()) != billing.Store(inner) {
		t.Error("a store that nobody observes is wrapped")
	}
	metrics := telemetry.NewMetrics()
	callAll(t, t.Context(), telemetry.Store(inner, metrics, nil), nil)
	if got := counted(t, metrics.Registry(), "billing_store_operations_total")["operation=settle,outcome=ok"]; got != 1 {
		t.Errorf("%v were counted", got)
	}
	kept := tracetest.NewInMemoryExporter()
	tracing := newTracing(t, kept)
	ctx := trace.ContextWithSpan(t.Context(), func() trace.Span { _, span := tracing.Tracer().Start(t.Context(), "request"); return span }())
	callAll(t, ctx, telemetry.Store(inner, nil, tracing.Tracer()), nil)
	if err := tracing.Shutdown(t.Context()); err != nil || len(kept.GetSpans()) == 0 {
		t.Errorf("%d spans, %v", len(kept.GetSpans()), err)
	}
}

func newTracing(t *testing.T, kept *tracetest.InMemoryExporter) *telemetry.Tracing {
	t.Helper()
	tracing, err := telemetry.NewTracingTo(t.Context(), keptSpans{kept}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tracing.Shutdown(context.Background()) })
	return tracing
}

// callAll calls every method of billing.Store, with the secret for each text, and returns their names.
func callAll(t *testing.T, ctx context.Context, store billing.Store, want error) []string { //nolint:revive // as tests have it
	t.Helper()
	var names []string
	of := reflect.TypeFor[billing.Store]()
	for i := range of.NumMethod() {
		method := reflect.ValueOf(store).MethodByName(of.Method(i).Name)
		var arguments []reflect.Value
		for k := range method.Type().NumIn() {
			kind := method.Type().In(k)
			argument := reflect.New(kind).Elem()
			switch {
			case kind == reflect.TypeFor[context.Context]():
				argument.Set(reflect.ValueOf(ctx))
			case kind.Kind() == reflect.String:
				argument.SetString(secret)
			case kind == reflect.TypeFor[billing.Purchase]():
				argument.Set(reflect.ValueOf(billing.Purchase{Token: secret, AccountID: secret}))
			}
			if method.Type().IsVariadic() && k == method.Type().NumIn()-1 {
				continue
			}
			arguments = append(arguments, argument)
		}
		results := method.Call(arguments)
		if err, _ := results[len(results)-1].Interface().(error); err != want { //nolint:errorlint // it must come as it is
			t.Errorf("%s answers %v", of.Method(i).Name, err)
		}
		if len(results) > 1 && fmt.Sprint(results[0].Interface()) == fmt.Sprint(reflect.Zero(results[0].Type()).Interface()) {
			t.Errorf("%s loses its result", of.Method(i).Name)
		}
		names = append(names, of.Method(i).Name)
	}
	return names
}

// snake writes a method's name as a label is written.
func snake(name string) string {
	var out strings.Builder
	for i, c := range name {
		if i > 0 && 'A' <= c && c <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(c)
	}
	return strings.ToLower(out.String())
}

// answering is a store that answers everything with results of its own and an error.
type answering struct{ err error }

func (a *answering) Key(context.Context, string) (billing.Key, billing.Account, error) {
	return billing.Key{ID: "k"}, billing.Account{ID: "a"}, a.err
}
func (a *answering) Keys(context.Context, string) ([]billing.Key, error) {
	return []billing.Key{{ID: "k"}}, a.err
}
func (a *answering) AddKey(context.Context, billing.Key) error { return a.err }
func (a *answering) DeleteKey(context.Context, string) error   { return a.err }
func (a *answering) Balance(context.Context, string) (billing.Balance, error) {
	return billing.Balance{Paid: 1}, a.err
}
func (a *answering) CreateAccount(context.Context, billing.Account, ...billing.Key) error {
	return a.err
}
func (a *answering) UpdateAccount(context.Context, string, billing.AccountChange) (billing.Account, error) {
	return billing.Account{ID: "a"}, a.err
}
func (a *answering) PutAccount(context.Context, billing.Account, ...billing.Key) error { return a.err }
func (a *answering) Balances(context.Context, string, int) ([]billing.Balance, error) {
	return []billing.Balance{{Paid: 1}}, a.err
}
func (a *answering) CreatePurchase(context.Context, billing.Purchase) error { return a.err }
func (a *answering) Purchase(context.Context, string) (billing.Purchase, error) {
	return billing.Purchase{AccountID: "a"}, a.err
}
func (a *answering) Settle(context.Context, string, billing.Status, time.Time) (billing.Purchase, error) {
	return billing.Purchase{AccountID: "a"}, a.err
}
func (a *answering) Purchases(context.Context, billing.Page) ([]billing.Purchase, error) {
	return []billing.Purchase{{AccountID: "a"}}, a.err
}
func (a *answering) Reset(context.Context) error { return a.err }
func (a *answering) Ping(context.Context) error  { return a.err }
func (a *answering) Close() error                { return a.err }
