package telemetry

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the metrics of a server's requests, of the Go runtime and of the process, in a
// registry of their own. They are safe for concurrent use.
//
// The number of series is bounded, whatever clients send: label route is a pattern or "unmatched", method
// is a standard method or "other", and code is one of the document's error codes.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// NewMetrics returns metrics with a new registry.
func NewMetrics() *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	auto := promauto.With(registry)
	return &Metrics{
		registry: registry,
		requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "billing_http_requests_total", Help: "Requests, counted after their response.",
		}, []string{"method", "route", "status", "code"}),
		duration: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "billing_http_request_duration_seconds", Help: "Time from a request's headers to the end of its response.",
			// Upper bounds in seconds, up to the default time limit of a request.
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}, []string{"method", "route"}),
		inFlight: auto.NewGauge(prometheus.GaugeOpts{
			Name: "billing_http_requests_in_flight", Help: "Requests that are being handled.",
		}),
	}
}

// Registry returns the registry of the metrics, for further collectors.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler returns a handler that serves all metrics of the registry in the formats of Prometheus. It
// requires no credentials: serve it on a port that clients of the API cannot reach.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 8})
}

// Middleware counts each request after its response by method, route, status and code, and records its
// duration in seconds by method and route. The status is "aborted" if the handler panicked.
// The code is the document's error code, "" if the contract did not refuse the request with one.
func (m *Metrics) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		m.inFlight.Inc()
		return measure(ec, next, func(r result) {
			m.inFlight.Dec()
			method, route := methodLabel(ec.Request()), routeLabel(ec)
			m.requests.WithLabelValues(method, route, statusLabel(r), r.code).Inc()
			m.duration.WithLabelValues(method, route).Observe(r.duration.Seconds())
		})
	}
}

// WatchConnections registers the gauge billing_http_connections, whose value is the result of count: the
// number of open client connections, such as server.Server's Connections returns. count must be safe for
// concurrent use. WatchConnections panics if it is called twice.
func (m *Metrics) WatchConnections(count func() int) {
	promauto.With(m.registry).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "billing_http_connections", Help: "Client connections that are open.",
	}, func() float64 { return float64(count()) })
}

// statusLabel returns the status of a response, or other if it is outside 100 to 599.
func statusLabel(r result) string {
	switch {
	case r.aborted:
		return "aborted"
	case r.status < 100 || r.status > 599:
		return other
	}
	return strconv.Itoa(r.status)
}
