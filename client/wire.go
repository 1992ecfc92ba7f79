package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// wire is the end of the chain of middleware. It adds the credentials and sends a request so that
// nothing below the Client sends it again.
type wire struct{ *sender }

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(req *http.Request) (resp *http.Response, err error) {
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
		preventResend(out)
	}
	if w.caller != nil {
		if w.stale.Swap(false) {
			_ = w.clock.wait(req.Context(), settle)
			w.caller.CloseIdleConnections()
		}
		t.direct.Store(isDirect(w.caller.Transport))
		resp, err = w.caller.Do(out)
	} else {
		rt, own := w.transport.roundTripper()
		t.own.Store(own)
		t.direct.Store(own != nil)
		if own == nil && !w.exposed {
			out = w.private(t, out)
		}
		resp, err = rt.RoundTrip(out)
	}
	if err != nil {
		return resp, schemeMismatch(err)
	}
	if resp != nil && w.exposed {
		resp.Request = req // The other one has the credentials.
	}
	return resp, nil
}

// private returns a copy of a request with the credentials and with hooks that report to the try. Middleware sees neither:
// it must not see the credentials, and may send other requests with the context that it has.
func (w *wire) private(t *try, req *http.Request) *http.Request {
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), t.trace()))
	out.Header = req.Header.Clone()
	if out.Header == nil {
		out.Header = http.Header{}
	}
	if values := out.Header["Accept-Encoding"]; len(values) == 1 && values[0] == acceptGzip[0] && !w.exposed {
		delete(out.Header, "Accept-Encoding") // It is the Client's own. Whatever reads the response gets it plain.
	}
	dropCredentials(out.Header)
	t.call.credentials.apply(out.Header)
	if out.Body != nil && out.Body != http.NoBody {
		out.Body = &watched{out.Body, &t.wroteHeaders}
	}
	return out
}

// watched notes that a body is read, for round trippers that do not report that they send it. net/http
// reads a body only after it has written the headers.
type watched struct {
	io.ReadCloser
	read *atomic.Bool
}

func (w *watched) Read(p []byte) (int, error) {
	w.read.Store(true)
	return w.ReadCloser.Read(p)
}

// isDirect reports whether a round tripper is one of net/http's own.
func isDirect(rt http.RoundTripper) bool {
	if rt == nil {
		rt = http.DefaultTransport
	}
	_, is := rt.(*http.Transport)
	return is
}

// schemeMismatch makes http.ErrSchemeMismatch of a response in plain HTTP to a request by HTTPS, as an
// http.Client does.
func schemeMismatch(err error) error {
	if record := (tls.RecordHeaderError{}); errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
		return http.ErrSchemeMismatch
	}
	return err
}

// settle is the time after which net/http treats the connection of a timed-out request as idle.
const settle = 10 * time.Millisecond

// refuse returns an error for a request that must not be sent.
func (w *wire) refuse(t *try, req *http.Request) error {
	if t == nil {
		return errors.New("a middleware replaced the request's context")
	}
	if !w.exposed {
		return t.begin() // Nothing has changed the request since it was prepared.
	}
	if err := sendable(req); err != nil {
		return err
	}
	if _, err := w.base.below(req); err != nil {
		return err
	}
	if req.Method != t.call.request.Method {
		return errors.New("a middleware changed the request's method")
	}
	return t.begin()
}

// sendable returns an error for a request that net/http would refuse. Not every round tripper that refuses a request
// reports that it sent nothing.
func sendable(req *http.Request) error {
	switch {
	case req.URL == nil:
		return errors.New("the request has no URL")
	case req.RequestURI != "":
		return errors.New("the request has a RequestURI, as a server's request")
	case !validHeader(req.Method, ""):
		return fmt.Errorf("the request has the method %q, which is not valid", req.Method)
	}
	for name, values := range req.Header {
		for _, value := range values {
			if !validHeader(name, value) {
				return fmt.Errorf("the request has the header %q, which is not valid", name)
			}
		}
	}
	return nil
}

// preventResend changes a request so that net/http does not send it twice. With GetBody or without a body, net/http
// resends a request by itself: over HTTP/2 after a stream reset with PROTOCOL_ERROR, and over HTTP/1.1 on a failed
// connection if it has an Idempotency-Key. A body, even an empty one, without GetBody prevents both.
func preventResend(req *http.Request) {
	req.GetBody = nil
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(strings.NewReader(""))
	}
}
