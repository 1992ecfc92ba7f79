package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	statuses := []int{200, 400, 401, 404, 302, 500, 502, 200}
	var mu sync.Mutex
	n := 0
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		status := statuses[n%len(statuses)]
		n++
		respondWith(w, status, "application/json", `{"url":"https://x.example"}`+strings.Repeat(" ", 100_000))
	})
	c := newClient(t, v.URL)
	for range 4 * len(statuses) {
		_ = buy(t, c) // Other tests check the error.
	}
	wantRequests(t, v, int64(4*len(statuses)))
	if got := v.connections.Load(); got != 1 {
		t.Errorf("%d connections: want 1", got)
	}
}

// TestConnectionsAreReused has orders side by side, again and again: each connection is made once.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	const sideBySide = 20
	var arrived sync.WaitGroup
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait() // All of them need a connection at once.
		sell(w)
	})
	c := newClient(t, v.URL)
	for range 10 {
		arrived.Add(sideBySide)
		var running sync.WaitGroup
		for range sideBySide {
			running.Go(func() {
				if err := buy(t, c); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
	}
	// A connection may still be on its way to the idle ones when the next order asks for one.
	if got := v.connections.Load(); got > 3*sideBySide {
		t.Errorf("%d connections for %d orders side by side", got, sideBySide)
	}
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	c := newClient(t, v.URL)
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			if err := buy(t, c); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	wantRequests(t, v, 50)
}

// responseBody records how much of it was read, and whether it was closed.
type responseBody struct {
	io.Reader
	read   int
	closed bool
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *responseBody) Close() error {
	b.closed = true
	return nil
}

// TestNothingIsLeftOpen runs in a synctest bubble, which fails if a goroutine does not end, and in which waits take no
// real time.
func TestNothingIsLeftOpen(t *testing.T) {
	t.Parallel()
	const link = `{"url":"https://x.example"}`
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		status int
		body   io.Reader
		tries  int
		takes  time.Duration // at least, without the back-off
	}{
		"success":   {200, strings.NewReader(link), 1, 0},
		"empty":     {200, strings.NewReader(""), 1, 0},
		"too large": {200, bytes.NewReader(make([]byte, 2*client.MaxBody)), 1, 0},
		"broken":    {200, io.MultiReader(strings.NewReader(link), failingReader{broken}), 1, 0},
		"refusal":   {400, strings.NewReader(link), 1, 0},
		"redirect":  {307, strings.NewReader(link), 1, 0},
		"failure":   {500, strings.NewReader(link), 1, 0},
		"busy":      {503, strings.NewReader(link), 4, 21 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var bodies []*responseBody
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					if err := errors.Join(discardAll(r.Body), r.Body.Close()); err != nil {
						t.Error(err)
					}
					body := &responseBody{Reader: tc.body}
					bodies = append(bodies, body)
					header := http.Header{"Content-Type": {"application/json"}}
					if tc.status == http.StatusServiceUnavailable {
						header.Set("Retry-After", "7")
					}
					return &http.Response{StatusCode: tc.status, Header: header, Body: body, Request: r}, nil
				})
				c := newClient(t, "http://localhost", client.WithHTTPClient(&http.Client{Transport: rt}))
				start := time.Now()
				_ = buy(t, c) // Other tests check the error.
				if took := time.Since(start); took < tc.takes || took > tc.takes+2*time.Second {
					t.Errorf("took %v: want %v and the back-off", took, tc.takes)
				}
				if len(bodies) != tc.tries {
					t.Errorf("%d tries: want %d", len(bodies), tc.tries)
				}
				wantClosed(t, bodies)
			})
		})
	}
}

// wantClosed checks that bodies are closed and were not read beyond the limit.
func wantClosed(t *testing.T, bodies []*responseBody) {
	t.Helper()
	for n, body := range bodies {
		if !body.closed || body.read > client.MaxBody+1 {
			t.Errorf("the body of response %d: closed %v, %d bytes read", n, body.closed, body.read)
		}
	}
}

// TestBodyOfARequestThatIsNotSentIsClosed: the body of a request is closed even if it is not sent.
func TestBodyOfARequestThatIsNotSentIsClosed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newClient(t, "http://localhost")
	for name, edit := range map[string]func(*http.Request){
		"context done":   func(*http.Request) {},
		"another server": func(r *http.Request) { r.URL.Host = "example.com" },
	} {
		body := &responseBody{Reader: strings.NewReader("{}")}
		_, err := c.Raw().BuyEmailValidatorCreditsWithBodyWithResponse(ctx, "application/json", body,
			func(_ context.Context, r *http.Request) error { edit(r); return nil })
		wantOutcome(t, err, false)
		if !body.closed {
			t.Errorf("%s: the body was left open", name)
		}
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func discardAll(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// TestMiddlewareChangesOneTry: what a middleware changes in a request is not there at the next try.
func TestMiddlewareChangesOneTry(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "&t=1" || len(r.Header.Values("X-Try")) != 1 {
			t.Errorf("query %q, X-Try %q", r.URL.RawQuery, r.Header.Values("X-Try"))
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	var clock fakeClock
	err := buy(t, newClient(t, v.URL, clock.option(), layer(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r.URL.RawQuery += "&t=1"
		r.Header.Add("X-Try", "1")
		return next.RoundTrip(r)
	})))
	wantError(t, err, http.StatusServiceUnavailable, false)
	wantRequests(t, v, 4)
}
