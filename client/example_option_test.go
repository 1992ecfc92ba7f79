package client_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/turbosmtp-go/billing/client"
)

// A middleware sees each try. This one counts them.
func ExampleWithMiddleware() {
	busy := true
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if busy {
			busy = false
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, linkBody)
	}))
	defer vendor.Close()

	tries := map[int]int{}
	count := func(next http.RoundTripper) http.RoundTripper {
		return client.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(r)
			if err == nil {
				tries[response.StatusCode]++
			}
			return response, err
		})
	}
	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL), client.WithMiddleware(count))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	fmt.Println(tries, err)
	// Output: map[200:1 503:1] <nil>
}

// otelhttp is a middleware as it is: each try becomes a span.
func ExampleWithMiddleware_otelhttp() {
	vendor := newVendorServer(http.StatusOK, linkBody)
	defer vendor.Close()

	spans := tracetest.NewSpanRecorder() // where you have your exporter
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	instrument := func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(provider))
	}
	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL), client.WithMiddleware(instrument))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	fmt.Println(len(spans.Ended()), spans.Ended()[0].Name(), err)
	// Output: 1 HTTP POST <nil>
}

// Keys rotate without a new Client: the provider is asked once per call.
func ExampleWithCredentials() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"url":"https://billing.example.com/%s"}`, r.Header.Get(client.AuthorizationHeader))
	}))
	defer vendor.Close()

	var key atomic.Pointer[string] // a secret store in your program
	rotate := func(to string) { key.Store(&to) }
	provider := func(context.Context) (client.Credentials, error) { return client.APIKey(*key.Load()), nil }

	c, err := client.New(client.WithCredentials(provider), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	for _, current := range []string{"key-of-monday", "key-of-tuesday"} {
		rotate(current)
		payment, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(payment.URL)
	}
	// Output:
	// https://billing.example.com/key-of-monday
	// https://billing.example.com/key-of-tuesday
}

// A call has options of its own.
func ExampleWithResponse() {
	vendor := newVendorServer(http.StatusOK, linkBody)
	defer vendor.Close()

	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	var response client.Response
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320},
		client.WithTimeout(5*time.Second), client.WithHeader("X-Request-Id", "order-7"), client.WithResponse(&response))
	fmt.Println(response.StatusCode, response.Header.Get("Content-Type"), response.RequestID, response.Tries, err)
	// Output: 200 application/json order-7 1 <nil>
}

func ExampleWithLogger() {
	vendor := newVendorServer(http.StatusOK, linkBody)
	defer vendor.Close()

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { // The example has to print the same each time.
			if a.Key == slog.TimeKey || a.Key == "duration" {
				return slog.Attr{}
			}
			return a
		},
	}))
	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL), client.WithLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320}, client.WithHeader("X-Request-Id", "order-7"))
	if err != nil {
		log.Fatal(err)
	}
	// Output: level=INFO msg="call succeeded" method=POST path=/billing/buy_emailvalidation_credits request_id=order-7 tries=1 status=200
}
