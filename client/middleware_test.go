package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/http2"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// layer is a middleware that calls the function for each try.
func layer(do func(next http.RoundTripper, r *http.Request) (*http.Response, error)) client.Option {
	return client.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return client.RoundTripperFunc(func(r *http.Request) (*http.Response, error) { return do(next, r) })
	})
}

// changing is a middleware that changes a copy of each request.
func changing(change func(*http.Request)) client.Option {
	return layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		change(r)
		return next.RoundTrip(r)
	})
}

// busyOnce is a vendor that responds to the first request with 503 and Retry-After, then with success.
func busyOnce(t *testing.T, check func(*http.Request)) *vendor {
	t.Helper()
	return failingVendorThat(t, 1, check, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
}

func failingVendorThat(t *testing.T, times int64, check func(*http.Request), fail http.HandlerFunc) *vendor {
	t.Helper()
	var v *vendor
	v = newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		check(r)
		if v.requests.Load() <= times {
			fail(w, r)
			return
		}
		sell(w)
	})
	return v
}

func TestMiddlewareIsCalledInOrderAndPerTry(t *testing.T) {
	t.Parallel()
	v := busyOnce(t, func(r *http.Request) {
		if r.Header.Get("X-Outer") != "1" || r.Header.Get("X-Last") != "inner" {
			t.Errorf("header %v: want what both set, the inner one last", r.Header)
		}
	})
	var calls []string
	named := func(name string) client.Option {
		return layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			calls = append(calls, name)
			r.Header.Set("X-"+name, "1")
			r.Header.Set("X-Last", name)
			resp, err := next.RoundTrip(r)
			calls = append(calls, name+" back")
			return resp, err
		})
	}
	var clock fakeClock
	if err := buy(t, newClient(t, v.URL, clock.option(), named("outer"), client.WithMiddleware(nil), named("inner"))); err != nil {
		t.Error(err)
	}
	try := []string{"outer", "inner", "inner back", "outer back"}
	if want := slices.Concat(try, try); !slices.Equal(calls, want) {
		t.Errorf("calls %q: want %q", calls, want)
	}
	wantRequests(t, v, 2)
}

// TestMiddlewareSeesNoCredentials: not before and not after it calls the next one, and not in the
// response's request. What it sets for them does not count.
func TestMiddlewareSeesNoCredentials(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]client.Option{"its own": nil, "the caller's": callersClient()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := busyOnce(t, func(r *http.Request) {
				sent := []string{}
				for _, name := range []string{model.ConsumerKeyHeader, model.ConsumerSecretHeader, model.AuthorizationHeader} {
					sent = append(sent, r.Header.Values(name)...)
				}
				if !slices.Equal(sent, []string{testKey, testSecret}) {
					t.Errorf("credentials %q: want the Client's", sent)
				}
			})
			look := func(r *http.Request, when string) {
				if r == nil {
					return
				}
				wantNoSecret(t, when+fmt.Sprint(r.Header))
				if r.Header.Get("X-Request-Id") == "" || r.Header.Get("User-Agent") == "" {
					t.Errorf("%s: header %v: want what is no credential", when, r.Header)
				}
			}
			var clock fakeClock
			err := buy(t, newClient(t, v.URL, clock.option(), opt, layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				look(r, "before")
				r.Header.Set(model.ConsumerKeyHeader, "mine")
				r.Header.Set(model.AuthorizationHeader, "mine")
				r.Header["consumersecret"] = []string{"mine"} // as net/http sends it too
				resp, err := next.RoundTrip(r)
				look(r, "after")
				if err == nil {
					look(resp.Request, "in the response")
				}
				return resp, err
			})))
			if err != nil {
				t.Error(err)
			}
			wantRequests(t, v, 2)
		})
	}
}

var errLayer = errors.New("the middleware does not like it")

// TestMiddlewareThatMisbehaves has what a middleware may do wrong. The server gets at most one order,
// another server gets nothing, and the outcome is known where it can be.
func TestMiddlewareThatMisbehaves(t *testing.T) {
	t.Parallel()
	other := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	otherHost := strings.TrimPrefix(other.URL, "http://")
	const unsent, unknown = false, true
	for name, tc := range map[string]struct {
		opt      client.Option
		contains string
		orders   int64
		outcome  bool
	}{
		"another host":     {changing(func(r *http.Request) { r.URL.Host, r.Host = otherHost, otherHost }), "not for the server", 0, unsent},
		"another URL host": {changing(func(r *http.Request) { r.URL.Host = otherHost }), "not for the server", 0, unsent},
		"another scheme":   {changing(func(r *http.Request) { r.URL.Scheme = "https" }), "not for the server", 0, unsent},
		"host header":      {changing(func(r *http.Request) { r.Host = "evil.example.com" }), "not for the server", 0, unsent},
		"another path":     {changing(func(r *http.Request) { r.URL.Path = "/other" }), "not for the server", 0, unsent},
		"a sibling path":   {changing(func(r *http.Request) { r.URL.Path = "/api2/billing" }), "not for the server", 0, unsent},
		// net/http sends these as they are, to a proxy too, whatever the rest of the URL is.
		"an opaque URL":  {changing(func(r *http.Request) { r.URL.Opaque = "//" + otherHost + "/api/x" }), "not for the server", 0, unsent},
		"dot segments":   {changing(func(r *http.Request) { r.URL.Path = "/api/../other" }), "not for the server", 0, unsent},
		"another method": {changing(func(r *http.Request) { r.Method = http.MethodGet }), "method", 0, unsent},
		"another context": {layer(func(n http.RoundTripper, r *http.Request) (*http.Response, error) {
			return n.RoundTrip(r.WithContext(t.Context()))
		}), "context", 0, unsent},
		"nothing":           {layer(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil }), "neither", 0, unsent},
		"its error, before": {layer(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, errLayer }), errLayer.Error(), 0, unsent},
		"its error, after": {layer(func(n http.RoundTripper, r *http.Request) (*http.Response, error) {
			return nil, errors.Join(roundTripAndClose(n, r), errLayer)
		}), errLayer.Error(), 1, unknown},
		"nothing, after": {layer(func(n http.RoundTripper, r *http.Request) (*http.Response, error) {
			return nil, roundTripAndClose(n, r)
		}), "neither", 1, unknown},
		"a second time": {layer(func(n http.RoundTripper, r *http.Request) (*http.Response, error) {
			again := r.Clone(r.Context())
			again.Body, _ = r.GetBody()
			_ = roundTripAndClose(n, r)
			return n.RoundTrip(again)
		}), "sent the request again", 1, unknown},
		"a second time, copied": {layer(func(n http.RoundTripper, r *http.Request) (*http.Response, error) {
			_ = roundTripAndClose(n, r)
			again, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, r.URL.String(), strings.NewReader(`{"amount":320}`))
			if err != nil {
				return nil, err
			}
			return n.RoundTrip(again)
		}), "sent the request again", 1, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for sender, opt := range map[string]client.Option{"its own": nil, "the caller's": callersClient()} {
				v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
				var clock fakeClock
				err := buy(t, newClient(t, v.URL+"/api", clock.option(), opt, tc.opt))
				if err == nil {
					t.Fatalf("%s: no error", sender)
				}
				wantOutcome(t, err, tc.outcome)
				if text := err.Error(); strings.Contains(text, "nothing was sent") == tc.outcome || !strings.Contains(text, tc.contains) {
					t.Errorf("error %q: want one that contains %q", text, tc.contains)
				}
				if len(clock.waits) != 0 || triesOf(t, err) != 1 {
					t.Errorf("waits %v: a middleware's failure is not tried again", clock.waits)
				}
				wantRequests(t, v, tc.orders)
			}
		})
	}
	t.Cleanup(func() { wantRequests(t, other, 0) })
}

func roundTripAndClose(next http.RoundTripper, r *http.Request) error {
	resp, err := next.RoundTrip(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// TestMiddlewareWithAResponseOfItsOwn has one that calls nobody, such as a fake. It need not set more of
// the response than a fake does, and must not crash the program.
func TestMiddlewareWithAResponseOfItsOwn(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	body := func() io.ReadCloser { return io.NopCloser(strings.NewReader(`{"url":"` + testLink + `"}`)) }
	for name, tc := range map[string]struct {
		resp   func() *http.Response
		status int // of the error, 0 for none
	}{
		"success": {func() *http.Response {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body(), ContentLength: -1}
		}, 0},
		"no body":            {func() *http.Response { return &http.Response{StatusCode: 400, Header: http.Header{}} }, 400},
		"no header":          {func() *http.Response { return &http.Response{StatusCode: 400, Body: body()} }, 400},
		"nothing but status": {func() *http.Response { return &http.Response{StatusCode: 400} }, 400},
		"only a success":     {func() *http.Response { return &http.Response{StatusCode: 200} }, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("panic: %v", p)
				}
			}()
			err := buy(t, newClient(t, v.URL, layer(func(http.RoundTripper, *http.Request) (*http.Response, error) { return tc.resp(), nil })))
			if tc.status != 0 {
				wantError(t, err, tc.status, tc.status == 200)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { wantRequests(t, v, 0) })
}

// TestMiddlewareWithARequestOfItsOwn has one that makes a new request, without any header.
func TestMiddlewareWithARequestOfItsOwn(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("panic: %v", p)
		}
	}()
	if err := buy(t, newClient(t, v.URL, layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		return next.RoundTrip((&http.Request{Method: r.Method, URL: r.URL, Body: r.Body}).WithContext(r.Context()))
	}))); err != nil {
		t.Error(err)
	}
	wantRequests(t, v, 1)
}

// TestMiddlewareThatDoesNotWait has one that sends in another goroutine and returns an error before it
// ends. However far the order has come by then, it arrives at most once, and an error that reports that
// nothing was sent is right.
func TestMiddlewareThatDoesNotWait(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"it begins", "it dials", "it is connected", "the server has it", "it is over"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{})
			called, released := make(chan error, 1), make(chan struct{})
			at := func(moment string) { // The order stays here until the call is over.
				if moment == when {
					close(reached)
					<-released
				}
			}
			v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				_ = discardAll(r.Body)
				at("the server has it")
				sell(w)
			})
			err := buy(t, newClient(t, v.URL, client.WithTransport(func(rt *http.Transport) {
				rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					at("it dials")
					return new(net.Dialer).DialContext(context.WithoutCancel(ctx), network, addr)
				}
			}), layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				ctx := httptrace.WithClientTrace(context.WithoutCancel(r.Context()), &httptrace.ClientTrace{
					GotConn: func(httptrace.GotConnInfo) { at("it is connected") },
				})
				go func() {
					at("it begins")
					called <- roundTripAndClose(next, r.WithContext(ctx))
					at("it is over")
				}()
				<-reached
				return nil, errLayer
			})))
			close(released)
			late := <-called
			if begun := when != "it begins"; errors.Is(err, client.ErrOutcomeUnknown) != begun || begun != (late == nil) {
				t.Errorf("error %v, of the order itself %v", err, late)
			}
			want := int64(1)
			if when == "it begins" {
				want = 0
			}
			wantRequests(t, v, want)
			if triesOf(t, err) != 1 {
				t.Errorf("error %v: want one try", err)
			}
		})
	}
}

// TestMiddlewareWithAnotherBody has one that reads the body and sends another one, which net/http could
// send again after the server's reset.
func TestMiddlewareWithAnotherBody(t *testing.T) {
	t.Parallel()
	h := newH2Server(t, func(moment string, s *h2Stream) bool { return moment != onBody || s.reset(http2.ErrCodeProtocol) })
	for sender, opt := range map[string]client.Option{"its own": h.trust(), "the caller's": client.WithHTTPClient(&http.Client{Transport: h.transport(t)})} {
		err := buy(t, newClient(t, h.URL, opt, layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			signed, err := http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), strings.NewReader(string(body)+" "))
			if err != nil || signed.GetBody == nil {
				return nil, errLayer
			}
			signed.Header = r.Header
			signed.Header.Set("Idempotency-Key", "k")
			return next.RoundTrip(signed)
		})))
		wantOutcome(t, err, true)
		if orders := h.ordersOf(requestOf(t, err)); orders != 1 {
			t.Errorf("%s: %d orders: want 1, error %v", sender, orders, err)
		}
	}
}

// TestRequestsToAnotherServer has a middleware, or the caller's round tripper, ask somebody else first,
// with the order's context, which cannot be reached. That proves nothing about the order, which a round
// tripper that does not report has sent: it must not be sent again.
func TestRequestsToAnotherServer(t *testing.T) {
	t.Parallel()
	asking := func(next http.RoundTripper) http.RoundTripper {
		return client.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, closedPort, http.NoBody)
			if err != nil {
				return nil, err
			}
			if resp, err := http.DefaultClient.Do(ask); err == nil {
				_ = resp.Body.Close()
			}
			return next.RoundTrip(r)
		})
	}
	for _, url := range []string{"http://localhost", closedPort} { // It asks another server, or the order's.
		for _, place := range []string{"middleware", "round tripper"} {
			orders := 0
			var rt http.RoundTripper = roundTripper(func(r *http.Request) (*http.Response, error) {
				orders++
				return nil, errors.Join(discardAll(r.Body), syscall.ECONNRESET)
			})
			var clock fakeClock
			opts := []client.Option{clock.option(), client.WithMiddleware(asking)}
			if place == "round tripper" {
				rt, opts = asking(rt), opts[:1]
			}
			wantOutcome(t, buy(t, newClient(t, url, append(opts, client.WithHTTPClient(&http.Client{Transport: rt}))...)), true)
			if orders != 1 {
				t.Errorf("%s, %s: %d orders: want 1", place, url, orders)
			}
		}
	}
}

func TestMiddlewareThatMakesNothing(t *testing.T) {
	t.Parallel()
	_, err := client.New(client.WithAPIKey(testAPIKey), client.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil }))
	wantOutcome(t, err, false)
	if !strings.Contains(err.Error(), "WithMiddleware") {
		t.Errorf("error %v: want the option's name", err)
	}
}
