package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/internal/store/instrument"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// monitoring is the log, the metrics and the traces of a running sandbox.
type monitoring struct {
	logger  *slog.Logger
	metrics *telemetry.Metrics  // of requests; nil without --metrics-addr
	stored  *instrument.Metrics // of the store; nil without --metrics-addr
	tracing *telemetry.Tracing
	server  *http.Server // of the metrics; nil without --metrics-addr
}

// serviceName is the service name in traces, unless OTEL_SERVICE_NAME is set.
const serviceName = "sandbox"

// monitor starts to export traces and to serve metrics, as configured.
func (s *serve) monitor(env *environment) (*monitoring, error) {
	m := &monitoring{logger: newLogger(env.stderr, s.LogFormat, s.LogLevel)}
	var err error
	if m.tracing, err = telemetry.NewTracing(env.ctx, env.getenv, serviceName, m.logger); err != nil {
		return nil, err
	}
	if s.MetricsAddr == "" {
		return m, nil
	}
	m.metrics = telemetry.NewMetrics()
	if m.stored, err = instrument.NewMetrics(m.metrics.Registry()); err != nil {
		return nil, errors.Join(err, m.close())
	}
	listener, err := listen(env, s.MetricsAddr, "--metrics-addr")
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.metrics.Handler())
	m.server = &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	go func() {
		if err := m.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			m.logger.Error("the metrics are no longer served", "error", err)
		}
	}()
	m.logger.Info("metrics are served", "address", listener.Addr().String())
	return m, nil
}

// commits returns the options that measure the batches of a store.
func (m *monitoring) commits() []groupcommit.Option {
	if m.stored == nil {
		return nil
	}
	return []groupcommit.Option{groupcommit.WithObserver(m.stored.ObserveBatch)}
}

// store returns a store that measures and traces the operations of inner.
func (m *monitoring) store(inner billing.Store) billing.Store {
	return instrument.Wrap(inner, m.stored, m.tracing.Tracer())
}

// options returns the options that log, measure and trace the requests.
func (m *monitoring) options() []sandbox.Option {
	middleware := []echo.MiddlewareFunc{m.tracing.Middleware(sandbox.AccountID)}
	options := []sandbox.Option{sandbox.WithLogger(m.logger)}
	if m.metrics != nil {
		middleware = append(middleware, m.metrics.Middleware)
	}
	return append(options, sandbox.WithMiddleware(append(middleware, telemetry.AccessLog(m.logger, sandbox.AccountID))...))
}

// watch adds the open connections of a sandbox and of its store to the metrics.
func (m *monitoring) watch(box *sandbox.Sandbox, store billing.Store) {
	if m.metrics == nil {
		return
	}
	m.metrics.WatchConnections(box.Connections)
	if pool, ok := store.(interface {
		PoolStats() (inUse, idle, most int)
	}); ok {
		m.stored.WatchPool(pool.PoolStats)
	}
}

// closeTimeout limits how long close waits for the last traces to be sent.
const closeTimeout = 5 * time.Second

// close stops what monitor has started. If the last traces cannot be sent, it only logs the error.
func (m *monitoring) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := m.tracing.Shutdown(ctx); err != nil {
		m.logger.Warn("the last traces were not sent", "error", err)
	}
	if m.server == nil {
		return nil
	}
	return m.server.Close()
}

// newLogger returns a logger that writes lines of a level and above, in the format text or json.
func newLogger(w io.Writer, format, level string) *slog.Logger {
	var minimum slog.Level
	_ = minimum.UnmarshalText([]byte(level)) // kong accepts only valid levels
	options := &slog.HandlerOptions{Level: minimum}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
