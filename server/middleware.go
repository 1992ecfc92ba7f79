package server

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// identify is the outermost middleware. It gives each request an X-Request-Id, and ends each connection
// after its response while the server drains. It also makes sure that a client that is still sending can
// read the response to a rejected request.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		r := ec.Request()
		header := ec.Response().Header()
		header[echo.HeaderXRequestID] = []string{requestID(r)}
		if s.draining.Err() != nil {
			header.Set(echo.HeaderConnection, "close")
		}
		err := next(ec)
		if err != nil || ec.Response().Status >= http.StatusBadRequest {
			discardBody(ec.Response().Writer, r)
		}
		return err
	}
}

// protect runs inside the middleware of WithMiddleware, so that middleware receives failures as errors. It
// delays requests while the listener is closed, turns a panic into an error and OPTIONS into 405, and
// throttles wrong credentials.
func (s *Server) protect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this
					panic(v)
				}
				err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		if s.holding.Load() {
			<-s.released.Done()
		}
		// Echo responds to OPTIONS by itself, with an empty 204.
		if allow, ok := ec.Get(echo.ContextKeyHeaderAllow).(string); ok {
			others := slices.DeleteFunc(strings.Split(allow, ", "), func(method string) bool { return method == http.MethodOptions })
			ec.Response().Header().Set(echo.HeaderAllow, strings.Join(others, ", "))
			return echo.ErrMethodNotAllowed
		}
		err = next(ec)
		if err != nil && s.throttle != nil {
			return s.throttle.delay(ec, err)
		}
		return err
	}
}

// discardBody reads up to 32 MiB, and for up to 3 seconds, of the rest of a rejected request's body: a client
// that is still sending when the connection closes gets a reset instead of the response. It does not read the
// body of a client that waits for 100 Continue, since that would ask the client to send it.
func discardBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 || r.Header.Get("Expect") != "" {
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(3 * time.Second)) // a test's writer has none
	_, _ = io.CopyN(io.Discard, r.Body, 32<<20)
}

// validRequestID is an X-Request-Id of a client that is short and harmless.
var validRequestID = regexp.MustCompile(`^[a-zA-Z0-9_.:-]{1,64}$`)

// requestID returns the client's X-Request-Id if it is valid, else a new random one.
func requestID(r *http.Request) string {
	if sent := r.Header.Get(echo.HeaderXRequestID); validRequestID.MatchString(sent) {
		return sent
	}
	return strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // an id is not a secret
}

// withTimeLimit calls next with a context that ends after limit. As in the API's operations, it does not
// end when the client disconnects or closes its sending side.
func withTimeLimit(next http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
