package instrument

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
)

// Metrics are the metrics of a store: of its operations, its batches of writes and its pool of connections.
// They are safe for concurrent use.
type Metrics struct {
	registerer prometheus.Registerer

	operations        *prometheus.CounterVec
	operationDuration *prometheus.HistogramVec
	batchSize         prometheus.Histogram
	batchDuration     prometheus.Histogram
	batchFailures     prometheus.Counter
}

// durationBuckets are upper bounds in seconds, up to the default time limit of a request.
var durationBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}

// NewMetrics registers the metrics of one store. It returns an error if they are already registered.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		registerer: registerer,
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "billing_store_operations_total", Help: "Operations of the store, by outcome.",
		}, []string{"operation", "outcome"}),
		operationDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "billing_store_operation_duration_seconds", Help: "Duration of an operation of the store.", Buckets: durationBuckets,
		}, []string{"operation"}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "billing_store_batch_size", Help: "Writes that were committed together.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		batchDuration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "billing_store_batch_duration_seconds", Help: "Duration of a batch of writes.", Buckets: durationBuckets,
		}),
		batchFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "billing_store_batch_failures_total", Help: "Batches of which nothing was committed.",
		}),
	}
	// Prometheus sees the first failure as an increase only if the series exists before.
	for _, label := range operationLabels {
		m.operationDuration.WithLabelValues(label)
		for _, outcome := range []string{ok, refused, unavailable, failed} {
			m.operations.WithLabelValues(label, outcome)
		}
	}
	for _, collector := range []prometheus.Collector{m.operations, m.operationDuration, m.batchSize, m.batchDuration, m.batchFailures} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("instrument: register the store's metrics: %w", err)
		}
	}
	return m, nil
}

// ObserveBatch records the size of a batch, its duration in seconds, and whether it failed. It is for
// groupcommit.WithObserver.
func (m *Metrics) ObserveBatch(batch groupcommit.Batch) {
	m.batchSize.Observe(float64(batch.Size))
	m.batchDuration.Observe(batch.Took.Seconds())
	if batch.Err != nil {
		m.batchFailures.Inc()
	}
}

// WatchPool registers gauges for a store's pool of connections. stats returns the number of connections in
// use, the number of idle connections, and the maximum number of connections. Each gauge calls stats once
// per scrape, possibly concurrently. WatchPool panics if it is called twice.
func (m *Metrics) WatchPool(stats func() (inUse, idle, limit int)) {
	auto := promauto.With(m.registerer)
	opts := func(state string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{
			Name: "billing_store_pool_connections", Help: "Connections of the store's pool, by state.",
			ConstLabels: prometheus.Labels{"state": state},
		}
	}
	auto.NewGaugeFunc(opts("in_use"), func() float64 { inUse, _, _ := stats(); return float64(inUse) })
	auto.NewGaugeFunc(opts("idle"), func() float64 { _, idle, _ := stats(); return float64(idle) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "billing_store_pool_max_connections", Help: "Maximum number of connections of the store's pool.",
	}, func() float64 { _, _, limit := stats(); return float64(limit) })
}
