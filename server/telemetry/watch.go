package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// watched are numbers that others keep, and that are asked for when the metrics are. One that nobody
// keeps is not shown.
type watched struct {
	pool        atomic.Pointer[func() (inUse, idle, most int)]
	connections atomic.Pointer[func() int]

	poolNow, poolMost, connectionsNow *prometheus.Desc
}

var _ prometheus.Collector = (*watched)(nil)

func newWatched() *watched {
	return &watched{
		poolNow: prometheus.NewDesc("billing_store_pool_connections",
			"Connections of the store's pool, by what they do.", []string{"state"}, nil),
		poolMost: prometheus.NewDesc("billing_store_pool_max_connections",
			"Connections that the store's pool may have.", nil, nil),
		connectionsNow: prometheus.NewDesc("billing_http_connections",
			"Connections of clients that are open.", nil, nil),
	}
}

// Describe sends what there may be.
func (w *watched) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- w.poolNow
	descriptions <- w.poolMost
	descriptions <- w.connectionsNow
}

// Collect asks for the numbers and sends them.
func (w *watched) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(description *prometheus.Desc, value int, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, float64(value), labels...)
	}
	if stats := w.pool.Load(); stats != nil && *stats != nil {
		inUse, idle, most := (*stats)()
		gauge(w.poolNow, inUse, "in_use")
		gauge(w.poolNow, idle, "idle")
		gauge(w.poolMost, most)
	}
	if count := w.connections.Load(); count != nil && *count != nil {
		gauge(w.connectionsNow, (*count)())
	}
}
