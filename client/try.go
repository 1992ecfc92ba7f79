package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// try sends the call's request once.
func (c *call) try(body io.ReadCloser) outcome {
	t := &try{Context: c.ctx, call: c}
	var ctx context.Context = t
	if !c.exposed {
		ctx = httptrace.WithClientTrace(t, t.trace())
	}
	req := c.request.WithContext(ctx)
	req.Body = body
	if c.exposed {
		req.Header = req.Header.Clone() // A middleware may change it.
	}
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
	if c.logger != nil {
		attrs := []slog.Attr{slog.Int("try", c.tries), slog.Duration("since_start", c.since(c.start))}
		if resp != nil {
			attrs = append(attrs, slog.Int("status", resp.StatusCode))
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
		return nil, errors.New("a middleware returned neither a response nor an error")
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	return resp, nil
}

// failed is the outcome of a try that got no response.
func (c *call) failed(t *try, err error) outcome {
	if errors.Is(err, context.DeadlineExceeded) && t.connected.Load() { // Its connection may be dead.
		c.transport.leave(t.own.Load())
		c.leave.Store(c.caller != nil)
	}
	unsent := t.unsent(err)
	if !unsent && notProcessed(err) {
		unsent, err = true, refusedError{err}
	}
	again := c.ctx.Err() == nil && (unsent || c.safe) && t.mayPass(err)
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

func (t *try) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { t.asked.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { t.connected.Store(true) },
		WroteHeaders: func() { t.wroteHeaders.Store(true) },
	}
}

// begin makes sure that an order is on the wire once per try, and not after the try has ended.
func (t *try) begin() error {
	if t.state.CompareAndSwap(waiting, sending) || (t.call.safe && t.state.CompareAndSwap(returned, sending)) {
		return nil
	}
	return errors.New("a middleware sent the request a second time: not sent again, as it could order twice")
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
		return true
	case t.call.request.ContentLength == 0, isTimeout(err), errors.Is(err, context.Canceled):
		return false // The request may be on its way while net/http has returned already.
	}
	return !t.wroteHeaders.Load()
}

// mayPass reports whether a try that failed with err may succeed another time.
func (t *try) mayPass(err error) bool {
	if t.was == waiting || (t.own.Load() != nil && !t.asked.Load()) {
		return false // A middleware or net/http refused the request itself, for example for a header.
	}
	return mayPass(err)
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
		return doneError{done, err}
	}
	return err
}

// doneError is an error that a context ended.
type doneError struct{ done, cause error }

func (e doneError) Error() string   { return e.done.Error() + ": " + e.cause.Error() }
func (e doneError) Unwrap() []error { return []error{e.done, e.cause} }

// wire is the end of the chain of middleware. It adds the credentials and sends a request so that
// nothing below the Client sends it again.
type wire struct{ *sender }

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	t, _ := req.Context().Value(tryKey{}).(*try)
	if err := w.refuse(t, req); err != nil {
		closeBody(req.Body)
		return nil, err
	}
	defer t.state.CompareAndSwap(sending, returned) // unless the try has ended
	out := req
	if w.exposed {
		out = w.private(t, req)
	}
	if !t.call.safe {
		once(out)
	}
	if w.caller != nil {
		if w.leave.Swap(false) {
			_ = w.clock.wait(req.Context(), settle)
			w.caller.CloseIdleConnections()
		}
		return w.exchange(w.caller.Do, req, out)
	}
	rt, own := w.transport.roundTripper()
	t.own.Store(own)
	if own == nil && !w.exposed {
		out = w.private(t, out)
	}
	return w.exchange(rt.RoundTrip, req, out)
}

// exchange sends out in place of req.
func (w *wire) exchange(send func(*http.Request) (*http.Response, error), req, out *http.Request) (*http.Response, error) {
	resp, err := send(out)
	if err != nil {
		return resp, schemeMismatch(err)
	}
	if resp != nil && w.exposed {
		resp.Request = req // out has the credentials.
	}
	return resp, nil
}

// private returns a copy of a request with the credentials, which reports to the try. What has the
// request before the wire does not see them, and what gets it may change it. The hooks are not in the
// context that a middleware has, as it may send requests of its own with that.
func (w *wire) private(t *try, req *http.Request) *http.Request {
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), t.trace()))
	out.Header = req.Header.Clone()
	if out.Header == nil {
		out.Header = http.Header{}
	}
	dropCredentials(out.Header)
	t.call.credentials.apply(out.Header)
	return out
}

// schemeMismatch makes http.ErrSchemeMismatch of a response in plain HTTP to a request by HTTPS, as an
// http.Client does.
func schemeMismatch(err error) error {
	if record := (tls.RecordHeaderError{}); errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
		return http.ErrSchemeMismatch
	}
	return err
}

// settle is how long net/http gets to forget a request that timed out, before which the connection is
// not idle.
const settle = 10 * time.Millisecond

// refuse returns why a request must not be sent, nil if it may.
func (w *wire) refuse(t *try, req *http.Request) error {
	if t == nil {
		return errors.New("a middleware replaced the request's context")
	}
	if !w.exposed {
		return t.begin() // Nothing has changed the request since it was prepared.
	}
	if _, err := w.base.below(req); err != nil {
		return err
	}
	if req.Method != t.call.request.Method {
		return errors.New("a middleware changed the request's method")
	}
	return t.begin()
}

// once prepares a request so that net/http does not send it a second time. It does so by itself where
// GetBody returns the body again, or where there is no body: over HTTP/2 after a reset of the stream
// with PROTOCOL_ERROR, and over HTTP/1.1 on a connection that fails, when there is a header
// Idempotency-Key. A body that is there, be it empty, and that cannot be had again prevents both.
func once(req *http.Request) {
	req.GetBody = nil
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(strings.NewReader(""))
	}
}
