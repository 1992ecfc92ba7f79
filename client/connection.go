package client

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// connections observes whether a request could get as far as a connection.
type connections struct {
	asked, made atomic.Bool
	hooks       httptrace.ClientTrace
}

func (c *connections) trace() *httptrace.ClientTrace {
	c.hooks.GetConn = func(string) { c.asked.Store(true) }
	c.hooks.GotConn = func(httptrace.GotConnInfo) { c.made.Store(true) }
	return &c.hooks
}

// never reports whether it is certain that no connection was made. Once one was, it stays made: a
// request that net/http moves to another connection was perhaps seen on the first. A round tripper
// that is not known to report connections must at least have reported that it asked for one.
func (c *connections) never(traced bool) bool {
	return !c.made.Load() && (traced || c.asked.Load())
}

// canceled takes an error of net/http and makes it one of the context, if that is done. With a
// context that has a cause, net/http returns the cause alone.
func canceled(ctx context.Context, err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err // Its own text only repeats the method and the URL.
	}
	if done := ctx.Err(); done != nil && !errors.Is(err, done) {
		return fmt.Errorf("%w: %w", done, err)
	}
	return err
}
