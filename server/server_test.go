package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// behave is an implementation that does what the test wants.
type behave func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error)

func (f behave) BuyEmailValidatorCredits(ctx context.Context, _ httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return f(ctx)
}

var letIn = contract.AuthenticatorFunc(func(context.Context, contract.Credentials) (any, error) { return "ann", nil })

func order(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/v2/billing/buy_emailvalidation_credits", strings.NewReader(`{"amount":320}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "key")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestFailuresOfTheImplementation(t *testing.T) {
	t.Parallel()
	const detail = "dial tcp 10.9.8.7: the database's own words"
	for _, row := range []struct {
		name    string
		do      behave
		options []server.Option
		status  int
		body    string
		logged  string
	}{
		{"an error", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			return nil, errors.New(detail)
		}, nil, 500, "The server failed.", detail},
		{"a panic", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { panic(detail) },
			nil, 500, "The server failed.", "server_test.go"},
		{"no answer", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { return nil, nil },
			nil, 500, "The server failed.", "sent no response"},
		{"no answer, unchecked", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { return nil, nil },
			[]server.Option{server.WithResponseCheck(contract.ResponsesUnchecked)}, 500, "The server failed.", "sent no response"},
		{"an answer without a link", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			return httpserver.BuyEmailValidatorCredits200JSONResponse{}, nil
		}, nil, 500, "The server failed.", "minLength"},
		{"a code of another status", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			return httpserver.BuyEmailValidatorCredits400JSONResponse{Message: model.BuyEmailValidatorCreditsErrorCode(model.AccountIsInactive)}, nil
		}, nil, 500, "The server failed.", "enum"},
		{"an undocumented code, logged only", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			return httpserver.BuyEmailValidatorCredits400JSONResponse{Message: "new_code"}, nil
		}, []server.Option{server.WithResponseCheck(contract.ResponsesLogged)}, 400, "new_code", "enum"},
		{"too long", func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, []server.Option{server.WithTimeLimit(20 * time.Millisecond)}, 503, "The server took too long.", "deadline"},
		{"its own default answer", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			return httpserver.BuyEmailValidatorCreditsdefaultJSONResponse{StatusCode: 429, Body: model.UnexpectedError{Message: "Later."}}, nil
		}, nil, 429, "Later.", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s, err := server.New(row.do, letIn, append(row.options, server.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, order())
			if w.Code != row.status || !strings.HasPrefix(w.Body.String(), `{"message":"`+row.body) || w.Header().Get("Content-Type") != "application/json" || strings.Contains(w.Body.String(), detail) {
				t.Errorf("%d %q %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if !strings.Contains(log.String(), row.logged) || (row.logged == "") != (log.Len() == 0) || strings.Contains(log.String(), "key") {
				t.Errorf("the log is %q, want %q", &log, row.logged)
			}
			if id := w.Header().Get("X-Request-Id"); row.logged != "" && row.status >= 500 && !strings.Contains(log.String(), id) {
				t.Errorf("the log does not name the request %s: %s", id, &log)
			}
		})
	}
}

// TestContextOfTheImplementation ends with the request and not with the client.
func TestContextOfTheImplementation(t *testing.T) {
	t.Parallel()
	var kept context.Context
	type key struct{}
	s, err := server.New(behave(func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		kept = ctx
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil || contract.Principal(ctx) != "ann" || ctx.Value(key{}) != "value" {
			return nil, errors.New("the context is wrong")
		}
		return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://x.example"}, nil
	}), letIn)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	cancel()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, order().WithContext(gone))
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	<-kept.Done()
	if !errors.Is(kept.Err(), context.Canceled) {
		t.Errorf("ended with %v", kept.Err())
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	h := newServer(t).Handler()
	for sent, kept := range map[string]bool{"": false, "abc-DEF_1.2:3": true, "a b": false, "ä": false, "a\"b": false, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, order("X-Request-Id", sent))
		if got := w.Header().Get("X-Request-Id"); (got == sent) != kept || got == "" {
			t.Errorf("%q became %q", sent, got)
		}
	}
	// Those that the server makes are all different, also when there are many.
	var given sync.Map
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 500 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, order())
				if id := w.Header().Get("X-Request-Id"); len(id) != 32 {
					t.Errorf("the request id %q", id)
				} else if _, twice := given.LoadOrStore(id, true); twice {
					t.Errorf("the request id %s was given twice", id)
				}
			}
		})
	}
	wait.Wait()
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.WithReadiness(func(context.Context) error { return errors.New("no database") }))
	for path, status := range map[string]int{"/livez": 200, "/readyz": 503} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != status || strings.Contains(w.Body.String(), "database") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestExtraHandlers serves a handler and a probe for a client that has closed its sending side, at
// which net/http ends a request's context.
func TestExtraHandlers(t *testing.T) {
	t.Parallel()
	alive := func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			return errors.New("no time limit")
		}
		return ctx.Err()
	}
	said := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := alive(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, r.Method)
	})
	s := newServer(t, server.WithHandler("/extra/*", said), server.WithReadiness(alive))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for path, body := range map[string]string{"/extra/x": http.MethodGet, "/readyz": `{"status":"ok"}`} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil).WithContext(gone))
		if w.Code != http.StatusOK || w.Body.String() != body {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	said := http.NotFoundHandler()
	for want, option := range map[string]server.Option{
		"is nil":                  server.WithLogger(nil),
		"an option is nil":        server.WithReadiness(nil),
		"0 bytes is not positive": server.WithMaxBody(0),
		"headers of at most":      server.WithMaxHeader(0),
		"read time limit":         server.WithReadTimeout(0),
		"write time limit":        server.WithWriteTimeout(-1),
		"idle time limit":         server.WithIdleTimeout(0),
		"grace time limit":        server.WithGracePeriod(0),
		"time limit 0s":           server.WithTimeLimit(0),
		"WithResponseCheck":       server.WithResponseCheck(7),
		"below an API's own":      server.WithHandler("/api/v2/billing/free", said),
		"begin with a slash":      server.WithHandler("x", said),
		"has no handler":          server.WithHandler("/x", nil),
	} {
		if _, err := server.New(stub{}, letIn, option); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := server.New(nil, letIn); err == nil {
		t.Error("no implementation was taken")
	}
	if _, err := server.New(stub{}, nil); err == nil || !strings.Contains(err.Error(), "no authenticator") {
		t.Errorf("no authenticator: %v", err)
	}
}

// TestServeStops serves, is asked to stop while a request runs, and lets it end; a request that takes
// longer than the grace period is cut off.
func TestServeStops(t *testing.T) {
	t.Parallel()
	for _, patient := range []bool{true, false} {
		running, release := make(chan struct{}), make(chan struct{})
		grace := 50 * time.Millisecond
		if patient {
			grace = time.Minute
		}
		s, err := server.New(behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			close(running)
			<-release
			return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://x.example"}, nil
		}), letIn, server.WithGracePeriod(grace), server.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
		if err != nil {
			t.Fatal(err)
		}
		var config net.ListenConfig
		listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended, answered := make(chan error, 1), make(chan int, 1)
		go func() { ended <- s.Serve(ctx, listener) }()
		go func() {
			r := order()
			r.RequestURI = ""
			r.URL.Scheme, r.URL.Host = "http", listener.Addr().String()
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				answered <- 0
				return
			}
			_ = response.Body.Close()
			answered <- response.StatusCode
		}()
		<-running
		stop()
		if !patient {
			if err := <-ended; err == nil {
				t.Error("a request was cut off without a word")
			}
			close(release)
			if status := <-answered; status != 0 {
				t.Errorf("cut off, and answered %d", status)
			}
			continue
		}
		w := httptest.NewRecorder()
		for w.Code != http.StatusServiceUnavailable { // as soon as it stops, it is not ready
			w = httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		}
		close(release)
		if status := <-answered; status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	}
}

func TestServeFails(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := newServer(t).Serve(t.Context(), listener); err == nil {
		t.Error("served on a closed listener")
	}
}
