package telemetry_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestLabelsAreBounded: what clients make up becomes no series.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	o := observe(t, "ml", sell)
	const requests, goroutines = 1000, 4
	var all sync.WaitGroup
	for g := range uint64(goroutines) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(g, 1))
			for range requests {
				word := fmt.Sprintf("W%d", random.Uint64())
				paths := []string{"/" + word, buyPath + "/" + word, "/checkout/" + word, buyPath, "/checkout/" + word + "/" + word, "/api/v2/" + word}
				methods := []string{word, http.MethodGet, http.MethodPost, http.MethodOptions, strings.ToLower(http.MethodPost)}
				r := httptest.NewRequest(methods[random.IntN(len(methods))], paths[random.IntN(len(paths))]+"?"+word, strings.NewReader(word))
				r.Header.Set("Authorization", word)
				o.handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	all.Wait()
	got := counted(t, o.metrics.Registry(), "billing_http_requests_total")
	sum := 0.0
	for series, n := range got {
		sum += n
		if strings.Contains(series, "W") {
			t.Errorf("a client's own word is in %s", series)
		}
	}
	if sum != requests*goroutines || len(got) > 30 {
		t.Errorf("%v requests in %d series: %v", sum, len(got), got)
	}
}

func TestScrape(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	scrape := func() string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		text, err := io.ReadAll(w.Body)
		if w.Code != http.StatusOK || err != nil {
			t.Fatalf("%d %v", w.Code, err)
		}
		return string(text)
	}
	if text := scrape(); strings.Contains(text, "pool") || strings.Contains(text, "billing_http_connections") {
		t.Error("what nobody watches is shown")
	}
	m.ObserveBatch(groupcommit.Batch{Size: 3, Took: 2 * time.Millisecond})
	m.ObserveBatch(groupcommit.Batch{Size: 200, Took: time.Second, Err: errors.New("full")})
	m.CountRefusal(431, "", nil)
	m.CountRefusal(9999, "", nil)
	m.WatchPool(func() (int, int, int) { return 9, 9, 9 })
	m.WatchPool(func() (int, int, int) { return 2, 3, 8 })
	m.WatchConnections(func() int { return 7 })
	text := scrape()
	for _, line := range []string{
		`billing_store_batch_size_bucket{le="2"} 0`, `billing_store_batch_size_bucket{le="4"} 1`, `billing_store_batch_size_bucket{le="256"} 2`,
		`billing_store_batch_duration_seconds_count 2`, `billing_store_batch_failures_total 1`,
		`billing_http_refusals_total{status="431"} 1`, `billing_http_refusals_total{status="other"} 1`,
		`billing_store_pool_connections{state="in_use"} 2`, `billing_store_pool_connections{state="idle"} 3`, `billing_store_pool_max_connections 8`,
		`billing_http_connections 7`, `billing_store_operations_total{operation="create_purchase",outcome="ok"} 0`,
		`billing_http_requests_in_flight 0`, `go_goroutines `, `process_start_time_seconds `,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("there is no %s", line)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	m.WatchPool(nil)
	m.WatchConnections(nil)
	if text := scrape(); strings.Contains(text, "pool") {
		t.Error("what nobody watches any more is shown")
	}
}
