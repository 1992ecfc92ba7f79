package server

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// maxDrain is how many bytes of a refused request's body are read and thrown away before the
// answer. A client that is still sending when its connection closes would lose the answer.
const maxDrain = 32 << 20

// drainPatience is how long that may take, and drainPatienceStopping while the server stops.
const (
	drainPatience         = 3 * time.Second
	drainPatienceStopping = 500 * time.Millisecond
)

// guard is around every request: it names it, and makes sure that a refusal can be read.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		r := ec.Request()
		ec.Response().Header()[echo.HeaderXRequestID] = []string{requestID(r)}
		if s.stopping.Load() {
			ec.Response().Header()[echo.HeaderConnection] = []string{"close"}
		}
		err := next(ec)
		if err != nil || ec.Response().Status >= http.StatusBadRequest {
			s.drainBody(ec, r)
		}
		return err
	}
}

// within is around everything but the caller's own middleware, which so sees all that it makes of a
// request. It ends requests that come when the server is stopping, answers OPTIONS like any other method
// that a path does not take, holds back answers to wrong credentials, and makes a panic an error like any
// other.
func (s *Server) within(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this
					panic(v)
				}
				err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		if s.stopping.Load() && ec.Path() != livePath && ec.Path() != readyPath {
			return &statusError{status: http.StatusServiceUnavailable, retryAfter: time.Second, close: true,
				sentence: "The server is stopping. Nothing was done: please try again."}
		}
		if allow, ok := ec.Get(echo.ContextKeyHeaderAllow).(string); ok {
			ec.Response().Header().Set(echo.HeaderAllow, withoutOptions(allow))
			return echo.ErrMethodNotAllowed
		}
		if err = next(ec); err != nil && s.slower != nil {
			err = s.slower.hold(ec, err)
		}
		return err
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

// drainBody reads what is left of a refused request's body. net/http does so by itself for a small one,
// unless the connection closes after the answer. Whoever does not send it gets the answer all the same:
// nobody holds a connection with a request that has come to nothing.
func (s *Server) drainBody(ec echo.Context, r *http.Request) {
	if r.Body == nil || r.ContentLength == 0 || contract.BodyRead(ec.Request()) {
		return
	}
	patience := drainPatience
	if s.stopping.Load() {
		patience = drainPatienceStopping
	}
	// A writer that knows no deadlines is a test's.
	_ = http.NewResponseController(ec.Response().Writer).SetReadDeadline(time.Now().Add(patience))
	const small = 256 << 10
	closing := ec.Response().Header().Get(echo.HeaderConnection) == "close"
	if !closing && 0 < r.ContentLength && r.ContentLength <= small || r.Header.Get("Expect") != "" {
		return // a client that waits for leave to send must not get it
	}
	_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
}

// maxRequestID is how long a client's own request id may be.
const maxRequestID = 64

// requestID returns the client's name for the request where it is harmless, and a new one otherwise.
func requestID(r *http.Request) string {
	if sent := r.Header[echo.HeaderXRequestID]; len(sent) > 0 && sent[0] != "" && len(sent[0]) <= maxRequestID && !strings.ContainsFunc(sent[0], unusual) {
		return sent[0]
	}
	var id [16]byte
	binary.NativeEndian.PutUint64(id[:8], rand.Uint64()) //nolint:gosec // no secret, and so nothing that the system has to be asked for
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // as above
	return hex.EncodeToString(id[:])
}

func unusual(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.:", c)
}

// quietLog takes net/http's own lines, which are about broken connections, as debug messages.
func quietLog(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
