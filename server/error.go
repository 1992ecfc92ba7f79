package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// UnavailableError is the error of an implementation or an authenticator that did nothing, for a
// temporary reason: the database cannot be reached, or too many requests run at once. The response is 503
// with Retry-After, which tells the client that it may send the request again. An implementation that
// does not know whether it did something returns another error.
type UnavailableError struct {
	// RetryAfter is when to try again. It is rounded up to whole seconds, at least one.
	RetryAfter time.Duration
	// Err is the reason. It goes to the log only.
	Err error
}

// Error returns the reason.
func (e *UnavailableError) Error() string { return fmt.Sprintf("nothing was done: %v", e.Err) }

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// handleError turns every error into a response: a contract's error into the body that it carries, any
// other error into the document's default response. Unexpected errors are logged, with their details.
func (s *Server) handleError(err error, ec echo.Context) {
	if ec.Response().Committed {
		s.logError(ec, "a response could not be completed", err)
		return
	}
	var refused *contract.Error
	if errors.As(err, &refused) {
		s.respond(ec, refused.Status, refused.Body)
		return
	}
	f := describe(err)
	if f.retryAfter > 0 {
		ec.Response().Header().Set(echo.HeaderRetryAfter, seconds(f.retryAfter))
	}
	switch {
	case f.status == http.StatusServiceUnavailable:
		// All requests of an outage have the same reason.
		s.logUnavailable.Do(func() {
			s.logError(ec, "a request could not be served; further errors of this kind are logged once per second", err)
		})
	case f.status >= http.StatusInternalServerError:
		s.logError(ec, "a request failed", err)
	}
	s.respond(ec, f.status, s.failureBody(ec, f.sentence))
}

// failure is the response to an error that is not a contract's.
type failure struct {
	status     int
	retryAfter time.Duration // 0: the header is not set
	sentence   string
}

func describe(err error) failure {
	var routed *echo.HTTPError
	var unavailable *UnavailableError
	switch {
	case errors.As(err, &routed):
		return failure{status: routed.Code, sentence: sentence(routed.Code)}
	case errors.As(err, &unavailable):
		return failure{http.StatusServiceUnavailable, max(time.Second, unavailable.RetryAfter),
			"The service is temporarily unavailable. Nothing was done: please try again."}
	case errors.Is(err, contract.ErrBusy):
		return failure{http.StatusServiceUnavailable, time.Second, "The server is busy. Nothing was done: please try again."}
	case errors.Is(err, context.DeadlineExceeded):
		return failure{status: http.StatusServiceUnavailable, sentence: "The server took too long. The outcome of the request is unknown."}
	}
	return failure{status: http.StatusInternalServerError, sentence: "The server failed. The outcome of the request is unknown."}
}

// sentence describes the status of an error of echo's.
func sentence(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Path not found."
	case http.StatusMethodNotAllowed:
		return "This path does not support the method. The header Allow lists the supported methods."
	case http.StatusTooManyRequests:
		return "Too many requests with wrong credentials."
	}
	return http.StatusText(status) + "."
}

// seconds formats a duration for Retry-After (RFC 9110, section 10.2.3).
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// failureBody returns the body of a failure, in the form of the document that the request's path belongs to.
func (s *Server) failureBody(ec echo.Context, sentence string) []byte {
	c := s.contractOf(ec.Request().URL.Path)
	if c == nil {
		c = s.Contract()
	}
	return c.FailureBody(ec, sentence)
}

func (s *Server) respond(ec echo.Context, status int, body []byte) {
	if err := ec.JSONBlob(status, body); err != nil {
		s.logError(ec, "a response could not be sent", err)
	}
}

func (s *Server) logError(ec echo.Context, message string, err error) {
	r := ec.Request()
	s.settings.logger.LogAttrs(r.Context(), slog.LevelError, message,
		slog.String("request_id", ec.Response().Header().Get(echo.HeaderXRequestID)),
		slog.String("method", r.Method),
		slog.String("route", ec.Path()),
		slog.Any("error", err))
}
