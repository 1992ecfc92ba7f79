// Package telemetry is middleware for echo servers that use package contract: an access log, metrics for
// Prometheus, and traces for OpenTelemetry. Each part works alone, and they can be combined in any order.
//
// No part records a path, a query, a header or a body that a client sent, because a path may contain a
// payment's token. The parts record the route's pattern, a method out of a fixed list, and an error code of
// the document instead. Three recorded values depend on the client: its IP address, the response's
// X-Request-Id, which the server takes from the request or generates, and the IDs in a valid traceparent
// header.
//
// Each middleware converts an error into a response with echo.Context's Error and returns nil, because it
// records the final status. An outer middleware sees the response, but not the error. A panic passes
// through, and is recorded as aborted.
package telemetry

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// result is the result of a request.
type result struct {
	status   int    // of the response; 0 when none was started
	code     string // the document's error code of the response, "" when it has none
	duration time.Duration
	aborted  bool // by a panic
}

// measure runs next, converts its error into a response, and calls record with the result. When next
// panics, as with http.ErrAbortHandler, it calls record and lets the panic continue.
func measure(ec echo.Context, next echo.HandlerFunc, record func(result)) error {
	start := time.Now()
	r := result{aborted: true}
	defer func() {
		r.duration = time.Since(start)
		if response := ec.Response(); response.Committed || !r.aborted {
			r.status = response.Status
		}
		// Another middleware may have replaced the contract's response.
		if refused := contract.RequestError(ec); refused != nil && refused.Status == r.status {
			r.code = refused.Code
		}
		record(r)
	}()
	if err := next(ec); err != nil {
		ec.Error(err)
	}
	r.aborted = false
	return nil
}

// Labels that replace values of the client.
const (
	unmatched = "unmatched" // the route of a request that has none
	other     = "other"     // a method that no RFC defines, or a status outside 100 to 599
)

// routeLabel returns the pattern of a request's route, or unmatched.
func routeLabel(ec echo.Context) string { return cmp.Or(ec.Path(), unmatched) }

// methodLabel returns a request's method if RFC 9110 or RFC 5789 defines it, or other.
func methodLabel(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return other
}

// accountID returns the result of account for a request's principal, "" when it has none or account is nil.
func accountID(ctx context.Context, account func(principal any) string) string {
	principal := contract.Principal(ctx)
	if account == nil || principal == nil {
		return ""
	}
	return account(principal)
}
