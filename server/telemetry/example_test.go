package telemetry_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

func Example() {
	ctx := context.Background()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration_ms" { // they differ in each run
			return slog.Attr{}
		}
		return a
	}}))
	tracing, err := telemetry.NewTracing(ctx, os.Getenv, "billing", logger) // off, unless the environment sets a collector
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = tracing.Shutdown(ctx) }()
	metrics := telemetry.NewMetrics()
	s, err := server.New(implementation(sell), contract.AuthenticatorFunc(authenticate),
		server.WithMiddleware(tracing.Middleware(account), metrics.Middleware, telemetry.AccessLog(logger, account)))
	if err != nil {
		log.Fatal(err)
	}
	metrics.WatchConnections(s.Connections)

	r := newPurchase("active-"+secret, `{"amount":1}`)
	r.Header.Set("X-Request-Id", "example")
	s.Handler().ServeHTTP(httptest.NewRecorder(), r)

	w := httptest.NewRecorder() // a real server serves this handler on a port of its own
	metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "billing_http_requests_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// level=INFO msg=request method=POST route=/api/v2/billing/buy_emailvalidation_credits status=400 code=amount_should_not_be_less_than_15 request_id=example address=192.0.2.1 account=ann
	// billing_http_requests_total{code="amount_should_not_be_less_than_15",method="POST",route="/api/v2/billing/buy_emailvalidation_credits",status="400"} 1
}
