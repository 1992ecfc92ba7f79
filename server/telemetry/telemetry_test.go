package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

const (
	buyPath = "/api/v2/billing/buy_emailvalidation_credits"
	// secret stands in every path, query, header and body of a test.
	secret = "s3cr3t-0123456789"
)

// observed is a server of which everything is observed.
type observed struct {
	handler http.Handler
	metrics *telemetry.Metrics
	tracing *telemetry.Tracing
	log     *lines
	own     *lines // the server's
	spans   *tracetest.InMemoryExporter
	answers []int // that the middleware like the journal saw
}

// lines are lines of a log.
type lines struct {
	lock sync.Mutex
	data bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.data.Write(p)
}

func (l *lines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.data.String()
}

// keptSpans are not forgotten when their exporter ends.
type keptSpans struct{ *tracetest.InMemoryExporter }

func (keptSpans) Shutdown(context.Context) error { return nil }

type implementation func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error)

func (f implementation) BuyEmailValidatorCredits(ctx context.Context, _ httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return f(ctx)
}

func sell(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://pay.example/checkout/" + secret}, nil
}

// letIn knows the active and the inactive account.
func letIn(_ context.Context, credentials contract.Credentials) (any, error) {
	switch credentials.Value(model.AuthorizationScheme) {
	case "active-" + secret:
		return "ann", nil
	case "inactive-" + secret:
		return "ian", &contract.DeniedError{Code: string(model.AccountIsInactive)}
	}
	return nil, contract.ErrNotAccepted
}

func account(principal any) string {
	id, _ := principal.(string)
	return id
}

// observe starts a server with all three middlewares, in the order that order has: t for the trace, m
// for the metrics, l for the log, and j for one like the sandbox's journal.
func observe(tb testing.TB, order string, sells implementation, options ...server.Option) *observed {
	tb.Helper()
	o := &observed{metrics: telemetry.NewMetrics(), log: &lines{}, own: &lines{}, spans: tracetest.NewInMemoryExporter()}
	var err error
	if o.tracing, err = telemetry.NewTracingTo(tb.Context(), keptSpans{o.spans}, "test", nil); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = o.tracing.Shutdown(context.Background()) })
	parts := map[rune]echo.MiddlewareFunc{
		't': o.tracing.Middleware(account),
		'm': o.metrics.Middleware,
		'l': telemetry.AccessLog(slog.New(slog.NewJSONHandler(o.log, nil)), account),
		'j': func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				if err := next(ec); err != nil {
					ec.Error(err)
				}
				o.answers = append(o.answers, ec.Response().Status)
				return nil
			}
		},
	}
	for _, part := range order {
		options = append(options, server.WithMiddleware(parts[part]))
	}
	options = append(options, server.WithLogger(slog.New(slog.NewJSONHandler(o.own, nil))), server.WithMaxBody(1000),
		server.WithHandler("/checkout/:token", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("abort") {
			case "late":
				_, _ = io.WriteString(w, secret)
				panic(http.ErrAbortHandler)
			case "early":
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, secret)
		})))
	s, err := server.New(sells, contract.AuthenticatorFunc(letIn), options...)
	if err != nil {
		tb.Fatal(err)
	}
	o.handler = s.Handler()
	return o
}

// ended returns the spans of all requests.
func (o *observed) ended(t *testing.T) []sdktrace.ReadOnlySpan {
	t.Helper()
	if err := o.tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o.spans.GetSpans().Snapshots()
}

// logged returns the lines of the log.
func (o *observed) logged(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(o.log.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// counted returns the series of a metric, written as Prometheus does.
func counted(t *testing.T, registry *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			if h := metric.GetHistogram(); h != nil {
				value = float64(h.GetSampleCount())
			}
			found[strings.Join(labels, ",")] = value
		}
	}
	return found
}

func purchase(key, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, buyPath+"?q="+secret, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", key)
	return r
}

// describe writes all that spans hold.
func describe(spans *tracetest.InMemoryExporter) string {
	text, err := json.Marshal(spans.GetSpans())
	if err != nil {
		panic(err)
	}
	return string(text)
}
