package fault

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/internal/journal"
)

// Middleware lets the faults act on the requests to the operations of an API's contract. account
// returns the ID of the account that contract.Principal returned.
func (l *List) Middleware(api func() *contract.Contract, account func(principal any) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			if api().OperationID(ec) == "" {
				return next(ec)
			}
			whose := sync.OnceValue(func() string {
				// Also for a client that has stopped sending, or has gone: like the contract's own check.
				ctx := context.WithoutCancel(ec.Request().Context())
				principal, _ := api().Authenticate(ctx, ec) // in vain: nobody's request
				return account(principal)
			})
			fault, ok := l.due(whose)
			if !ok {
				return next(ec)
			}
			journal.SetAccount(ec, whose())
			why := control.Why{Text: describe(fault), Fault: fault.ID}
			if fields[fault.Kind].goesOn {
				journal.AddWhy(ec, why)
			} else {
				journal.SetWhy(ec, why)
			}
			if fault.DelayMs > 0 {
				// As for a server that is slow, it makes no difference that the client has gone.
				l.wait(time.Duration(fault.DelayMs) * time.Millisecond)
				// The time that the body has to arrive in did not run meanwhile. What has no deadlines, as
				// in a test without a connection, needs none.
				_ = http.NewResponseController(ec.Response().Writer).SetReadDeadline(time.Now().Add(bodyTime))
			}
			return act(ec, next, fault, api())
		}
	}
}

// bodyTime is how long the body of a request may take after a delay.
const bodyTime = 10 * time.Second

// act does to a request what a fault says.
func act(ec echo.Context, next echo.HandlerFunc, fault control.Fault, api *contract.Contract) error {
	if fault.RetryAfter > 0 {
		ec.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(fault.RetryAfter))
	}
	switch fault.Kind {
	case control.FailStatus:
		return ec.JSONBlob(fault.Status, api.FailureBody(ec, fmt.Sprintf("The sandbox was told to answer with %d.", fault.Status)))
	case control.FailUnknownCode:
		return ec.JSONBlob(fault.Status, api.FailureBody(ec, fault.Code))
	case control.FailHTML:
		return ec.HTML(fault.Status, page(fault.Status))
	case control.FailHTMLAfter:
		answer := carryOut(ec, next)
		return ec.HTML(answer.status, page(answer.status))
	case control.FailResetBefore:
		reset(ec)
	case control.FailResetAfter:
		carryOut(ec, next)
		reset(ec)
	case control.FailCutBody:
		cut(ec, carryOut(ec, next))
	case control.FailDelay:
	}
	return next(ec)
}

// answer is an answer that was not sent.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header, WriteHeader and Write make it an http.ResponseWriter.
func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// carryOut lets a request take its way, and returns the answer instead of sending it.
func carryOut(ec echo.Context, next echo.HandlerFunc) *answer {
	response := ec.Response()
	a := &answer{header: response.Header().Clone(), status: http.StatusOK}
	ec.SetResponse(echo.NewResponse(a, ec.Echo()))
	defer ec.SetResponse(response)
	err := next(ec)
	if err != nil {
		ec.Error(err)
	}
	journal.Explain(ec, a.status, err, a.body.String())
	return a
}

// cut sends an answer whose body breaks off in the middle.
func cut(ec echo.Context, a *answer) {
	response := ec.Response()
	for name, values := range a.header {
		response.Header()[name] = values
	}
	response.Header().Set(echo.HeaderContentLength, strconv.Itoa(a.body.Len()))
	response.WriteHeader(a.status)
	_, _ = response.Write(a.body.Bytes()[:a.body.Len()/2]) // a client that has gone is cut off already
	journal.Keep(ec)
	response.Flush()
	panic(http.ErrAbortHandler)
}

// reset ends the connection as a machine that has crashed would, with a TCP reset.
func reset(ec echo.Context) {
	journal.Keep(ec)
	conn, _, err := http.NewResponseController(ec.Response().Writer).Hijack()
	if err == nil {
		if tcp, ok := beneath(conn).(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it is closed either way
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// beneath returns the connection that others are wrapped around.
func beneath(conn net.Conn) net.Conn {
	for {
		wrapped, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = wrapped.NetConn()
	}
}

// page is what a proxy shows that has lost the server behind it.
func page(status int) string {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
}

// describe says in words what a fault does.
func describe(f control.Fault) string {
	text := fmt.Sprintf("The fault %s acted on it: ", f.ID)
	if f.DelayMs > 0 && f.Kind != control.FailDelay {
		text += fmt.Sprintf("it waited for %d ms, and then ", f.DelayMs)
	}
	switch f.Kind {
	case control.FailStatus:
		return text + fmt.Sprintf("it was answered with %d, and nothing was bought.", f.Status)
	case control.FailDelay:
		return text + fmt.Sprintf("it waited for %d ms, and went on as usual.", f.DelayMs)
	case control.FailResetBefore:
		return text + "the connection was reset, and nothing was bought."
	case control.FailResetAfter:
		return text + "the request was carried out, and the connection was reset instead of an answer."
	case control.FailCutBody:
		return text + "the request was carried out, and the answer's body was cut."
	case control.FailHTML:
		return text + fmt.Sprintf("it was answered with %d and a page of HTML, and nothing was bought.", f.Status)
	case control.FailHTMLAfter:
		return text + "the request was carried out, and answered with a page of HTML."
	case control.FailUnknownCode:
		return text + fmt.Sprintf("it was answered with the code %s, which the document does not have, and nothing was bought.", f.Code)
	}
	return text + string(f.Kind) + "."
}
