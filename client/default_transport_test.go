package client_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

// These tests replace http.DefaultTransport, so they do not run in parallel.

// replaceDefaultTransport replaces http.DefaultTransport. The returned function, or the test's end,
// restores it.
func replaceDefaultTransport(t *testing.T, rt http.RoundTripper) (restore func()) {
	t.Helper()
	original := http.DefaultTransport
	restore = func() { http.DefaultTransport = original }
	t.Cleanup(restore)
	http.DefaultTransport = rt
	return restore
}

// counting is a round tripper that is no *http.Transport, such as an instrumentation.
type counting struct {
	http.RoundTripper
	calls atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// moments are when http.DefaultTransport may be replaced. Each makes a Client for a server, and replaces.
var moments = map[string]func(t *testing.T, url string, rt http.RoundTripper, opts ...client.Option) (c *client.Client, restore func()){
	"before New": func(t *testing.T, url string, rt http.RoundTripper, opts ...client.Option) (*client.Client, func()) {
		restore := replaceDefaultTransport(t, rt)
		return newClient(t, url, opts...), restore
	},
	"after New": func(t *testing.T, url string, rt http.RoundTripper, opts ...client.Option) (*client.Client, func()) {
		c := newClient(t, url, opts...)
		return c, replaceDefaultTransport(t, rt)
	},
	"after the first call": func(t *testing.T, url string, rt http.RoundTripper, opts ...client.Option) (*client.Client, func()) {
		c := newClient(t, url, opts...)
		_ = buy(t, c) // No server needs to listen.
		return c, replaceDefaultTransport(t, rt)
	},
}

func TestReplacedDefaultTransportIsUsed(t *testing.T) {
	for moment, make := range moments {
		t.Run(moment, func(t *testing.T) {
			theirs := &http.Transport{}
			t.Cleanup(theirs.CloseIdleConnections)
			v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
			rt := &counting{RoundTripper: theirs}
			c, restore := make(t, v.URL, rt)
			before := v.requests.Load()
			for n := range int64(3) {
				if err := buy(t, c); err != nil || rt.calls.Load() != n+1 {
					t.Errorf("%d calls of the replacement, error %v: want %d", rt.calls.Load(), err, n+1)
				}
			}
			wantRequests(t, v, before+3)

			// Restored, the Client uses its own copy again, and with it the connection that it had.
			restore()
			for range 3 {
				if err := buy(t, c); err != nil || rt.calls.Load() != 3 {
					t.Errorf("%d calls of the replacement, error %v: want the Client's own", rt.calls.Load(), err)
				}
			}
			wantRequests(t, v, before+6)
			if got := v.connections.Load(); got != 2 {
				t.Errorf("%d connections: want one of the replacement and one of the Client's", got)
			}
		})
	}
}

// TestReplacedDefaultTransportProvesNothing: it does not report what it sends, so that a failure of it
// leaves the outcome unknown.
func TestReplacedDefaultTransportProvesNothing(t *testing.T) {
	for moment, make := range moments {
		t.Run(moment, func(t *testing.T) {
			tries := 0
			var clock fakeClock
			c, _ := make(t, closedPort, roundTripper(func(*http.Request) (*http.Response, error) {
				tries++
				return nil, http.ErrServerClosed
			}), clock.option(), client.WithMaxRetries(0))
			wantOutcome(t, buy(t, c), true)
			if tries != 1 || len(clock.waits) != 0 {
				t.Errorf("%d tries, waits %v: want one", tries, clock.waits)
			}
		})
	}
}

// TestReplacedDefaultTransportMayBeAFake has what a test puts in its place: a response of no more than a
// status. It must not crash the program.
func TestReplacedDefaultTransportMayBeAFake(t *testing.T) {
	recorder := httptest.NewRecorder()
	sell(recorder)
	for name, tc := range map[string]struct {
		resp   *http.Response
		status int // of the error, 0 for none
	}{
		"recorded": {recorder.Result(), 0},
		"bare":     {&http.Response{StatusCode: http.StatusForbidden}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("panic: %v", p)
				}
			}()
			replaceDefaultTransport(t, roundTripper(func(*http.Request) (*http.Response, error) { return tc.resp, nil }))
			err := buy(t, newClient(t, closedPort))
			if tc.status != 0 {
				wantError(t, err, tc.status, false)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReplacedDefaultTransportWithAProxy has another *http.Transport. The Client makes its copy of that.
func TestReplacedDefaultTransportWithAProxy(t *testing.T) {
	for moment, make := range moments {
		t.Run(moment, func(t *testing.T) {
			proxy := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				if !r.URL.IsAbs() {
					t.Errorf("%s: want what is sent to a proxy", r.URL)
				}
				sell(w)
			})
			theirs := &http.Transport{Proxy: through(t, proxy.URL)}
			t.Cleanup(theirs.CloseIdleConnections)
			c, restore := make(t, closedPort, theirs, client.WithMaxRetries(0))
			for range 2 {
				if err := buy(t, c); err != nil {
					t.Error(err)
				}
			}
			wantRequests(t, proxy, 2)
			if theirs.MaxResponseHeaderBytes != 0 || theirs.HTTP2 != nil {
				t.Error("the replacement itself was changed")
			}
			restore()
			wantOutcome(t, buy(t, c), false) // Without the proxy, no server listens.
			wantRequests(t, proxy, 2)
		})
	}
}

// TestReplacedDefaultTransportIsNotUsed: with a client of the caller's, it does not matter.
func TestReplacedDefaultTransportIsNotUsed(t *testing.T) {
	for moment, make := range moments {
		t.Run(moment, func(t *testing.T) {
			theirs := &http.Transport{}
			t.Cleanup(theirs.CloseIdleConnections)
			v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
			rt := &counting{RoundTripper: theirs}
			c, _ := make(t, v.URL, rt, client.WithHTTPClient(&http.Client{Transport: theirs}))
			if err := buy(t, c); err != nil || rt.calls.Load() != 0 {
				t.Errorf("%d calls of the replacement, error %v: want none", rt.calls.Load(), err)
			}
		})
	}
}

// TestConnectionsOfAReplacedTransportAreClosed: the Client has no use any more for those of the copy that
// it has left.
func TestConnectionsOfAReplacedTransportAreClosed(t *testing.T) {
	gone := make(chan struct{}, 2)
	s := closing(t, gone, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	c := newClient(t, s.URL)
	if err := buy(t, c); err != nil {
		t.Fatal(err)
	}
	theirs := &http.Transport{}
	t.Cleanup(theirs.CloseIdleConnections)
	replaceDefaultTransport(t, theirs)
	if err := buy(t, c); err != nil {
		t.Fatal(err)
	}
	within(t, gone, "the first connection is closed")
}
