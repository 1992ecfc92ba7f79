package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Middleware counts each request once it is answered, by method, route, status and code, and times it by
// method and route. The status of a request that a panic went past, so that its answer is missing or
// broken off, is "aborted". The code is the document's error code, empty when the answer is of no check
// that has one. Failures are turned into answers, as AccessLog does.
func (m *Metrics) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		m.requests.inFlight.Inc()
		return around(ec, next, m.requests)
	}
}

// requestMetrics are the numbers of requests.
type requestMetrics struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge

	// known are the series that there are, so that a request costs one look-up. The map is never
	// changed, but replaced.
	known atomic.Pointer[map[outcome]series]
	lock  sync.Mutex // for who replaces it
}

// outcome is what requests are told apart by.
type outcome struct {
	method, route, code string
	status              int // 0: aborted
}

type series struct {
	total    prometheus.Counter
	duration prometheus.Observer
}

func newRequestMetrics() *requestMetrics {
	return &requestMetrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "billing_http_requests_total", Help: "Requests that were answered.",
		}, []string{"method", "route", "status", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "billing_http_request_duration_seconds", Help: "Time from a request's headers to the end of its answer.",
			Buckets: latencies,
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "billing_http_requests_in_flight", Help: "Requests that are not answered yet.",
		}),
	}
}

func (m *requestMetrics) observe(ec echo.Context, x *exchange) {
	m.inFlight.Dec()
	o := outcome{method: methodOf(ec.Request()), route: routeOf(ec), code: x.code, status: x.status}
	if x.aborted {
		o.status = 0
	}
	s := m.series(o)
	s.total.Inc()
	s.duration.Observe(x.took.Seconds())
}

// series returns the series of an outcome.
func (m *requestMetrics) series(o outcome) series {
	if known := m.known.Load(); known != nil {
		if s, ok := (*known)[o]; ok {
			return s
		}
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	status := "aborted"
	if o.status != 0 {
		status = statusText(o.status)
	}
	s := series{
		total:    m.total.WithLabelValues(o.method, o.route, status, o.code),
		duration: m.duration.WithLabelValues(o.method, o.route),
	}
	more := map[outcome]series{o: s}
	if known := m.known.Load(); known != nil {
		maps.Copy(more, *known)
	}
	m.known.Store(&more)
	return s
}
