package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// TestAborted: an answer that a panic cuts off is told of once by each, with the status that was sent.
func TestAborted(t *testing.T) {
	t.Parallel()
	for when, status := range map[string]float64{"early": 0, "late": 200} {
		o := observe(t, "tjml", sell)
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // a panic's value is compared like this
					t.Errorf("the panic became %v", v)
				}
			}()
			o.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/checkout/"+secret+"?abort="+when, nil))
		}()
		got := o.logged(t)
		if len(got) != 1 || got[0]["status"] != status || got[0]["aborted"] != true || got[0]["route"] != "/checkout/:token" {
			t.Errorf("%s: logged %v", when, got)
		}
		if got := counted(t, o.metrics.Registry(), "billing_http_requests_total"); len(got) != 1 || got["code=,method=GET,route=/checkout/:token,status=aborted"] != 1 {
			t.Errorf("%s: counted %v", when, got)
		}
		if got := counted(t, o.metrics.Registry(), "billing_http_requests_in_flight")[""]; got != 0 {
			t.Errorf("%s: %v are in flight", when, got)
		}
		if spans := o.ended(t); len(spans) != 1 || spans[0].Status().Description != "aborted" {
			t.Errorf("%s: %d spans: %s", when, len(spans), describe(o.spans))
		}
	}
}

// TestProbesAreQuiet: a probe is a line at Debug, and none at Info.
func TestProbesAreQuiet(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelDebug} {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
		o := observe(t, "", sell, server.WithMiddleware(telemetry.AccessLog(logger, nil)))
		for _, path := range []string{"/livez", "/readyz"} {
			log.Reset()
			o.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
			if (level == slog.LevelDebug) != strings.Contains(log.String(), "level=DEBUG msg=request") {
				t.Errorf("at %v, %s logged %q", level, path, &log)
			}
		}
	}
}

// BenchmarkRequest times a request that does nothing, bare and with each part around it.
func BenchmarkRequest(b *testing.B) {
	metrics := telemetry.NewMetrics()
	log := telemetry.AccessLog(slog.New(slog.NewJSONHandler(nowhere{}, nil)), account)
	off := telemetry.AccessLog(slog.New(slog.DiscardHandler), account)
	tracing, err := telemetry.NewTracingTo(b.Context(), dropped{}, "bench", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = tracing.Shutdown(context.Background()) })
	for _, row := range []struct {
		name        string
		middlewares []echo.MiddlewareFunc
	}{
		{"bare", nil},
		{"log-off", []echo.MiddlewareFunc{off}},
		{"log", []echo.MiddlewareFunc{log}},
		{"metrics", []echo.MiddlewareFunc{metrics.Middleware}},
		{"log+metrics+no-tracing", []echo.MiddlewareFunc{new(telemetry.Tracing).Middleware(account), metrics.Middleware, log}},
		{"log+metrics+tracing", []echo.MiddlewareFunc{tracing.Middleware(account), metrics.Middleware, log}},
	} {
		b.Run(row.name, func(b *testing.B) {
			e := echo.New()
			e.IPExtractor = echo.ExtractIPDirect()
			e.Use(row.middlewares...)
			e.GET("/things/:id", func(ec echo.Context) error { return ec.NoContent(http.StatusNoContent) })
			r, w := httptest.NewRequest(http.MethodGet, "/things/1", nil), httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				e.ServeHTTP(w, r)
			}
		})
	}
}

// nowhere is a log that nobody reads.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// ownContext is what a middleware puts around echo's context.
type ownContext struct{ echo.Context }

// TestOwnContexts has a middleware with a context of its own, around those of this package or between them: a
// request is still one line, of the error that it was answered from, and what is kept in a context is found.
func TestOwnContexts(t *testing.T) {
	t.Parallel()
	for around := range 2 {
		var log strings.Builder
		metrics := telemetry.NewMetrics()
		middlewares := []echo.MiddlewareFunc{metrics.Middleware, telemetry.AccessLog(slog.New(slog.NewTextHandler(&log, nil).WithGroup("http")), nil)}
		e := echo.New()
		var found any
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				err := next(ec)
				found = ec.Get("kept")
				return err
			}
		})
		e.Use(slices.Insert(middlewares, around, func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error { return next(ownContext{ec}) }
		})...)
		e.GET("/orders", func(ec echo.Context) error {
			if _, ok := ec.(ownContext); !ok {
				t.Errorf("the handler's context is a %T", ec)
			}
			ec.Set("kept", 1)
			return &contract.Error{Status: http.StatusTeapot, Code: "no_coffee"}
		})
		e.HTTPErrorHandler = func(_ error, ec echo.Context) { _ = ec.NoContent(http.StatusTeapot) }
		for range 2 {
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders", nil))
		}
		for _, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
			if !strings.Contains(line, "http.method=GET http.route=/orders http.status=418 http.code=no_coffee http.request_id=") {
				t.Errorf("%d: logged %s", around, line)
			}
		}
		if n := strings.Count(log.String(), "\n"); n != 2 || found != 1 {
			t.Errorf("%d: %d lines, and %v was kept", around, n, found)
		}
		if got := counted(t, metrics.Registry(), "billing_http_requests_total"); got["code=no_coffee,method=GET,route=/orders,status=418"] != 2 {
			t.Errorf("%d: counted %v", around, got)
		}
	}
}

// filter is a handler that looks at the records.
type filter struct {
	slog.Handler
	names *[]string
}

func (f filter) Handle(ctx context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		*f.names = append(*f.names, a.Key)
		return true
	})
	return f.Handler.Handle(ctx, record)
}

// TestRecordsAreWhole has a handler of the caller's own, which sees all of each request in its record.
func TestRecordsAreWhole(t *testing.T) {
	t.Parallel()
	var names []string
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	e.Use(telemetry.AccessLog(slog.New(filter{slog.NewTextHandler(io.Discard, nil), &names}), nil))
	for range 2 {
		names = nil
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders", nil))
		if got := strings.Join(names, " "); got != "method route status request_id duration_ms address" {
			t.Errorf("the record has %s", got)
		}
	}
}
