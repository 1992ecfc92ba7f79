package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// operation is a method of a billing.Store.
type operation int

const (
	opKey operation = iota
	opKeys
	opAddKey
	opDeleteKey
	opBalance
	opCreateAccount
	opUpdateAccount
	opPutAccount
	opBalances
	opCreatePurchase
	opPurchase
	opSettle
	opPurchases
	opReset
	opPing
	opClose
	operations // how many there are
)

// names are what an operation is called in a label and in a span.
var names = [operations]struct{ label, span string }{
	opKey:            {"key", "store.Key"},
	opKeys:           {"keys", "store.Keys"},
	opAddKey:         {"add_key", "store.AddKey"},
	opDeleteKey:      {"delete_key", "store.DeleteKey"},
	opBalance:        {"balance", "store.Balance"},
	opCreateAccount:  {"create_account", "store.CreateAccount"},
	opUpdateAccount:  {"update_account", "store.UpdateAccount"},
	opPutAccount:     {"put_account", "store.PutAccount"},
	opBalances:       {"balances", "store.Balances"},
	opCreatePurchase: {"create_purchase", "store.CreatePurchase"},
	opPurchase:       {"purchase", "store.Purchase"},
	opSettle:         {"settle", "store.Settle"},
	opPurchases:      {"purchases", "store.Purchases"},
	opReset:          {"reset", "store.Reset"},
	opPing:           {"ping", "store.Ping"},
	opClose:          {"close", "store.Close"},
}

// result is how an operation ended.
type result int

const (
	succeeded   result = iota
	refused            // as billing.Store says that it may: no failure
	unavailable        // for a reason that passes
	failed
	results // how many there are
)

var resultNames = [results]string{succeeded: "ok", refused: "refused", unavailable: "unavailable", failed: "failed"}

// resultOf tells from an operation's error how it ended.
func resultOf(err error) result {
	if err == nil {
		return succeeded
	}
	for _, answer := range []error{
		billing.ErrNotFound, billing.ErrSettled, billing.ErrTokenTaken, billing.ErrAccountTaken, billing.ErrKeyTaken, billing.ErrUnknownAccount,
	} {
		if errors.Is(err, answer) {
			return refused
		}
	}
	if errors.Is(err, billing.ErrUnavailable) {
		return unavailable
	}
	return failed
}

// storeMetrics are the numbers of a store.
type storeMetrics struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec

	totals    [operations][results]prometheus.Counter
	durations [operations]prometheus.Observer
}

func newStoreMetrics() *storeMetrics {
	m := &storeMetrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "billing_store_operations_total", Help: "Operations of the store, by how they ended.",
		}, []string{"operation", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "billing_store_operation_duration_seconds", Help: "Time that an operation of the store took.", Buckets: latencies,
		}, []string{"operation"}),
	}
	for op, name := range names {
		m.durations[op] = m.duration.WithLabelValues(name.label)
		for r, outcome := range resultNames {
			m.totals[op][r] = m.total.WithLabelValues(name.label, outcome)
		}
	}
	return m
}

// call is an operation that is under way.
type call struct {
	op      operation
	began   time.Time
	metrics *storeMetrics // nil: it is not counted
	span    trace.Span    // nil: it is not traced
}

// outcomeKey is the attribute of a span that says how an operation ended.
const outcomeKey = attribute.Key("billing.store.outcome")

// begin begins an operation. Its span is one only where the context's is recorded.
func (s *store) begin(ctx context.Context, op operation) (context.Context, call) {
	c := call{op: op, began: time.Now(), metrics: s.metrics}
	if s.tracer != nil && trace.SpanFromContext(ctx).IsRecording() {
		ctx, c.span = s.tracer.Start(ctx, names[op].span, trace.WithTimestamp(c.began))
	}
	return ctx, c
}

// end ends an operation, and returns its error as it is. The error's text, which may hold what the store
// was given, goes nowhere.
func (c call) end(err error) error {
	r := resultOf(err)
	if c.metrics != nil {
		c.metrics.totals[c.op][r].Inc()
		c.metrics.durations[c.op].Observe(time.Since(c.began).Seconds())
	}
	if c.span != nil {
		c.span.SetAttributes(outcomeKey.String(resultNames[r]))
		if r == unavailable || r == failed {
			c.span.SetStatus(codes.Error, "")
		}
		c.span.End()
	}
	return err
}
