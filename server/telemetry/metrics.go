package telemetry

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
)

// Metrics are the numbers of a server, of its store, of the Go runtime and of the process, in a registry
// of their own. They are safe for concurrent use.
//
// Their labels have few values, whatever clients send: routes are patterns or "unmatched", methods are
// those that everybody knows or "other", codes are the document's.
type Metrics struct {
	registry *prometheus.Registry
	requests *requestMetrics
	store    *storeMetrics
	refusals *prometheus.CounterVec
	batches  batchMetrics
	watched  *watched
}

type batchMetrics struct {
	size     prometheus.Histogram
	duration prometheus.Histogram
	failed   prometheus.Counter
}

// latencies are the bounds of the times that are counted, in seconds: from an answer out of memory to
// the time limit of an operation.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}

// NewMetrics makes metrics that have counted nothing.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: newRequestMetrics(),
		store:    newStoreMetrics(),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "billing_http_refusals_total",
			Help: "Requests and connections that were refused before they were requests: no HTTP, too long, or too many connections.",
		}, []string{"status"}),
		batches: batchMetrics{
			size: prometheus.NewHistogram(prometheus.HistogramOpts{
				Name: "billing_store_batch_size", Help: "Writes that were made durable together.",
				Buckets: prometheus.ExponentialBuckets(1, 2, 9),
			}),
			duration: prometheus.NewHistogram(prometheus.HistogramOpts{
				Name: "billing_store_batch_duration_seconds", Help: "Time that a batch of writes took.", Buckets: latencies,
			}),
			failed: prometheus.NewCounter(prometheus.CounterOpts{
				Name: "billing_store_batch_failures_total", Help: "Batches of which nothing was made durable.",
			}),
		},
		watched: newWatched(),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests.total, m.requests.duration, m.requests.inFlight, m.refusals,
		m.store.total, m.store.duration, m.batches.size, m.batches.duration, m.batches.failed, m.watched)
	return m
}

// Registry is where the metrics are, for more collectors of the caller's own.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler answers with the metrics in the formats of Prometheus. It is for a port of its own, which is
// not the clients': it asks for no credentials.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes})
}

// maxScrapes is how many are answered at a time.
const maxScrapes = 8

// ObserveBatch counts a batch. It is for groupcommit.WithObserver.
func (m *Metrics) ObserveBatch(batch groupcommit.Batch) {
	m.batches.size.Observe(float64(batch.Size))
	m.batches.duration.Observe(batch.Took.Seconds())
	if batch.Err != nil {
		m.batches.failed.Inc()
	}
}

// CountRefusal counts, by its status, what net/http or the limit on connections refused, which no
// middleware sees. It is for server.WithRefusals.
func (m *Metrics) CountRefusal(status int, _ string, _ []byte) {
	m.refusals.WithLabelValues(statusText(status)).Inc()
}

// WatchPool shows what stats says whenever the metrics are asked for: how many connections of the
// store's pool are in use, how many are idle, and how many there may be. It is called by several
// goroutines at once, and once a scrape. Of several calls of WatchPool the last counts.
func (m *Metrics) WatchPool(stats func() (inUse, idle, most int)) { m.watched.pool.Store(&stats) }

// WatchConnections shows what count says whenever the metrics are asked for: how many connections of
// clients are open, as server.Server's Connections does. It is called by several goroutines at once. Of
// several calls of WatchConnections the last counts.
func (m *Metrics) WatchConnections(count func() int) { m.watched.connections.Store(&count) }

// statusText is a status as a label.
func statusText(status int) string {
	if status < 100 || status > 599 {
		return other
	}
	return strconv.Itoa(status)
}
