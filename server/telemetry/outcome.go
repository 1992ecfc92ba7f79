package telemetry

import (
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// outcome is what requests are told apart by.
type outcome struct {
	method, route, code string
	status              int // 0: there was no answer
}

func (x *exchange) outcome() outcome {
	return outcome{method: methodOf(x.Request()), route: routeOf(x), code: x.code, status: x.status}
}

// attributes adds what the outcome says to a line.
func (o outcome) attributes(line []slog.Attr) []slog.Attr {
	line = append(line, slog.String("method", o.method), slog.String("route", o.route), slog.Int("status", o.status))
	if o.code != "" {
		line = append(line, slog.String("code", o.code))
	}
	return line
}

// table has a value for each outcome that there was, so that it costs one look-up. The map is never
// changed, but replaced.
type table[V any] struct {
	known atomic.Pointer[map[outcome]V]
	lock  sync.Mutex // for who replaces it
}

// get returns an outcome's value, which first makes when there is none yet.
func (t *table[V]) get(o outcome, first func() V) V {
	if known := t.known.Load(); known != nil {
		if v, ok := (*known)[o]; ok {
			return v
		}
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	more := map[outcome]V{}
	if known := t.known.Load(); known != nil {
		if v, ok := (*known)[o]; ok {
			return v
		}
		maps.Copy(more, *known)
	}
	v := first()
	more[o] = v
	t.known.Store(&more)
	return v
}

// unmatched stands for the route of a request that has none, other for a method or a status that is
// none of the usual ones. Clients choose paths and methods, so that they must not be repeated.
const (
	unmatched = "unmatched"
	other     = "other"
)

// routeOf returns the pattern that echo has routed a request to.
func routeOf(ec echo.Context) string {
	if route := ec.Path(); route != "" {
		return route
	}
	return unmatched
}

// methodOf returns a request's method where it is one that everybody knows.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return other
}
