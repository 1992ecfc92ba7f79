package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

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
	status, sentence := explain(err)
	if status >= http.StatusInternalServerError {
		s.logFailure(ec, "a request failed", err)
	}
	s.send(ec, status, s.failure(ec, sentence))
}

// explain chooses the status and the sentence for an error that is not the contract's.
func explain(err error) (int, string) {
	var routed *echo.HTTPError
	switch {
	case errors.As(err, &routed):
		switch routed.Code {
		case http.StatusNotFound:
			return routed.Code, "No such path."
		case http.StatusMethodNotAllowed:
			return routed.Code, "This path does not take this method. The header Allow lists those that it takes."
		}
		return routed.Code, http.StatusText(routed.Code) + "."
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "The server took too long. Nothing is known about the request's outcome."
	}
	return http.StatusInternalServerError, "The server failed. Nothing is known about the request's outcome."
}

// failure is the body of a failure: as the document has it that the request's path belongs to.
func (s *Server) failure(ec echo.Context, sentence string) []byte {
	c := s.contractBelow(ec.Request().URL.Path)
	if c == nil {
		c = s.Contract()
	}
	return c.Failure(ec, sentence)
}

func (s *Server) send(ec echo.Context, status int, body []byte) {
	if err := ec.JSONBlob(status, body); err != nil {
		s.logFailure(ec, "an answer could not be sent", err)
	}
}

func (s *Server) logFailure(ec echo.Context, message string, err error) {
	r := ec.Request()
	s.settings.logger.LogAttrs(r.Context(), slog.LevelError, message,
		slog.String("request_id", ec.Response().Header().Get(echo.HeaderXRequestID)),
		slog.String("method", r.Method),
		slog.String("route", ec.Path()),
		slog.Any("error", err))
}

// maxDrain is how many bytes of a refused request's body are read and thrown away before the
// answer. A client that is still sending when its connection closes would lose the answer.
const maxDrain = 32 << 20

// guard is around every request: it names it, and makes sure that a refusal can be read.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		r := ec.Request()
		ec.Response().Header()[echo.HeaderXRequestID] = []string{requestID(r)}
		err := next(ec)
		if err != nil || ec.Response().Status >= http.StatusBadRequest {
			drain(r)
		}
		return err
	}
}

// safely keeps a panic of what is behind it from ending the server, and answers OPTIONS like any other
// method that a path does not take. It is behind the caller's own middleware, to which a panic is an
// error like any other.
func safely(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this
					panic(v)
				}
				err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		if allow, ok := ec.Get(echo.ContextKeyHeaderAllow).(string); ok {
			ec.Response().Header().Set(echo.HeaderAllow, withoutOptions(allow))
			return echo.ErrMethodNotAllowed
		}
		return next(ec)
	}
}

// withoutOptions takes OPTIONS out of a list of methods: echo always lists it, and answers it with
// an empty body.
func withoutOptions(allow string) string {
	var methods []string
	for _, method := range strings.Split(allow, ", ") {
		if method != http.MethodOptions {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}

func drain(r *http.Request) {
	const drained = 256 << 10 // by net/http itself, after the answer
	if r.Body == nil || 0 <= r.ContentLength && r.ContentLength <= drained {
		return
	}
	if r.Header.Get("Expect") != "" {
		return // a client that waits for leave to send must not get it
	}
	_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
}

// maxRequestID is how long a client's own request id may be.
const maxRequestID = 64

// requestID returns the client's name for the request where it is harmless, and a new one otherwise.
func requestID(r *http.Request) string {
	if sent := r.Header.Get(echo.HeaderXRequestID); sent != "" && len(sent) <= maxRequestID && !strings.ContainsFunc(sent, unusual) {
		return sent
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

func unusual(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.:", c)
}

// quietLog takes net/http's own lines, which are about broken connections, as debug messages.
func quietLog(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
