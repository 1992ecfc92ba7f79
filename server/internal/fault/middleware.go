package fault

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// API is what faults need to know about the API. A *contract.Contract implements it.
type API interface {
	// OperationID returns the id of the operation of a request, "" if the request is not for an operation.
	OperationID(ec echo.Context) string
	// Authenticate checks the credentials of a request.
	Authenticate(ctx context.Context, ec echo.Context) (principal any, err error)
	// FailureBody returns the JSON body of an error response.
	FailureBody(ec echo.Context, message string) []byte
}

// Applied is the effect of a fault on a request.
type Applied struct {
	Fault Fault
	// Account is the ID of the account that the request's credentials belong to, "" for none.
	Account string
	// Withheld is the response of the API, if the API processed the request but the client does not
	// receive the response. It is nil otherwise.
	Withheld *Response
}

// Response is an http.ResponseWriter that sends nothing.
type Response struct {
	Status int
	Body   bytes.Buffer
	// Err is the error that the response was created from, nil if the handler wrote it.
	Err    error
	header http.Header
}

// Header returns the headers.
func (r *Response) Header() http.Header { return r.header }

// WriteHeader sets the status.
func (r *Response) WriteHeader(status int) { r.Status = status }

// Write adds to the body.
func (r *Response) Write(p []byte) (int, error) { return r.Body.Write(p) }

const appliedKey = "fault.applied"

// Of returns the effect of the fault that acted on a request, nil if no fault did.
func Of(ec echo.Context) *Applied {
	applied, _ := ec.Get(appliedKey).(*Applied)
	return applied
}

// maxBodyTime is the time limit for reading the request body after a delay.
const maxBodyTime = 10 * time.Second

// Middleware lets the faults act on the requests to the operations of an API. It calls api for each
// request, so that the API may be created later. account returns the ID of the account behind the
// principal of API.Authenticate, "" for none.
func (l *List) Middleware(api func() API, account func(principal any) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			api := api()
			if l.empty() || api.OperationID(ec) == "" {
				return next(ec)
			}
			// Like the API, authenticate the request even if the client closes the connection.
			ctx := context.WithoutCancel(ec.Request().Context())
			principal, _ := api.Authenticate(ctx, ec) // an error means that there is no account
			applied := &Applied{Account: account(principal)}
			var acts bool
			if applied.Fault, acts = l.match(applied.Account); !acts {
				return next(ec)
			}
			ec.Set(appliedKey, applied)
			if applied.Fault.Delay > 0 {
				select {
				case <-time.After(applied.Fault.Delay):
				case <-l.stopped:
				}
				// The delay must not use up the time for the body. A test without a connection has no deadline.
				_ = http.NewResponseController(ec.Response().Writer).SetReadDeadline(time.Now().Add(maxBodyTime))
			}
			return l.act(ec, next, api, applied)
		}
	}
}

// act serves a request as the fault requires.
func (l *List) act(ec echo.Context, next echo.HandlerFunc, api API, applied *Applied) error {
	fault := applied.Fault
	if fault.RetryAfter > 0 {
		ec.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(fault.RetryAfter))
	}
	switch fault.Kind {
	case KindStatus:
		return ec.JSONBlob(fault.Status, api.FailureBody(ec, fmt.Sprintf("A fault of the sandbox caused this %d.", fault.Status)))
	case KindUnknownCode:
		return ec.JSONBlob(fault.Status, api.FailureBody(ec, fault.Code))
	case KindHTML:
		return ec.HTML(fault.Status, errorPage(fault.Status))
	case KindResetBefore:
		l.reset(ec)
	case KindDelay:
		return next(ec)
	default:
	}
	applied.Withheld = withhold(ec, next)
	switch fault.Kind {
	case KindHTMLAfter:
		return ec.HTML(applied.Withheld.Status, errorPage(applied.Withheld.Status))
	case KindCutBody:
		cut(ec, applied.Withheld)
	default:
		l.reset(ec)
	}
	return nil
}

// withhold processes a request and returns the response instead of sending it.
func withhold(ec echo.Context, next echo.HandlerFunc) *Response {
	response := ec.Response()
	withheld := &Response{header: response.Header().Clone(), Status: http.StatusOK}
	ec.SetResponse(echo.NewResponse(withheld, ec.Echo()))
	defer ec.SetResponse(response)
	if withheld.Err = next(ec); withheld.Err != nil {
		ec.Error(withheld.Err)
	}
	return withheld
}

// cut sends a response whose body ends in the middle.
func cut(ec echo.Context, withheld *Response) {
	response, body := ec.Response(), withheld.Body.Bytes()
	maps.Copy(response.Header(), withheld.header)
	response.Header().Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	response.WriteHeader(withheld.Status)
	_, _ = response.Write(body[:len(body)/2]) // the client may have closed the connection
	response.Flush()
	panic(http.ErrAbortHandler)
}

// errorPage returns the HTML page of a proxy that cannot reach the server behind it.
func errorPage(status int) string {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
}
