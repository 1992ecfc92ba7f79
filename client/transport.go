package client

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// transport is a Client's default transport: a tuned copy of http.DefaultTransport, or what replaces that.
type transport struct {
	tune func(*http.Transport) *http.Transport
	copy atomic.Pointer[tuned]
}

// tuned is the Client's own transport, and what it is a copy of.
type tuned struct{ original, own *http.Transport }

func newTransport(tune func(*http.Transport) *http.Transport) *transport {
	t := &transport{tune: tune}
	t.copy.Store(&tuned{})
	t.roundTripper()
	return t
}

// roundTripper returns the round tripper to use. own is nil if it is not the Client's own transport.
func (t *transport) roundTripper() (rt http.RoundTripper, own *http.Transport) {
	original, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport, nil
	}
	for {
		now := t.copy.Load()
		if now.original == original {
			return now.own, now.own
		}
		if t.copy.CompareAndSwap(now, &tuned{original, t.tune(original)}) && now.own != nil {
			now.own.CloseIdleConnections()
		}
	}
}

// abandon makes later requests use new connections, if used is what they would use. The requests that
// still use the old ones are not disturbed. A connection over which nothing arrives any more does not
// fail by itself for a long time, and HTTP/2 would send request after request over it.
func (t *transport) abandon(used *http.Transport) {
	now := t.copy.Load()
	if used == nil || used != now.own {
		return
	}
	if t.copy.CompareAndSwap(now, &tuned{now.original, used.Clone()}) {
		used.CloseIdleConnections()
	}
}

func (t *transport) closeIdle() {
	if own := t.copy.Load().own; own != nil {
		own.CloseIdleConnections()
	}
}

const (
	maxHeader   = 64 << 10 // of a response, in bytes
	idleConns   = 100      // to the one server; the default of 2 makes concurrent orders connect again and again
	idleTimeout = 90 * time.Second
	// pingAfter is how long an HTTP/2 connection may be quiet until a ping asks whether it is alive, and
	// pingTimeout how long the response to the ping may take.
	pingAfter   = 10 * time.Second
	pingTimeout = 5 * time.Second
)

// tune returns a copy of a transport, with defaults for what that does not set. Protocols that were added by
// RegisterProtocol are not copied.
func tune(original *http.Transport) *http.Transport {
	t := original.Clone()
	if t.MaxResponseHeaderBytes == 0 {
		t.MaxResponseHeaderBytes = maxHeader
	}
	if t.MaxIdleConnsPerHost >= 0 { // Less keeps none.
		t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, idleConns)
	}
	if t.IdleConnTimeout == 0 {
		t.IdleConnTimeout = idleTimeout
	}
	http2 := http.HTTP2Config{}
	if t.HTTP2 != nil {
		http2 = *t.HTTP2
	}
	if http2.SendPingTimeout == 0 {
		http2.SendPingTimeout = pingAfter
	}
	if http2.PingTimeout == 0 {
		http2.PingTimeout = pingTimeout
	}
	t.HTTP2 = &http2
	report := t.OnProxyConnectResponse
	t.OnProxyConnectResponse = func(ctx context.Context, proxy *url.URL, req *http.Request, resp *http.Response) error {
		if report != nil {
			if err := report(ctx, proxy, req, resp); err != nil {
				return err
			}
		}
		if resp.StatusCode != http.StatusOK {
			return &proxyError{status: resp.StatusCode}
		}
		return nil
	}
	return t
}
