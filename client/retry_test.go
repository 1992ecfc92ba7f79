package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

func TestRetryOfConnectionThatWasNeverMade(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != `{"amount":320}` {
			t.Errorf("body %q, error %v", body, err)
		}
		sell(w)
	})
	var dials atomic.Int64
	rt := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) < 3 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	t.Cleanup(rt.CloseIdleConnections)
	var clock fakeClock
	c := newClient(t, v.URL, clock.option(), client.WithHTTPClient(&http.Client{Transport: rt}))
	if err := buy(t, c); err != nil {
		t.Error(err)
	}
	wantRequests(t, v, 1)
	if len(clock.waits) != 2 || dials.Load() != 3 {
		t.Errorf("waits %v and %d connections: want 2 and 3", clock.waits, dials.Load())
	}
}

func TestNoConnectionIsNoPurchase(t *testing.T) {
	t.Parallel()
	untrusted := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	secure := httptest.NewUnstartedServer(untrusted.Config.Handler)
	secure.Config.ErrorLog = discard()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	proxy := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })

	own := func(change func(*http.Transport)) client.Option {
		rt := client.DefaultTransport()
		change(rt)
		return client.WithHTTPClient(&http.Client{Transport: rt})
	}
	const passing, permanent = 2, 0 // retries
	for name, tc := range map[string]struct {
		url      string
		opt      client.Option
		contains string
		retries  int
	}{
		"refused":               {closedPort, nil, "connection refused", passing},
		"certificate":           {secure.URL, nil, "certificate", permanent},
		"http instead of https": {strings.Replace(untrusted.URL, "http:", "https:", 1), nil, "HTTP response to HTTPS client", permanent},
		"name":                  {"http://localhost:1", own(func(rt *http.Transport) { rt.DialContext = unknownName }), "no such host", permanent},
		"proxy":                 {secure.URL, own(func(rt *http.Transport) { rt.Proxy = through(t, proxy.URL) }), "Proxy Authentication Required", permanent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var clock fakeClock
			c := newClient(t, tc.url, clock.option(), client.WithMaxRetries(2), tc.opt)
			err := buy(t, c)
			wantOutcome(t, err, false)
			if e := (*client.Error)(nil); errors.As(err, &e) {
				t.Errorf("%v is a response", err)
			}
			if !strings.Contains(err.Error(), "client: POST /billing/buy_emailvalidation_credits: nothing was sent: ") || !strings.Contains(err.Error(), tc.contains) {
				t.Errorf("error %q: want one that contains %q", err, tc.contains)
			}
			if len(clock.waits) != tc.retries {
				t.Errorf("waits %v: want %d", clock.waits, tc.retries)
			}
		})
	}
	t.Cleanup(func() { wantRequests(t, untrusted, 0) })
}

// A round tripper that does not report a connection may have made one.
func TestRoundTripperThatSaysNothing(t *testing.T) {
	t.Parallel()
	var tries int
	var clock fakeClock
	c := newClient(t, "http://localhost", clock.option(), client.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			tries++
			return nil, syscall.ECONNREFUSED
		}),
	}))
	err := buy(t, c)
	wantOutcome(t, err, true)
	if tries != 1 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%d tries, error %v: want one", tries, err)
	}
}

func TestRequestThatNetHTTPRefuses(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	c := newClient(t, v.URL, client.WithHTTPClient(nil), client.WithMaxRetries(0))
	err := buyEdited(t, c, func(r *http.Request) error { r.Header["X-Bad"] = []string{"\n"}; return nil })
	wantOutcome(t, err, false)
	if !strings.Contains(err.Error(), `the header "X-Bad", which is not valid`) {
		t.Errorf("error %v", err)
	}
	wantRequests(t, v, 0)
}

func TestRetryWhenTheServerAsksForIt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int64
			v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != `{"amount":320}` {
					t.Errorf("body %q, error %v", body, err)
				}
				if tries.Add(1) <= 3 {
					w.Header().Set("Retry-After", "7")
					respondWith(w, status, "application/json", `{"message":"Too much to do."}`)
					return
				}
				sell(w)
			})
			var clock fakeClock
			if err := buy(t, newClient(t, v.URL, clock.option())); err != nil {
				t.Error(err)
			}
			wantRequests(t, v, 4)
			if len(clock.waits) != 3 {
				t.Errorf("waits %v: want 3", clock.waits)
			}
			wantBackoffAfter(t, 7*time.Second, clock.waits)
			if got := v.connections.Load(); got != 1 {
				t.Errorf("%d connections: want 1, as responses are read to the end", got)
			}
		})
	}
}

// wantBackoffAfter checks that each wait is Retry-After and the back-off.
func wantBackoffAfter(t *testing.T, retryAfter time.Duration, waits []time.Duration) {
	t.Helper()
	for n, wait := range waits {
		if low := retryAfter + 125*time.Millisecond<<n; wait < low || wait > low+125*time.Millisecond<<n {
			t.Errorf("wait %d is %v, want Retry-After and the back-off", n, wait)
		}
	}
}

func TestRetriesRunOut(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for retries, opts := range map[int64][]client.Option{
			0: {client.WithMaxRetries(0)},
			1: {client.WithMaxRetries(1)},
			3: nil, // the default
		} {
			t.Run(fmt.Sprint(status, " ", retries), func(t *testing.T) {
				t.Parallel()
				v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", "2")
					respondWith(w, status, "application/json", `{"message":"Too much to do."}`)
				})
				var clock fakeClock
				e := wantError(t, buy(t, newClient(t, v.URL, append(opts, clock.option())...)), status, false)
				wantRequests(t, v, retries+1)
				if e.RetryAfter != 2*time.Second || e.Message != "Too much to do." || int64(len(clock.waits)) != retries {
					t.Errorf("%v after %v, waits %v", e, e.RetryAfter, clock.waits)
				}
			})
		}
	}
}

func TestNoRetryWithoutRetryAfter(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "soon", "-1", "1.5", " "} {
		for status, unknown := range map[int]bool{http.StatusTooManyRequests: false, http.StatusServiceUnavailable: true} {
			v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
				if header != "" {
					w.Header().Set("Retry-After", header)
				}
				w.WriteHeader(status)
			})
			var clock fakeClock
			e := wantError(t, buy(t, newClient(t, v.URL, clock.option())), status, unknown)
			wantRequests(t, v, 1)
			if len(clock.waits) != 0 || e.RetryAfter != 0 {
				t.Errorf("waits %v, asked for %v: want none", clock.waits, e.RetryAfter)
			}
		}
	}
}

// Other statuses are not retried, whatever their headers are.
func TestNoRetryOfOtherStatuses(t *testing.T) {
	t.Parallel()
	for status, unknown := range map[int]bool{200: true, 301: false, 400: false, 413: false, 500: true, 502: true, 504: true} {
		v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
		})
		var clock fakeClock
		e := wantError(t, buy(t, newClient(t, v.URL, clock.option())), status, unknown)
		wantRequests(t, v, 1)
		if len(clock.waits) != 0 || e.RetryAfter != 0 {
			t.Errorf("waits %v after %d: want none", clock.waits, status)
		}
	}
}

func TestNoWaitPastTheDeadline(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	for name, opt := range map[string]client.Option{"default timeout": nil, "context": client.WithTimeout(0)} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var clock fakeClock
			before := v.requests.Load()
			_, err := newClient(t, v.URL, clock.option(), opt).BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: 320})
			if e := wantError(t, err, http.StatusTooManyRequests, false); e.RetryAfter != time.Hour || len(clock.waits) != 0 {
				t.Errorf("asked for %v, waits %v: want no wait", e.RetryAfter, clock.waits)
			}
			wantRequests(t, v, before+1)
		})
	}
	// Without a deadline, the limit of Retry-After bounds the wait.
	for name, tc := range map[string]struct {
		opts  []client.Option
		tries int64
	}{
		"default":  {nil, 1},
		"a second": {[]client.Option{client.WithRetryAfterLimit(time.Second)}, 1},
		"an hour":  {[]client.Option{client.WithRetryAfterLimit(time.Hour)}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			var clock fakeClock
			before := v.requests.Load()
			opts := append(tc.opts, clock.option(), client.WithTimeout(0))
			wantError(t, buy(t, newClient(t, v.URL, opts...)), http.StatusTooManyRequests, false)
			wantRequests(t, v, before+tc.tries)
		})
	}
}

func TestTimeoutBoundsAllTriesTogether(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	var clock fakeClock
	wantError(t, buy(t, newClient(t, v.URL, clock.option())), http.StatusTooManyRequests, false)
	wantRequests(t, v, 2) // A third would begin after the default of 30 s.
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	ctx, cancel := context.WithCancel(t.Context())
	clock := fakeClock{onWait: cancel}
	_, err := newClient(t, v.URL, clock.option()).BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: 320})
	wantError(t, err, http.StatusTooManyRequests, false)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v: want the context's in its chain", err)
	}
	wantRequests(t, v, 1)
}

// A body that cannot be had again is sent once.
func TestNoRetryOfABodyThatIsGone(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	var clock fakeClock
	c := newClient(t, v.URL, clock.option())
	body := io.MultiReader(strings.NewReader(`{"amount":320}`))
	_, err := c.Raw().BuyEmailValidatorCreditsWithBodyWithResponse(t.Context(), "application/json", body)
	wantError(t, err, http.StatusTooManyRequests, false)
	wantRequests(t, v, 1)

	broken := errors.New("broken")
	_, err = c.Raw().BuyEmailValidatorCreditsWithResponse(t.Context(), model.BuyEmailValidatorCreditsRequest{Amount: 320},
		func(_ context.Context, r *http.Request) error {
			r.GetBody = func() (io.ReadCloser, error) { return nil, broken }
			return nil
		})
	wantOutcome(t, err, false)
	if !errors.Is(err, broken) {
		t.Errorf("error %v: want that of the body", err)
	}
	wantRequests(t, v, 2)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const year = 365 * 24 * time.Hour
	for header, want := range map[string]time.Duration{
		"0":                              0,
		"120":                            2 * time.Minute,
		"007":                            7 * time.Second,
		"99999999999":                    year,
		"99999999999999999999999999":     year,
		"Fri, 02 Jan 2026 03:05:05 GMT":  time.Minute,
		"Friday, 02-Jan-26 03:05:05 GMT": time.Minute,
		"Fri Jan  2 03:05:05 2026":       time.Minute,
		"Fri, 02 Jan 2026 03:00:00 GMT":  0,
		"Fri, 02 Jan 2099 03:00:00 GMT":  year,
		"":                               -1,
		"soon":                           -1,
		"+5":                             -1,
		"-5":                             -1,
		"1.5":                            -1,
		"5s":                             -1,
	} {
		got, ok := client.RetryAfter(http.Header{"Retry-After": {header}}, now)
		if ok != (want >= 0) || (ok && got != want) {
			t.Errorf("%q: %v, %t, want %v", header, got, ok, want)
		}
	}
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	t.Parallel()
	for n, want := range []time.Duration{250, 500, 1000, 2000, 4000, 5000, 5000, 5000, 5000} {
		want *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 100 {
			d := client.Backoff(n)
			if d < want/2 || d > want {
				t.Fatalf("wait %d is %v: want at most %v and at least half", n, d, want)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Errorf("wait %d has %d lengths in 100: want jitter", n, len(seen))
		}
	}
	if d := client.Backoff(1_000_000); d < 2500*time.Millisecond || d > 5*time.Second {
		t.Errorf("wait 1000000 is %v", d)
	}
}

func TestSystemClockWaits(t *testing.T) {
	t.Parallel()
	if err := client.SystemWait(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.SystemWait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v: want the context's", err)
	}
}
