// Package telemetry tells what a server does: a line in the log, numbers and a trace for each request,
// and numbers and traces of its store. Each part is a middleware, or a store around a store, that stands
// alone; whoever embeds server.New chooses. None of them holds what a client sent: no path, which may
// be a payment's token, no query, header or body.
//
// Handlers behind a middleware of this package get an echo.Context of its own in place of echo's, which
// behaves alike, but cannot be given to echo's Router.Find. Contexts of the caller's own they get as they are.
package telemetry

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

// exchange is a request and its answer, which all middlewares of this package share. The outermost of
// them turns a failure into an answer, and then tells all of them how it ended: so each sees the final
// status, and a middleware between them, or within, may answer failures as well.
//
// It is the echo.Context of all that goes on within the outermost, and so is found in it: to keep it in
// one of echo's would cost a map. Where that one is not echo's own, it is kept in it all the same, as
// handlers want to see the one that they know.
type exchange struct {
	echo.Context
	began     time.Time
	took      time.Duration
	status    int    // of the answer; 0: none was begun
	code      string // the document's, of the answer; "": it has none
	aborted   bool   // by a panic that went past
	err       error
	observers []observer
	room      [4]observer // for observers
}

// observer is told of an exchange once it is over.
type observer interface {
	observe(ec echo.Context, x *exchange)
}

// exchangeKey is what a request's exchange is asked for by.
const exchangeKey = "telemetry.exchange"

// Get returns the exchange itself, too, also where another middleware has put a context around it.
func (x *exchange) Get(key string) any {
	if key == exchangeKey {
		return x
	}
	return x.Context.Get(key)
}

// echosOwn is the type of the contexts that echo makes.
var echosOwn = reflect.TypeOf(echo.New().NewContext(nil, nil))

// around lets next handle a request, and o see how it ended.
func around(ec echo.Context, next echo.HandlerFunc, o observer) error {
	if x, ok := ec.Get(exchangeKey).(*exchange); ok {
		x.observers = append(x.observers, o)
		err := next(ec)
		x.note(err)
		return err
	}
	x := &exchange{Context: ec, began: time.Now(), aborted: true}
	x.observers = append(x.room[:0], o)
	defer x.end(ec) // also when a panic goes past, such as http.ErrAbortHandler
	within := echo.Context(x)
	if reflect.TypeOf(ec) != echosOwn {
		ec.Set(exchangeKey, x)
		within = ec
	}
	if err := next(within); err != nil {
		x.note(err)
		ec.Error(err)
	}
	x.aborted = false
	return nil
}

// Inner is a middleware that goes behind all others. It tells those of this package of the error that a
// request is answered from, and so of its code, where a middleware between them turns errors into answers
// by itself, as the sandbox's journal does.
func Inner(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		err := next(ec)
		if x, ok := ec.Get(exchangeKey).(*exchange); ok {
			x.note(err)
		}
		return err
	}
}

// note keeps the error that a request is answered from. The last one counts, as a middleware may make
// another one out of it.
func (x *exchange) note(err error) {
	if err != nil {
		x.err = err
	}
}

// end finds out how the exchange ended, and tells the observers, the innermost first.
func (x *exchange) end(ec echo.Context) {
	x.took = time.Since(x.began)
	if response := ec.Response(); response.Committed || !x.aborted {
		x.status = response.Status
	}
	if x.err != nil {
		var refused *contract.Error
		if errors.As(x.err, &refused) && refused.Status == x.status {
			x.code = refused.Code
		}
	}
	for i := len(x.observers) - 1; i >= 0; i-- {
		x.observers[i].observe(ec, x)
	}
}

// principal returns who a request was found to come from, as account names it, "" when that is not
// known.
func principal(ctx context.Context, account func(principal any) string) string {
	if account == nil {
		return ""
	}
	who := contract.Principal(ctx)
	if who == nil {
		return ""
	}
	return account(who)
}
