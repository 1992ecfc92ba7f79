package instrument

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// operationLabels maps the methods of billing.Store to their values of the label operation.
var operationLabels = map[string]string{
	"Key":            "key",
	"Keys":           "keys",
	"AddKey":         "add_key",
	"DeleteKey":      "delete_key",
	"Balance":        "balance",
	"CreateAccount":  "create_account",
	"UpdateAccount":  "update_account",
	"PutAccount":     "put_account",
	"Balances":       "balances",
	"CreatePurchase": "create_purchase",
	"Purchase":       "purchase",
	"Settle":         "settle",
	"Purchases":      "purchases",
	"Reset":          "reset",
	"Ping":           "ping",
	"Close":          "close",
}

// Outcomes of an operation.
const (
	ok          = "ok"
	refused     = "refused"     // with an error that billing.Store documents for the method: not a failure
	unavailable = "unavailable" // the operation may succeed later
	failed      = "failed"
)

// outcomeKey is the attribute of a span for the operation's outcome.
const outcomeKey = attribute.Key("billing.store.outcome")

// observe starts an operation, with a span if ctx contains one that is recorded. The returned function ends
// the operation and returns its argument. The error's text, which may contain arguments of the operation,
// is not recorded.
func (s *store) observe(ctx context.Context, method string) (context.Context, func(error) error) {
	start := time.Now()
	var span trace.Span
	if s.tracer != nil && trace.SpanFromContext(ctx).IsRecording() {
		ctx, span = s.tracer.Start(ctx, "store."+method)
	}
	return ctx, func(err error) error {
		outcome := outcomeOf(err)
		if s.metrics != nil {
			label := operationLabels[method]
			s.metrics.operations.WithLabelValues(label, outcome).Inc()
			s.metrics.operationDuration.WithLabelValues(label).Observe(time.Since(start).Seconds())
		}
		if span != nil {
			span.SetAttributes(outcomeKey.String(outcome))
			if outcome == unavailable || outcome == failed {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}
		return err
	}
}

func outcomeOf(err error) string {
	if err == nil {
		return ok
	}
	for _, refusal := range []error{
		billing.ErrNotFound, billing.ErrSettled, billing.ErrTokenTaken, billing.ErrAccountTaken, billing.ErrKeyTaken, billing.ErrUnknownAccount,
	} {
		if errors.Is(err, refusal) {
			return refused
		}
	}
	if errors.Is(err, billing.ErrUnavailable) {
		return unavailable
	}
	return failed
}
