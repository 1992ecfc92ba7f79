package instrument

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

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
	return m, m.register(m.operations, m.operationDuration, m.batchSize, m.batchDuration, m.batchFailures)
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
// per scrape, possibly concurrently. WatchPool returns an error if the gauges are already registered.
func (m *Metrics) WatchPool(stats func() (inUse, idle, limit int)) error {
	gauge := func(name, help string, labels prometheus.Labels, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return float64(value()) })
	}
	const name, help = "billing_store_pool_connections", "Connections of the store's pool, by state."
	return m.register(
		gauge(name, help, prometheus.Labels{"state": "in_use"}, func() int { inUse, _, _ := stats(); return inUse }),
		gauge(name, help, prometheus.Labels{"state": "idle"}, func() int { _, idle, _ := stats(); return idle }),
		gauge("billing_store_pool_max_connections", "Maximum number of connections of the store's pool.", nil, func() int { _, _, limit := stats(); return limit }),
	)
}

func (m *Metrics) register(collectors ...prometheus.Collector) error {
	for _, collector := range collectors {
		if err := m.registerer.Register(collector); err != nil {
			return fmt.Errorf("instrument: register the store's metrics: %w", err)
		}
	}
	return nil
}
