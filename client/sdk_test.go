package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// TestResponseOfACall checks the report of WithResponse, and that all tries have one request id.
func TestResponseOfACall(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statuses []int // of the tries
		dead     bool  // no server listens
		want     client.Response
	}{
		"success":     {[]int{200}, false, client.Response{StatusCode: 200, Tries: 1}},
		"refusal":     {[]int{401}, false, client.Response{StatusCode: 401, Tries: 1}},
		"unknown":     {[]int{500}, false, client.Response{StatusCode: 500, Tries: 1}},
		"retries":     {[]int{503, 429, 200}, false, client.Response{StatusCode: 200, Tries: 3}},
		"no response": {nil, true, client.Response{StatusCode: 0, Tries: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ids []string
			var v *vendor
			v = newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				ids = append(ids, r.Header.Get("X-Request-Id"))
				w.Header().Set("X-Try", fmt.Sprint(len(ids)))
				w.Header().Set("Retry-After", "1")
				respondWith(w, tc.statuses[v.requests.Load()-1], "application/json", `{"url":"`+testLink+`"}`)
			})
			base := v.URL
			if tc.dead {
				base = closedPort
			}
			var clock fakeClock
			got := client.Response{StatusCode: 999, Header: http.Header{"X-Old": {"1"}}, RequestID: "old", Tries: 9}
			_, err := newClient(t, base, clock.option()).BuyEmailValidatorCredits(t.Context(), order, client.WithResponse(&got))
			if got.StatusCode != tc.want.StatusCode || got.Tries != tc.want.Tries || len(got.RequestID) != 32 {
				t.Errorf("%+v: want %+v and a request id", got, tc.want)
			}
			if try := got.Header.Get("X-Try"); (tc.dead && got.Header != nil) || (!tc.dead && try != fmt.Sprint(tc.want.Tries)) {
				t.Errorf("header %v: want the last response's", got.Header)
			}
			if want := slices.Repeat([]string{got.RequestID}, len(tc.statuses)); !slices.Equal(ids, want) {
				t.Errorf("the server got the request ids %q: want %q", ids, want)
			}
			wantRequestID(t, err, got.RequestID)
		})
	}
}

// wantRequestID checks that an error, if there is one, contains the request id once.
func wantRequestID(t *testing.T, err error, id string) {
	t.Helper()
	if e := (*client.Error)(nil); errors.As(err, &e) && (e.SentRequestID != id || e.RequestID != id || e.Header.Get("X-Try") == "") {
		t.Errorf("%+v: want the request id %s and the header", e, id)
	}
	if e := (*client.NoResponseError)(nil); errors.As(err, &e) && e.RequestID != id {
		t.Errorf("%+v: want the request id %s", e, id)
	}
	if err != nil && strings.Count(err.Error(), "request "+id) != 1 {
		t.Errorf("error %q: want the request id once", err)
	}
}

// TestResponseOfACallThatDoesNotBegin: what r had from another call must not look like this one's.
func TestResponseOfACallThatDoesNotBegin(t *testing.T) {
	t.Parallel()
	got := client.Response{StatusCode: 200, RequestID: "old", Tries: 1, Header: http.Header{"X-Old": {"1"}}}
	_, err := newClient(t, closedPort).BuyEmailValidatorCredits(t.Context(), order, client.WithResponse(&got), client.WithTimeout(-1))
	if err == nil || got.StatusCode != 0 || got.RequestID != "" || got.Tries != 0 || got.Header != nil {
		t.Errorf("response %+v, error %v: want an empty one", got, err)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "theirs")
		respondWith(w, 400, "application/json", `{}`)
	})
	c := newClient(t, v.URL)
	seen := map[string]bool{}
	for range 100 {
		e := wantError(t, buy(t, c), 400, false)
		seen[e.SentRequestID] = true
		if contains := "(request theirs, sent as " + e.SentRequestID + ")"; e.RequestID != "theirs" || !strings.HasSuffix(e.Error(), contains) {
			t.Errorf("%q with the id %q: want %q", e, e.RequestID, contains)
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d request ids of 100 calls", len(seen))
	}
	_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("x-request-id", "mine"))
	if e := wantError(t, err, 400, false); e.SentRequestID != "mine" {
		t.Errorf("sent %q: want the option's", e.SentRequestID)
	}
}

func TestUserAgentNamesAVersion(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if !regexp.MustCompile(`^turbosmtp-go-billing/\S+$`).MatchString(r.UserAgent()) {
			t.Errorf("user agent %q", r.UserAgent())
		}
		sell(w)
	})
	if err := buy(t, newClient(t, v.URL)); err != nil {
		t.Error(err)
	}
}

// TestCallOptionsAreOfOneCall has many calls at once, each with options of its own.
func TestCallOptionsAreOfOneCall(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		own := r.Header.Get("X-Call")
		if all := strings.Join(r.Header["X-All"], ","); all != "1" {
			t.Errorf("X-All %q: want New's", all)
		}
		if own == "busy" {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if own == "slow" {
			_ = discardAll(r.Body) // Only then does the server see that the client hangs up.
			<-r.Context().Done()
			return
		}
		respondWith(w, 200, "application/json", `{"url":"https://x.example/`+own+`"}`)
	})
	var clock fakeClock
	// Time passes for all calls together, so none of them has a deadline but the one with its own.
	c := newClient(t, v.URL, clock.option(), client.WithTimeout(0), client.WithHeader("X-All", "0"), client.WithHeader("X-All", "1"), client.WithHeader("X-More", "1"))
	var running sync.WaitGroup
	for n := range 30 {
		running.Go(func() {
			payment, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("X-Call", fmt.Sprint(n)), nil)
			if want := fmt.Sprint("https://x.example/", n); err != nil || payment.URL != want {
				t.Errorf("payment %v, error %v: want %s", payment, err, want)
			}
		})
		running.Go(func() {
			retries := n % 3
			_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("X-Call", "busy"), client.WithMaxRetries(retries))
			if e := (*client.Error)(nil); !errors.As(err, &e) || e.StatusCode != http.StatusTooManyRequests || e.Tries != retries+1 {
				t.Errorf("error %v: want a 429 after %d tries", err, retries+1)
			}
		})
	}
	_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("X-Call", "slow"), client.WithTimeout(50*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) { // Whether the server had got it by then is for other tests.
		t.Errorf("error %v: want the call's timeout", err)
	}
	running.Wait()
	if payment, err := c.BuyEmailValidatorCredits(t.Context(), order); err != nil || payment.URL != "https://x.example/" {
		t.Errorf("payment %v, error %v: want no header of other calls", payment, err)
	}
}

func TestCallOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for contains, opt := range map[string]client.CallOption{
		"WithTimeout": client.WithTimeout(-1), "WithMaxRetries": client.WithMaxRetries(-1), "WithRetryAfterLimit": client.WithRetryAfterLimit(-1),
	} {
		v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
		c := newClient(t, v.URL)
		_, err := c.BuyEmailValidatorCredits(t.Context(), order, opt)
		if wantOutcome(t, err, false); !strings.Contains(err.Error(), "nothing was sent") || !strings.Contains(err.Error(), contains) {
			t.Errorf("error %v: want one that names %s", err, contains)
		}
		if wantRequests(t, v, 0); buy(t, c) != nil {
			t.Error("the next call fails as well")
		}
	}
}

// echo is a vendor that refuses, and repeats the received credentials.
func echo(t *testing.T) *vendor {
	t.Helper()
	return newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		got := strings.Join(slices.Concat(r.Header[http.CanonicalHeaderKey(model.AuthorizationHeader)],
			r.Header[http.CanonicalHeaderKey(model.ConsumerKeyHeader)], r.Header[http.CanonicalHeaderKey(model.ConsumerSecretHeader)]), " ")
		w.Header().Set("X-Echo", got)
		w.Header().Set("Retry-After", "1")
		respondWith(w, 429, "application/json", `{"message":"Not you, `+got+`."}`)
	})
}

// TestProvider asks for the credentials once per call, so that they can be rotated.
func TestProvider(t *testing.T) {
	t.Parallel()
	type key struct{}
	calls := 0
	list := []client.Credentials{client.APIKey(testAPIKey), client.ConsumerKey(testKey, testSecret), client.APIKey("short-key-1")}
	var clock fakeClock
	v := echo(t)
	c, err := client.New(client.WithBaseURL(v.URL), clock.option(), client.WithEnvironment(map[string]string{"TURBOSMTP_API_KEY": "unused"}),
		client.WithTimeout(20*time.Second), client.WithCredentials(func(ctx context.Context) (client.Credentials, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left < 10*time.Second || left > 20*time.Second || ctx.Value(key{}) != "x" {
				t.Errorf("deadline in %v: want that of the call, and its values", left)
			}
			calls++
			return list[calls-1], nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	for n, contains := range []string{"Not you, [redacted].", "Not you, [redacted] [redacted].", "Not you, short-key-1."} {
		_, err := c.BuyEmailValidatorCredits(context.WithValue(t.Context(), key{}, "x"), order)
		if e := wantError(t, err, 429, false); e.Message != contains || calls != n+1 || e.Tries != 4 {
			t.Errorf("%v after %d calls of the provider: want %q", err, calls, contains)
		}
	}
}

func TestProviderThatFails(t *testing.T) {
	t.Parallel()
	sealed := errors.New("the vault is sealed")
	give := func(c client.Credentials, err error) client.CredentialsProvider {
		return func(context.Context) (client.Credentials, error) { return c, err }
	}
	for name, tc := range map[string]struct {
		provider client.CredentialsProvider
		contains string
		is       error
	}{
		"error":      {give(client.APIKey(testAPIKey), sealed), "the vault is sealed", sealed},
		"nothing":    {give(client.Credentials{}, nil), "no credentials", nil},
		"empty":      {give(client.APIKey(""), nil), "the API key is missing", nil},
		"bearer":     {give(client.APIKey("Bearer "+testAPIKey), nil), "raw key", nil},
		"half":       {give(client.ConsumerKey(testKey, ""), nil), "the consumer secret is missing", nil},
		"line break": {give(client.ConsumerKey(testKey, testSecret+"\nx"), nil), "printable", nil},
		// It returns when the time is over. Nothing is sent then, whatever is sent through.
		"late": {func(ctx context.Context) (client.Credentials, error) {
			<-ctx.Done()
			return client.APIKey(testAPIKey), nil
		}, "deadline", context.DeadlineExceeded},
		"later": {func(ctx context.Context) (client.Credentials, error) {
			<-ctx.Done()
			return client.Credentials{}, ctx.Err()
		}, "deadline", context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for sender, opt := range map[string]client.Option{"its own": nil, "the caller's": callersClient()} {
				v := echo(t)
				timeout := time.Minute
				if tc.contains == "deadline" {
					timeout = 20 * time.Millisecond
				}
				c, err := client.New(client.WithBaseURL(v.URL), client.WithCredentials(tc.provider), client.WithTimeout(timeout), opt)
				if err != nil {
					t.Fatal(err)
				}
				err = buy(t, c)
				wantOutcome(t, err, false)
				if !strings.Contains(err.Error(), "nothing was sent") || !strings.Contains(err.Error(), tc.contains) || (tc.is != nil && !errors.Is(err, tc.is)) {
					t.Errorf("%s: error %v: want one that contains %q", sender, err, tc.contains)
				}
				wantRequests(t, v, 0)
			}
		})
	}
	for _, opt := range []client.Option{client.WithAPIKey(testAPIKey), client.WithConsumerKey(testKey, testSecret)} {
		_, err := client.New(opt, client.WithCredentials(give(client.APIKey(testAPIKey), nil)))
		if wantOutcome(t, err, false); !strings.Contains(err.Error(), "exclude each other") {
			t.Errorf("error %v", err)
		}
	}
}

// TestSecretThatBeginsLikeItsKey: hiding the one must not show the rest of the other.
func TestSecretThatBeginsLikeItsKey(t *testing.T) {
	t.Parallel()
	c, err := client.New(client.WithBaseURL(echo(t).URL), client.WithMaxRetries(0), client.WithConsumerKey(testKey, testKey+"-its-secret-part"))
	if err != nil {
		t.Fatal(err)
	}
	if err := buy(t, c); strings.Contains(err.Error(), "-its-secret-part") {
		t.Errorf("error %q contains a part of the secret", err)
	}
}

// closing is a server that reports each connection that is closed.
func closing(t *testing.T, gone chan<- struct{}, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			gone <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// TestClose has a call that runs while the Client is closed.
func TestClose(t *testing.T) {
	t.Parallel()
	arrived, closed, gone := make(chan struct{}, 2), make(chan struct{}), make(chan struct{}, 2)
	s := closing(t, gone, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		if r.Header.Get("X-Wait") != "" {
			<-closed
		}
		sell(w)
	})
	c := newClient(t, s.URL)
	running := make(chan error, 1)
	go func() {
		_, err := c.BuyEmailValidatorCredits(t.Context(), order, client.WithHeader("X-Wait", "1"))
		running <- err
	}()
	<-arrived
	if err := buy(t, c); err != nil { // over a second connection, which is idle then
		t.Error(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	within(t, gone, "the idle connection is closed")
	close(closed)
	if err := <-running; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
	within(t, gone, "its connection is closed too")
	<-arrived // the second call
	for name, err := range map[string]error{"method": buy(t, c), "Raw": buyEdited(t, c, func(*http.Request) error { return nil })} {
		if wantOutcome(t, err, false); !strings.Contains(err.Error(), "nothing was sent: the Client is closed") || len(arrived) != 0 {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func within(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Errorf("not in time: %s", what)
	}
}

func TestCloseLeavesTheCallersClient(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(hc.CloseIdleConnections)
	for range 3 {
		c := newClient(t, v.URL, client.WithHTTPClient(hc))
		if err := errors.Join(buy(t, c), c.Close()); err != nil {
			t.Error(err)
		}
	}
	if got := v.connections.Load(); got != 1 {
		t.Errorf("%d connections: want 1", got)
	}
}

func TestClientThatNewDidNotMake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*client.Client{"zero": {}, "nil": nil} {
		_, method := c.BuyEmailValidatorCredits(t.Context(), order)
		_, raw := c.Raw().BuyEmailValidatorCreditsWithBodyWithResponse(t.Context(), "application/json", strings.NewReader("{}"))
		for _, err := range []error{method, raw, buyEdited(t, c, func(*http.Request) error { return nil })} {
			if wantOutcome(t, err, false); !strings.Contains(err.Error(), "not created by New") {
				t.Errorf("%s: error %v", name, err)
			}
		}
		for _, text := range []string{c.String(), c.GoString(), c.LogValue().String(), fmt.Sprintf("%v", c)} {
			if text != "client.Client()" || c.Close() != nil {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
}
