package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// try sends the call's request once.
func (c *call) try(body io.ReadCloser) outcome {
	t := &try{Context: c.ctx, call: c}
	start := c.clock.now()
	var ctx context.Context = t
	if !c.exposed {
		ctx = httptrace.WithClientTrace(t, t.trace())
	}
	req := c.request.WithContext(ctx)
	if c.exposed {
		req = c.request.Clone(ctx) // A middleware may change it.
	}
	req.Body = body
	resp, err := c.chain.RoundTrip(req) //nolint:bodyclose // received closes it
	t.end()
	if err == nil {
		resp, err = whole(resp) //nolint:bodyclose // as above
	}
	var out outcome
	if err != nil {
		out = c.failed(t, canceled(c.ctx, err))
	} else {
		out = c.received(resp)
	}
	if c.ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		c.leave(t)
	}
	if c.logger != nil {
		attrs := []slog.Attr{slog.Int("try", c.tries), slog.Duration("duration", c.clock.now().Sub(start)), slog.Int("status", 0)}
		if resp != nil {
			attrs[2] = slog.Int("status", resp.StatusCode)
		}
		if out.err != nil {
			attrs = append(attrs, slog.String("error", out.err.Error()))
		}
		c.log(slog.LevelDebug, "try", attrs...)
	}
	return out
}

// whole returns a response with all that net/http promises. One of a middleware's own may lack it.
func whole(resp *http.Response) (*http.Response, error) {
	if resp == nil {
		return nil, errors.New("the round tripper returned neither a response nor an error")
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	return resp, nil
}

// leave makes later tries use other connections, if t had one and time ran out: it may be dead.
func (c *call) leave(t *try) {
	if t.connected.Load() && !errors.Is(c.ctx.Err(), context.Canceled) {
		c.transport.abandon(t.own.Load())
		c.stale.Store(c.caller != nil)
	}
}

// failed is the outcome of a try that got no response.
func (c *call) failed(t *try, err error) outcome {
	unsent := t.unsent(err)
	if !unsent && refusedByHTTP2.MatchString(err.Error()) {
		unsent, err = true, refusedError{err}
	}
	again := c.ctx.Err() == nil && (unsent || c.safe) && t.isTransient(err)
	return outcome{err: c.noResponse(!unsent, err), again: again}
}

// try is one try of a call, as far as the wire and net/http report it. The hooks may be called after
// the try has ended, from other goroutines. It is the context of its request, in which the wire finds
// it again.
type try struct {
	context.Context
	call  *call
	state atomic.Int32 // one of the constants
	was   int32        // the state when the try ended
	// own is the Client's own transport where that was used.
	own atomic.Pointer[http.Transport]

	direct                         atomic.Bool // whether net/http's own transport was used
	asked, connected, wroteHeaders atomic.Bool
}

type tryKey struct{}

// Value returns the try itself for its key.
func (t *try) Value(key any) any {
	if key == (tryKey{}) {
		return t
	}
	return t.Context.Value(key)
}

// The states of a try.
const (
	waiting  int32 = iota // it has not reached the wire
	sending               // it is on the wire
	returned              // the wire has returned
	ended                 // the call has gone on
)

// trace returns hooks that note how far net/http comes.
func (t *try) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(address string) {
			// A round tripper of the caller's may ask another server first, for a token.
			if t.direct.Load() || address == t.call.address {
				t.asked.Store(true)
			}
		},
		GotConn:      func(httptrace.GotConnInfo) { t.connected.Store(true) },
		WroteHeaders: func() { t.wroteHeaders.Store(true) },
	}
}

// begin makes sure that an order is on the wire once per try, and not after the try has ended.
func (t *try) begin() error {
	if t.state.CompareAndSwap(waiting, sending) || (t.call.safe && t.state.CompareAndSwap(returned, sending)) {
		return nil
	}
	return errors.New("a middleware sent the request again, or after it had returned: not sent")
}

// end notes how far the try came. From then on, nothing of it reaches the wire.
func (t *try) end() { t.was = t.state.Swap(ended) }

// unsent reports whether it is certain that the try, which failed with err, did not send a whole
// request: there was no connection for it, or the connection was found dead before the headers were
// written, and so before the body. Once a connection was made, it stays made: a request that net/http
// moves to another connection was perhaps received on the first.
func (t *try) unsent(err error) bool {
	switch {
	case t.was == waiting:
		return true
	case t.was == sending, t.own.Load() == nil && !t.asked.Load():
		return false // It is still being sent, or by a round tripper that does not report.
	case !t.connected.Load():
		return !t.wroteHeaders.Load() // Perhaps another request asked for the connection.
	case t.call.request.ContentLength == 0, isTimeout(err), errors.Is(err, context.Canceled):
		return false // The request may be on its way while net/http has returned already.
	}
	return !t.wroteHeaders.Load()
}

// isTransient reports whether a try that failed with err may succeed another time.
func (t *try) isTransient(err error) bool {
	if t.was == waiting || (t.own.Load() != nil && !t.asked.Load()) {
		return false // A middleware or net/http refused the request itself, for example for a header.
	}
	return isTransient(err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
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
