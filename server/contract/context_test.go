package contract_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

func TestTimeLimitEndsTheContextOfTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var ended time.Duration
		s := &shelf{handle: func(ctx context.Context) error {
			<-ctx.Done()
			ended = time.Since(began)
			return ctx.Err()
		}}
		send := serveLibrary(t, s, contract.WithTimeLimit(time.Minute))
		request{method: "GET", path: "/books/a-1", status: 500, want: context.DeadlineExceeded.Error()}.run(t, send)
		if ended != time.Minute {
			t.Errorf("the context ended after %v", ended)
		}
	})
}

func TestDisconnectedClientDoesNotEndTheContext(t *testing.T) {
	t.Parallel()
	client, disconnect := context.WithCancel(t.Context())
	var during error
	var handler context.Context
	s := &shelf{handle: func(ctx context.Context) error {
		disconnect()
		handler, during = ctx, ctx.Err()
		return nil
	}}
	send := serveLibrary(t, s)
	send(request{method: "PUT", path: "/reviews"}.build().WithContext(client))
	if during != nil {
		t.Errorf("while the handler runs: %v", during)
	}
	if !errors.Is(handler.Err(), context.Canceled) {
		t.Errorf("after the request: %v, want it to be released", handler.Err())
	}
}

// TestOuterMiddlewareFindsPrincipalAndError has requests that are accepted, denied and refused.
func TestOuterMiddlewareFindsPrincipalAndError(t *testing.T) {
	t.Parallel()
	compiled, err := contract.Compile(loadLibrary(t), withReaders)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]struct {
		principal any
		keyword   string
	}{
		"good":      {"token reader", "mediaType"},
		"suspended": {"suspended reader", "denied"},
		"bad":       {nil, "invalid"},
	} {
		e := echo.New()
		var principal any
		var refused *contract.Error
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				err := next(ec)
				principal, refused = contract.Principal(ec.Request().Context()), contract.RequestError(ec)
				return err
			}
		}, func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				ec.Error(next(ec)) // the error becomes a response
				return nil
			}
		}, compiled.Middleware)
		e.POST("/v2/books", func(echo.Context) error { return nil })
		e.ServeHTTP(httptest.NewRecorder(), request{method: "POST", path: "/books", headers: []string{"Authorization", "Bearer " + token}}.build())
		if principal != want.principal || refused == nil || refused.Keyword != want.keyword {
			t.Errorf("%s: principal %v and error %v, want %v and %s", token, principal, refused, want.principal, want.keyword)
		}
	}
}
