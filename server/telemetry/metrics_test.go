package telemetry_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestSeriesAreBounded checks that no value that a client chooses becomes a label.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "ml", sell)
	const requests, goroutines = 1000, 4
	var group sync.WaitGroup
	for g := range uint64(goroutines) {
		group.Go(func() {
			random := rand.New(rand.NewPCG(g, 1))
			for range requests {
				word := fmt.Sprintf("W%d", random.Uint64())
				paths := []string{"/" + word, buyPath + "/" + word, "/checkout/" + word, buyPath, "/checkout/" + word + "/" + word, "/api/v2/" + word}
				methods := []string{word, http.MethodGet, http.MethodPost, http.MethodOptions, strings.ToLower(http.MethodPost)}
				r := httptest.NewRequest(methods[random.IntN(len(methods))], paths[random.IntN(len(paths))]+"?"+word, strings.NewReader(word))
				r.Header.Set("Authorization", word)
				f.handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	group.Wait()
	sum, series := 0, 0
	for _, line := range samples(t, f.metrics) {
		labels, value, _ := strings.Cut(line, "} ")
		if !strings.HasPrefix(labels, "billing_http_requests_total{") {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		sum, series = sum+n, series+1
		if strings.Contains(labels, "W") {
			t.Errorf("a client's word is in %s", labels)
		}
	}
	if sum != requests*goroutines || series > 30 {
		t.Errorf("%d requests in %d series", sum, series)
	}
}

// TestScrape checks what Prometheus receives, by the rules of its own linter.
func TestScrape(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "m", sell)
	f.handler.ServeHTTP(httptest.NewRecorder(), newPurchase("active-"+secret, `{"amount":320}`))
	if text := scrape(t, f.metrics); strings.Contains(text, "billing_http_connections") {
		t.Error("the scrape contains connections before WatchConnections")
	}
	f.metrics.WatchConnections(func() int { return 7 })
	text := scrape(t, f.metrics)
	for _, line := range []string{"billing_http_connections 7", "billing_http_requests_in_flight 0", "go_goroutines ", "process_start_time_seconds "} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("the scrape does not contain %s", line)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter finds %v, %v", problems, err)
	}
	if telemetry.NewMetrics().Registry() == f.metrics.Registry() {
		t.Error("two servers share a registry")
	}
}

// checkMetrics checks the metrics of the request, which is the only one.
func (test requestTest) checkMetrics(t *testing.T, f *fixture) {
	t.Helper()
	labels := fmt.Sprintf("method=%q,route=%q", test.method, test.route)
	want := []string{
		fmt.Sprintf("billing_http_request_duration_seconds_count{%s} 1", labels),
		"billing_http_requests_in_flight 0",
		fmt.Sprintf("billing_http_requests_total{code=%q,%s,status=\"%d\"} 1", test.code, labels, test.status),
	}
	if got := samples(t, f.metrics); !slices.Equal(got, want) {
		t.Errorf("the metrics are %q, want %q", got, want)
	}
}
