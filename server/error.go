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

// UnavailableError is an implementation's or an authenticator's error for what was not done, for a
// reason that passes: a database that cannot be reached, too many requests at once. It is answered with
// 503 and Retry-After, which tells clients that they may send the request again. An implementation that
// does not know whether something was done returns another error.
type UnavailableError struct {
	// RetryAfter is when to try again. It is at least a second, and answered in whole ones.
	RetryAfter time.Duration
	// Err is the reason. It goes to the log only.
	Err error
}

// Error says that nothing was done, and why.
func (e *UnavailableError) Error() string { return fmt.Sprintf("nothing was done: %v", e.Err) }

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// statusError is a request that the server itself refuses.
type statusError struct {
	status     int
	retryAfter time.Duration
	close      bool // the connection, after the answer
	sentence   string
}

func (e *statusError) Error() string { return e.sentence }

// answerError is the one place that turns an error into an answer: the contract's own as the
// document has them, everything else as the document's default answer. What the server does not
// expect is logged, and told to nobody else.
func (s *Server) answerError(err error, ec echo.Context) {
	if ec.Response().Committed {
		s.logFailure(ec, "an answer broke off", err)
		return
	}
	var refused *contract.Error
	if errors.As(err, &refused) {
		s.send(ec, refused.Status, refused.Body)
		return
	}
	a := explain(err)
	if a.retryAfter > 0 {
		ec.Response().Header().Set(echo.HeaderRetryAfter, seconds(a.retryAfter))
	}
	if a.close {
		ec.Response().Header().Set(echo.HeaderConnection, "close")
	}
	if a.status >= http.StatusInternalServerError && a.status != http.StatusServiceUnavailable {
		s.logFailure(ec, "a request failed", err)
	} else if a.status == http.StatusServiceUnavailable {
		s.logUnavailable(ec, err)
	}
	s.send(ec, a.status, s.failure(ec, a.sentence))
}

// seconds is a time as Retry-After has it (RFC 9110, section 10.2.3).
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// explain chooses the answer to an error that is not the contract's.
func explain(err error) statusError {
	var own *statusError
	var routed *echo.HTTPError
	var unavailable *UnavailableError
	switch {
	case errors.As(err, &own):
		return *own
	case errors.As(err, &routed):
		switch routed.Code {
		case http.StatusNotFound:
			return statusError{status: routed.Code, sentence: "No such path."}
		case http.StatusMethodNotAllowed:
			return statusError{status: routed.Code, sentence: "This path does not take this method. The header Allow lists those that it takes."}
		}
		return statusError{status: routed.Code, sentence: http.StatusText(routed.Code) + "."}
	case errors.As(err, &unavailable):
		return statusError{status: http.StatusServiceUnavailable, retryAfter: max(time.Second, unavailable.RetryAfter),
			sentence: "The server cannot do this right now. Nothing was done: please try again."}
	case errors.Is(err, contract.ErrBusy):
		return statusError{status: http.StatusServiceUnavailable, retryAfter: time.Second,
			sentence: "The server is busy. Nothing was done: please try again."}
	case errors.Is(err, context.DeadlineExceeded):
		return statusError{status: http.StatusServiceUnavailable, sentence: "The server took too long. Nothing is known about the request's outcome."}
	}
	return statusError{status: http.StatusInternalServerError, sentence: "The server failed. Nothing is known about the request's outcome."}
}

// failure is the body of a failure: as the document has it that the request's path belongs to.
func (s *Server) failure(ec echo.Context, sentence string) []byte {
	c := s.contractBelow(ec.Request().URL.Path)
	if c == nil {
		c = s.Contract()
	}
	return c.FailureBody(ec, sentence)
}

func (s *Server) send(ec echo.Context, status int, body []byte) {
	if err := ec.JSONBlob(status, body); err != nil {
		s.logFailure(ec, "an answer could not be sent", err)
	}
}

func (s *Server) logFailure(ec echo.Context, message string, err error) {
	s.log(ec, slog.LevelError, message, err)
}

// logUnavailable logs a refusal that passes, at most once in a while: all requests of an outage have the
// same reason.
func (s *Server) logUnavailable(ec echo.Context, err error) {
	now := max(1, int64(time.Since(s.made)))
	last := s.unavailableLogged.Load()
	if last > 0 && now-last < int64(unavailableEvery) || !s.unavailableLogged.CompareAndSwap(last, now) {
		return
	}
	s.log(ec, slog.LevelError, "a request was not possible right now; others within a second of it are not logged", err)
}

// unavailableEvery is how often logUnavailable logs.
const unavailableEvery = time.Second

func (s *Server) log(ec echo.Context, level slog.Level, message string, err error) {
	r := ec.Request()
	s.settings.logger.LogAttrs(r.Context(), level, message,
		slog.String("request_id", ec.Response().Header().Get(echo.HeaderXRequestID)),
		slog.String("method", r.Method),
		slog.String("route", ec.Path()),
		slog.Any("error", err))
}
