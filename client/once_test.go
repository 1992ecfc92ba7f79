package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/turbosmtp-go/billing/client"
)

var order = client.BuyEmailValidatorCreditsRequest{Amount: 320}

// ways are the ways to give an order, each with something that makes net/http send a request again by
// itself.
var ways = map[string]func(t *testing.T, c *client.Client) error{
	"method": func(t *testing.T, c *client.Client) error {
		_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("Idempotency-Key", "k"), client.WithHeader("X-Idempotency-Key", "k"))
		return err
	},
	"Raw": func(t *testing.T, c *client.Client) error {
		return buyEdited(t, c, func(r *http.Request) error { r.Header.Set("X-Idempotency-Key", "k"); return nil })
	},
	"Raw without a body": func(t *testing.T, c *client.Client) error {
		return buyEdited(t, c, func(r *http.Request) error {
			r.Header.Set("Idempotency-Key", "k")
			r.Body, r.GetBody, r.ContentLength = nil, nil, 0
			return nil
		})
	},
}

// keyed is a middleware, or a round tripper of the caller's own, that adds a key.
func keyed(next http.RoundTripper) http.RoundTripper {
	return client.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Idempotency-Key", "k")
		return next.RoundTrip(r)
	})
}

// senders are what a Client may send through.
func senders(own client.Option, transport func() http.RoundTripper) map[string][]client.Option {
	return map[string][]client.Option{
		"its own":             {own},
		"the caller's":        {client.WithHTTPClient(&http.Client{Transport: transport()})},
		"the caller's, keyed": {client.WithHTTPClient(&http.Client{Transport: keyed(transport())})},
		"a middleware":        {own, client.WithMiddleware(keyed)},
	}
}

// h2Stages are the failures of an HTTP/2 server after which it may have carried the order out.
func h2Stages() map[string]func(string, *h2Stream) bool {
	at := func(moment string, do func(*h2Stream) bool) func(string, *h2Stream) bool {
		return func(now string, s *h2Stream) bool { return now != moment || do(s) }
	}
	closed := func(*h2Stream) bool { return false }
	stages := map[string]func(string, *h2Stream) bool{
		"closed on connect":       at(onConnect, closed),
		"closed on the headers":   at(onHeaders, closed),
		"closed on the body":      at(onBody, closed),
		"GOAWAY, closed":          at(onBody, func(s *h2Stream) bool { s.goAway(s.id, http2.ErrCodeNo); return false }),
		"GOAWAY, closed, error":   at(onBody, func(s *h2Stream) bool { s.goAway(s.id, http2.ErrCodeEnhanceYourCalm); return false }),
		"GOAWAY, later, closed":   at(onBody, func(s *h2Stream) bool { s.goAway(1<<31-1, http2.ErrCodeNo); return false }),
		"closed in the response":  at(onBody, func(s *h2Stream) bool { s.head(); return false }),
		"reset in the response":   at(onBody, func(s *h2Stream) bool { return s.head() && s.reset(http2.ErrCodeProtocol) }),
		"no HTTP/2 response":      at(onBody, func(s *h2Stream) bool { _, _ = s.conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); return false }),
		"frame of a wrong length": at(onBody, func(s *h2Stream) bool { _ = s.WriteRawFrame(http2.FrameRSTStream, 0, s.id, []byte{1}); return true }),
	}
	for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required+1; code++ { // The last is no code.
		if code != http2.ErrCodeRefusedStream { // It says that the order was not processed.
			stages[fmt.Sprintf("reset on the headers, %v", code)] = at(onHeaders, func(s *h2Stream) bool { return s.reset(code) })
			stages[fmt.Sprintf("reset on the body, %v", code)] = at(onBody, func(s *h2Stream) bool { return s.reset(code) })
		}
	}
	return stages
}

// TestOneOrderOverHTTP2 has an HTTP/2 server fail at each stage of the exchange. However the order is
// given and sent, the server gets it at most once, and where it has got it, the outcome is unknown.
func TestOneOrderOverHTTP2(t *testing.T) {
	t.Parallel()
	for stage, do := range h2Stages() {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			h := newH2Server(t, do)
			failures := map[string]error{} // by request id
			for sender, opts := range senders(h.trust(), func() http.RoundTripper { return h.transport(t) }) {
				for way, give := range ways {
					var clock fakeClock
					err := give(t, newClient(t, h.URL, append(opts, clock.option(), client.WithTimeout(5*time.Second))...))
					if err == nil {
						t.Errorf("%s, %s: no error", sender, way)
						continue
					}
					failures[requestOf(t, err)] = fmt.Errorf("%s, %s: %w", sender, way, err)
				}
			}
			h.close() // What the server gets of an order after the call counts as well.
			for request, err := range failures {
				wantOne(t, err, int64(h.ordersOf(request)), stage)
			}
		})
	}
}

// requestOf returns the id that an order was sent with.
func requestOf(t *testing.T, err error) string {
	t.Helper()
	if e := (*client.Error)(nil); errors.As(err, &e) {
		return e.SentRequestID
	}
	e := (*client.NoResponseError)(nil)
	if !errors.As(err, &e) {
		t.Fatalf("error %v: want one of the client's", err)
	}
	return e.RequestID
}

// wantOne checks what became of one order that failed.
func wantOne(t *testing.T, err error, orders int64, what string) {
	t.Helper()
	unknown := errors.Is(err, client.ErrOutcomeUnknown)
	if err == nil || orders > 1 || (orders == 1 && !unknown) {
		t.Errorf("%s: the server got %d orders, error %v", what, orders, err)
	}
}

// TestNotProcessed has an HTTP/2 server say that it did not process the order, by RFC 9113 section 8.7.
// It is sent again, and the server gets it once.
func TestNotProcessed(t *testing.T) {
	t.Parallel()
	refuse := func(s *h2Stream) bool { return s.reset(http2.ErrCodeRefusedStream) }
	for stage, tc := range map[string]struct {
		moment string
		do     func(*h2Stream) bool
	}{
		"REFUSED_STREAM on the headers":        {onHeaders, refuse},
		"REFUSED_STREAM on the body":           {onBody, refuse},
		"GOAWAY of a stream before":            {onBody, func(s *h2Stream) bool { return s.goAway(0, http2.ErrCodeNo) }},
		"GOAWAY of a stream before, and close": {onBody, func(s *h2Stream) bool { s.goAway(0, http2.ErrCodeNo); return false }},
		"GOAWAY of a stream before, error":     {onBody, func(s *h2Stream) bool { return s.goAway(0, http2.ErrCodeEnhanceYourCalm) }},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			var refused bool
			h := newH2Server(t, func(moment string, s *h2Stream) bool {
				switch {
				case moment == tc.moment && !refused:
					refused = true
					return tc.do(s)
				case moment == onBody:
					return s.sell()
				}
				return true
			})
			for _, opt := range []client.Option{h.trust(), client.WithHTTPClient(&http.Client{Transport: h.transport(t)})} {
				refused = false
				before := h.orders.Load()
				var clock fakeClock
				if err := buy(t, newClient(t, h.URL, opt, clock.option())); err != nil || h.orders.Load() != before+1 || len(clock.waits) != 1 {
					t.Errorf("%d orders, waits %v, error %v: want one order after one wait", h.orders.Load()-before, clock.waits, err)
				}
			}
		})
	}
}

// TestNeverProcessed has a server that refuses each try. Nothing was ordered, and the error says so.
func TestNeverProcessed(t *testing.T) {
	t.Parallel()
	h := newH2Server(t, func(moment string, s *h2Stream) bool { return moment != onBody || s.reset(http2.ErrCodeRefusedStream) })
	var clock fakeClock
	err := buy(t, newClient(t, h.URL, h.trust(), clock.option()))
	wantOutcome(t, err, false)
	if e := (*client.NoResponseError)(nil); !errors.As(err, &e) || e.Tries != 4 || len(clock.waits) != 3 {
		t.Errorf("error %v, waits %v: want four tries", err, clock.waits)
	}
}
