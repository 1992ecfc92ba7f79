package telemetry

import (
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
	series   table[series]
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

func (m *requestMetrics) observe(_ echo.Context, x *exchange) {
	m.inFlight.Dec()
	o := x.outcome()
	if x.aborted {
		o.status = 0
	}
	s := m.series.get(o, func() series {
		status := "aborted"
		if o.status != 0 {
			status = statusText(o.status)
		}
		return series{
			total:    m.total.WithLabelValues(o.method, o.route, status, o.code),
			duration: m.duration.WithLabelValues(o.method, o.route),
		}
	})
	s.total.Inc()
	s.duration.Observe(x.took.Seconds())
}
