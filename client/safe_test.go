package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

var safeMethods, orderMethods = []string{http.MethodGet, http.MethodHead},
	[]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// sendAs sends a request of another method through the generated client, as the document has only a
// POST. A safe one has no body.
func sendAs(t testing.TB, c *client.Client, method string) error {
	t.Helper()
	resp, err := c.Raw().BuyEmailValidatorCredits(t.Context(), order, func(_ context.Context, r *http.Request) error {
		if r.Method = method; method == http.MethodGet || method == http.MethodHead {
			r.Body, r.GetBody, r.ContentLength = nil, nil, 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// hangUp is a handler that reads the request, writes a text and closes the connection.
func hangUp(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = discardAll(r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

const jsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

// retryAfterSeconds is what the servers of these tests ask to wait.
const retryAfterSeconds = 3

// failure is one that may be gone at the next try.
type failure struct {
	handler http.HandlerFunc
	asks    bool // to wait, by Retry-After
	refuses bool // the server reports the request as not processed, so an order is retried too
	body    bool // it is in the response's body, which a HEAD has none of
}

func passingFailures() map[string]failure {
	failures := map[string]failure{
		"closed before the response":   {handler: hangUp("")},
		"closed within the status":     {handler: hangUp("HTTP/1.1 20")},
		"closed within the header":     {handler: hangUp(jsonHead)},
		"closed within the body":       {handler: hangUp(jsonHead + "Content-Length: 100\r\n\r\n{\"url\":"), body: true},
		"closed within a chunk":        {handler: hangUp(jsonHead + "Transfer-Encoding: chunked\r\n\r\n40\r\n{\"url\":"), body: true},
		"closed before the last chunk": {handler: hangUp(jsonHead + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), body: true},
	}
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		for header, asks := range map[string]bool{"": false, fmt.Sprint(retryAfterSeconds): true} {
			failures[strings.TrimSuffix(fmt.Sprint(status, ", Retry-After ", header), ", Retry-After ")] = failure{
				handler: func(w http.ResponseWriter, r *http.Request) {
					_ = discardAll(r.Body)
					if asks {
						w.Header().Set("Retry-After", header)
					}
					w.WriteHeader(status)
				},
				asks:    asks,
				refuses: asks && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable),
			}
		}
	}
	return failures
}

// failingVendor fails a number of times, and sells then.
func failingVendor(t *testing.T, times int64, fail http.HandlerFunc) *vendor {
	t.Helper()
	var v *vendor
	v = newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if v.requests.Load() <= times {
			fail(w, r)
			return
		}
		sell(w)
	})
	return v
}

// wantSafe checks the error of a safe request. It changes nothing, so that nothing is unknown.
func wantSafe(t *testing.T, err error) {
	t.Helper()
	wantOutcome(t, err, false)
	for _, text := range []string{"unknown", "carried out"} {
		if strings.Contains(err.Error(), text) {
			t.Errorf("error %q contains %q of a safe request", err, text)
		}
	}
}

// wantNotUnsent checks the error of a request that the server has got.
func wantNotUnsent(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), "nothing was sent") {
		t.Errorf("error %q: the server has got the request", err)
	}
}

func TestSafeRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, failure := range passingFailures() {
		for _, method := range safeMethods {
			if method == http.MethodHead && failure.body {
				continue
			}
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				v := failingVendor(t, 2, failure.handler)
				var clock fakeClock
				if err := sendAs(t, newClient(t, v.URL, clock.option()), method); err != nil {
					t.Error(err)
				}
				wantRequests(t, v, 3)
				if len(clock.waits) != 2 {
					t.Fatalf("waits %v: want 2", clock.waits)
				}
				for n, wait := range clock.waits {
					if asked := wait >= retryAfterSeconds*time.Second; asked != failure.asks {
						t.Errorf("wait %d is %v: the server asked for one is %t", n, wait, failure.asks)
					}
				}
			})
		}
	}
}

func TestSafeRequestRunsOutOfRetries(t *testing.T) {
	t.Parallel()
	for name, failure := range passingFailures() {
		for _, method := range safeMethods {
			if method == http.MethodHead && failure.body {
				continue
			}
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				for retries := range int64(3) {
					v := newVendor(t, failure.handler)
					var clock fakeClock
					err := sendAs(t, newClient(t, v.URL, clock.option(), client.WithMaxRetries(int(retries))), method)
					wantSafe(t, err)
					wantNotUnsent(t, err)
					wantRequests(t, v, retries+1)
					if tries := triesOf(t, err); int64(tries) != retries+1 {
						t.Errorf("%d tries in %v: want %d", tries, err, retries+1)
					}
				}
			})
		}
	}
}

// triesOf returns how many tries an error reports.
func triesOf(t *testing.T, err error) int {
	t.Helper()
	var response *client.Error
	var none *client.NoResponseError
	switch {
	case errors.As(err, &response):
		return response.Tries
	case errors.As(err, &none):
		return none.Tries
	}
	t.Fatalf("error %v: want one of the client's", err)
	return 0
}

// TestOrderIsSentOnce has what a safe request is sent again for. An order is not, but where the server
// reports by status and Retry-After that it did not process it.
func TestOrderIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, failure := range passingFailures() {
		for _, method := range orderMethods {
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				v := newVendor(t, failure.handler)
				var clock fakeClock
				opts := []client.Option{clock.option(), client.WithStatusRetries(!failure.refuses)}
				if err := sendAs(t, newClient(t, v.URL, opts...), method); err == nil || triesOf(t, err) != 1 {
					t.Errorf("error %v: want one of one try", err)
				}
				wantRequests(t, v, 1)
			})
		}
	}
}

// TestSafeRequestWithoutAConnection has no connection at first.
func TestSafeRequestWithoutAConnection(t *testing.T) {
	t.Parallel()
	for _, method := range safeMethods {
		for retries, ok := range map[int]bool{2: true, 1: false} {
			t.Run(fmt.Sprint(method, " ", retries), func(t *testing.T) {
				t.Parallel()
				v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
				var dials atomic.Int64
				var clock fakeClock
				err := sendAs(t, newClient(t, v.URL, clock.option(), client.WithMaxRetries(retries), client.WithTransport(func(rt *http.Transport) {
					rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
						if dials.Add(1) <= 2 {
							return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
						}
						return new(net.Dialer).DialContext(ctx, network, addr)
					}
				})), method)
				if dials.Load() != int64(retries+1) {
					t.Errorf("%d connections: want %d", dials.Load(), retries+1)
				}
				switch {
				case ok && err != nil:
					t.Error(err)
				case !ok:
					wantSafe(t, err)
					wantRequests(t, v, 0)
				}
			})
		}
	}
}

// TestSafeRequestOfWhichATryWasSent has no connection at its last try, and the server has got the first.
func TestSafeRequestOfWhichATryWasSent(t *testing.T) {
	t.Parallel()
	for _, method := range safeMethods {
		v := newVendor(t, hangUp(""))
		dials := 0
		var clock fakeClock
		err := sendAs(t, newClient(t, v.URL, clock.option(), client.WithMaxRetries(1), client.WithTransport(func(rt *http.Transport) {
			rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dials++; dials == 2 {
					return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
		})), method)
		wantSafe(t, err)
		wantNotUnsent(t, err)
		wantRequests(t, v, 1)
	}
}

// TestSafeRequestIsNotSentAgain has what another try does not change.
func TestSafeRequestIsNotSentAgain(t *testing.T) {
	t.Parallel()
	ask := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", fmt.Sprint(retryAfterSeconds))
			respondWith(w, status, contentType, body)
		}
	}
	const link = `{"url":"https://x.example"}`
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		status  int
		head    bool // a HEAD fails as well
	}{
		"400":                 {ask(400, "application/json", `{"message":"x"}`), 400, true},
		"401":                 {ask(401, "application/json", `{"message":"x"}`), 401, true},
		"404":                 {ask(404, "text/html", "<html>"), 404, true},
		"409":                 {ask(409, "text/html", "<html>"), 409, true},
		"501":                 {ask(501, "text/html", "<html>"), 501, true},
		"302":                 {ask(302, "text/html", "<html>"), 302, true},
		"another success":     {ask(201, "application/json", link), 201, true},
		"HTML":                {ask(200, "text/html", "<html>"), 200, false},
		"no URL":              {ask(200, "application/json", `{"url":"x"}`), 200, false},
		"too large":           {ask(200, "application/json", link+strings.Repeat(" ", client.MaxBody)), 200, false},
		"a refusal that ends": {hangUp("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n{"), 403, false},
	} {
		for _, method := range safeMethods {
			if method == http.MethodHead && !tc.head {
				continue
			}
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				v := newVendor(t, tc.handler)
				promise := client.Documented()
				promise.Method = method
				var clock fakeClock
				err := sendAs(t, newClient(t, v.URL, clock.option(), client.WithSuccesses(promise)), method)
				wantError(t, err, tc.status, false)
				wantSafe(t, err)
				wantRequests(t, v, 1)
				if len(clock.waits) != 0 {
					t.Errorf("waits %v: want none", clock.waits)
				}
			})
		}
	}
}

// TestSafeRequestWithoutStatusRetries: the option turns off what a busy server asks for, and no more.
func TestSafeRequestWithoutStatusRetries(t *testing.T) {
	t.Parallel()
	for status, requests := range map[int]int64{408: 4, 429: 1, 500: 4, 502: 4, 503: 1, 504: 4} {
		for _, header := range []string{"", fmt.Sprint(retryAfterSeconds)} {
			for _, method := range safeMethods {
				v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
					if header != "" {
						w.Header().Set("Retry-After", header)
					}
					w.WriteHeader(status)
				})
				var clock fakeClock
				err := sendAs(t, newClient(t, v.URL, clock.option(), client.WithStatusRetries(false)), method)
				e := wantError(t, err, status, false)
				wantSafe(t, err)
				wantRequests(t, v, requests)
				if asked := e.RetryAfter == retryAfterSeconds*time.Second; asked != (header != "") {
					t.Errorf("%s %d: it asks for %v", method, status, e.RetryAfter)
				}
			}
		}
	}
}

// TestTriesWriteNoSharedHeader: net/http may still read the header of a try that has its response
// already, as when a server writes one without reading the request. Were the next try to write to the
// same map, the program would crash.
func TestTriesWriteNoSharedHeader(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", fmt.Sprint(retryAfterSeconds))
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		tries := 0
		seen := map[uintptr]int{}
		var clock fakeClock
		c := newClient(t, v.URL, clock.option(), client.WithTransport(func(rt *http.Transport) {
			rt.Proxy = func(r *http.Request) (*url.URL, error) { // It sees what net/http sends.
				tries++
				id := reflect.ValueOf(r.Header).Pointer()
				if first := seen[id]; first != 0 && len(r.Header) != 0 {
					t.Errorf("%s: try %d wrote to the header of try %d: %v", method, tries, first, r.Header)
				}
				seen[id] = tries
				clear(r.Header) // What is there at the next try is written by then.
				return nil, nil
			}
		}))
		wantError(t, sendAs(t, c, method), http.StatusServiceUnavailable, false)
		if tries != 4 {
			t.Errorf("%s: %d tries: want 4", method, tries)
		}
	}
}
