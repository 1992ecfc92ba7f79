package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// operation is how a running sandbox is watched: its logs, metrics and traces.
type operation struct {
	logger  *slog.Logger
	metrics *telemetry.Metrics // nil: nobody asks for them
	tracing *telemetry.Tracing
	port    *http.Server // of the metrics
	ended   chan error   // of the port
}

// serviceName is what traces call the sandbox, unless OTEL_SERVICE_NAME says otherwise.
const serviceName = "sandbox"

// operate begins to serve metrics and to export traces, as far as they are asked for.
func (s *serve) operate(env *environment) (*operation, error) {
	o := &operation{logger: newLogger(env.stderr, s.LogFormat, s.LogLevel)}
	var err error
	if o.tracing, err = telemetry.NewTracing(env.ctx, env.getenv, serviceName, o.logger); err != nil {
		return nil, err
	}
	if s.MetricsAddr == "" {
		return o, nil
	}
	o.metrics = telemetry.NewMetrics()
	listener, err := listen(env, s.MetricsAddr, "--metrics-addr")
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", o.metrics.Handler())
	o.port = &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	o.ended = make(chan error, 1)
	go func() { o.ended <- o.port.Serve(listener) }()
	o.logger.Info("metrics are served", "address", listener.Addr().String())
	return o, nil
}

// commits are how the store tells of its batches.
func (o *operation) commits() []groupcommit.Option {
	if o.metrics == nil {
		return nil
	}
	return []groupcommit.Option{groupcommit.WithObserver(o.metrics.ObserveBatch)}
}

// store puts what watches a store around it.
func (o *operation) store(inner billing.Store) billing.Store {
	return telemetry.Store(inner, o.metrics, o.tracing.Tracer())
}

// options put what watches requests around all that a sandbox does.
func (o *operation) options() []sandbox.Option {
	middleware := []echo.MiddlewareFunc{o.tracing.Middleware(sandbox.AccountID)}
	options := []sandbox.Option{sandbox.WithLogger(o.logger), sandbox.WithServer(server.WithMiddleware(telemetry.Inner))}
	if o.metrics != nil {
		middleware = append(middleware, o.metrics.Middleware)
	}
	return append(options, sandbox.WithMiddleware(append(middleware, telemetry.AccessLog(o.logger, sandbox.AccountID))...))
}

// watch has the metrics ask a sandbox and its store for what they know.
func (o *operation) watch(box *sandbox.Sandbox, store billing.Store) {
	if o.metrics == nil {
		return
	}
	o.metrics.WatchConnections(box.Connections)
	if pool, ok := store.(interface {
		PoolStats() (inUse, idle, most int)
	}); ok {
		o.metrics.WatchPool(pool.PoolStats)
	}
}

// closeLimit is how long the last metrics and traces may take to be fetched and sent.
const closeLimit = 5 * time.Second

// close ends what operate began. Traces that cannot be sent are logged, and no reason to fail.
func (o *operation) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := o.tracing.Shutdown(ctx); err != nil {
		o.logger.Warn("the last traces were not sent", "error", err)
	}
	if o.port == nil {
		return nil
	}
	if err := o.port.Shutdown(ctx); err != nil {
		return errors.Join(err, o.port.Close())
	}
	if err := <-o.ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
