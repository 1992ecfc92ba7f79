package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// TestFailuresOfTheImplementation compares the response and the log. Details are in the log only.
func TestFailuresOfTheImplementation(t *testing.T) {
	t.Parallel()
	const detail = "dial tcp 10.9.8.7: the database's own words"
	fail := func(err error) implementation {
		return func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { return nil, err }
	}
	respond := func(response httpserver.BuyEmailValidatorCreditsResponseObject) implementation {
		return func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { return response, nil }
	}
	for _, row := range []struct {
		name    string
		do      implementation
		options []server.Option
		status  int
		message string
		logged  string
	}{
		{"an error", fail(errors.New(detail)), nil, 500, "The server failed.", detail},
		{"a panic", func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { panic(detail) },
			nil, 500, "The server failed.", "server_test.go"},
		{"no response", respond(nil), nil, 500, "The server failed.", "buyEmailValidatorCredits"},
		{"no response, unchecked", respond(nil), []server.Option{server.WithResponseCheck(contract.ResponsesUnchecked)},
			500, "The server failed.", "buyEmailValidatorCredits"},
		{"a response that the document does not allow", respond(httpserver.BuyEmailValidatorCredits200JSONResponse{}),
			nil, 500, "The server failed.", "minLength"},
		{"a code of another status", respond(httpserver.BuyEmailValidatorCredits400JSONResponse{
			Message: model.BuyEmailValidatorCreditsErrorCode(model.AccountIsInactive),
		}), nil, 500, "The server failed.", "enum"},
		{"an undocumented code, logged only", respond(httpserver.BuyEmailValidatorCredits400JSONResponse{Message: "new_code"}),
			[]server.Option{server.WithResponseCheck(contract.ResponsesLogged)}, 400, "new_code", "enum"},
		{"the time limit", func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, []server.Option{server.WithTimeLimit(20 * time.Millisecond)}, 503, "The server took too long.", "deadline"},
		{"nothing was done", fail(fmt.Errorf("buy: %w", &server.UnavailableError{Err: errors.New(detail)})),
			nil, 503, "The service is temporarily unavailable. Nothing was done", detail},
		{"a documented default response", respond(httpserver.BuyEmailValidatorCreditsdefaultJSONResponse{
			StatusCode: 429, Body: model.UnexpectedError{Message: "Later."},
		}), nil, 429, "Later.", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			w := purchase(t, newServer(t, row.do, append(row.options, server.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...))
			if w.Code != row.status || !strings.HasPrefix(w.Body.String(), `{"message":"`+row.message) || w.Header().Get("Content-Type") != "application/json" || strings.Contains(w.Body.String(), detail) {
				t.Errorf("%d %q %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if !strings.Contains(log.String(), row.logged) || (row.logged == "") != (log.Len() == 0) || strings.Contains(log.String(), annsKey) {
				t.Errorf("the log is %q, want %q", &log, row.logged)
			}
			if id := w.Header().Get("X-Request-Id"); row.logged != "" && row.status >= 500 && !strings.Contains(log.String(), id) {
				t.Errorf("the log does not contain the request id %s: %s", id, &log)
			}
		})
	}
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	after := 1500 * time.Millisecond
	s := newServer(t, func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		return nil, &server.UnavailableError{RetryAfter: after, Err: errors.New("no database")}
	}, server.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for range 5 {
		if w := purchase(t, s); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "2" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
	after = 0
	if w := purchase(t, s); w.Header().Get("Retry-After") != "1" {
		t.Errorf("without a time: %v", w.Header())
	}
	if n := strings.Count(log.String(), "no database"); n != 1 {
		t.Errorf("the log contains the reason %d times, want once per second: %s", n, &log)
	}
	busy := newServer(t, succeed, server.WithMiddleware(func(echo.HandlerFunc) echo.HandlerFunc {
		return func(echo.Context) error { return fmt.Errorf("read: %w", contract.ErrBusy) }
	}))
	if w := purchase(t, busy); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "Nothing was done") {
		t.Errorf("busy: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestContextOfTheImplementation shows that it ends with the request, and not when the client disconnects.
func TestContextOfTheImplementation(t *testing.T) {
	t.Parallel()
	var kept context.Context
	type key struct{}
	s := newServer(t, func(ctx context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		kept = ctx
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil || contract.Principal(ctx) != "ann" || ctx.Value(key{}) != "value" {
			return nil, errors.New("the context is wrong")
		}
		return success, nil
	})
	disconnected, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	cancel()
	request := newPurchase(t, "http://127.0.0.1"+s.BasePath()+"/").WithContext(disconnected)
	if w := record(s, request); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	<-kept.Done()
	if !errors.Is(kept.Err(), context.Canceled) {
		t.Errorf("ended with %v", kept.Err())
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := newServer(t, succeed)
	for sent, kept := range map[string]bool{"": false, "abc-DEF_1.2:3": true, "a b": false, "ä": false, "a\"b": false, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false} {
		if got := purchase(t, s, "X-Request-Id", sent).Header().Get("X-Request-Id"); (got == sent) != kept || got == "" {
			t.Errorf("%q became %q", sent, got)
		}
	}
	if first, second := purchase(t, s).Header().Get("X-Request-Id"), purchase(t, s).Header().Get("X-Request-Id"); first == second {
		t.Errorf("two requests have the id %s", first)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	s := newServer(t, succeed, server.WithReadiness(func(context.Context) error { return errors.New("no database") }))
	for path, status := range map[string]int{"/livez": 200, "/readyz": 503} {
		if w := get(s, path); w.Code != status || strings.Contains(w.Body.String(), "database") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestHandlersHaveATimeLimit calls a handler and a probe for a client that has disconnected.
func TestHandlersHaveATimeLimit(t *testing.T) {
	t.Parallel()
	check := func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			return errors.New("no time limit")
		}
		return ctx.Err()
	}
	s := newServer(t, succeed, server.WithReadiness(check), server.WithHandler("/extra/*", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, r.Method)
	})))
	disconnected, cancel := context.WithCancel(t.Context())
	cancel()
	for path, body := range map[string]string{"/extra/x": http.MethodGet, "/readyz": `{"status":"ok"}`} {
		if w := record(s, httptest.NewRequest(http.MethodGet, path, nil).WithContext(disconnected)); w.Code != http.StatusOK || w.Body.String() != body {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestNewFails(t *testing.T) {
	t.Parallel()
	handler := http.NotFoundHandler()
	for want, option := range map[string]server.Option{
		"logger":             server.WithLogger(nil),
		"readiness check":    server.WithReadiness(nil),
		"0 bytes":            server.WithMaxBody(0),
		"header length is 0": server.WithMaxHeader(0),
		"connections is 0":   server.WithMaxConnections(0),
		"read timeout":       server.WithReadTimeout(0),
		"write timeout":      server.WithWriteTimeout(-1),
		"idle timeout":       server.WithIdleTimeout(0),
		"grace period":       server.WithGracePeriod(0),
		"drain time":         server.WithDrain(-1),
		"time limit 0s":      server.WithTimeLimit(0),
		"contract: ":         server.WithResponseCheck(7),
		"base path /api/v2":  server.WithHandler("/api/v2/billing/free", handler),
		"begin with a slash": server.WithHandler("x", handler),
		"its handler is nil": server.WithHandler("/x", nil),
	} {
		if _, err := server.New(implementation(succeed), contract.AuthenticatorFunc(authenticate), option); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := server.New(nil, contract.AuthenticatorFunc(authenticate)); err == nil {
		t.Error("New accepts no implementation")
	}
	if _, err := server.New(implementation(succeed), nil); err == nil || !strings.Contains(err.Error(), "authenticator") {
		t.Errorf("no authenticator: %v", err)
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	elsewhere := []server.Option{server.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"))}
	for name, test := range map[string]struct {
		options             []server.Option
		from, forwarded, is string
	}{
		"no proxy is trusted":             {nil, "192.0.2.1", "203.0.113.9", "192.0.2.1"},
		"the proxy is trusted":            {[]server.Option{server.WithTrustedProxies(netip.MustParsePrefix("192.0.2.0/24"))}, "192.0.2.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		"another proxy is trusted":        {elsewhere, "192.0.2.1", "203.0.113.9", "192.0.2.1"},
		"loopback is not trusted":         {elsewhere, "127.0.0.1", "203.0.113.9", "127.0.0.1"},
		"private networks are no proxies": {elsewhere, "192.168.0.1", "203.0.113.9", "192.168.0.1"},
	} {
		seen := ""
		s := newServer(t, succeed, append(test.options, server.WithMiddleware(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				seen = ec.RealIP()
				return next(ec)
			}
		}))...)
		request := newPurchase(t, "http://127.0.0.1"+s.BasePath()+"/")
		request.RemoteAddr = test.from + ":1234"
		request.Header.Set("X-Forwarded-For", test.forwarded)
		record(s, request)
		if seen != test.is {
			t.Errorf("%s: the address is %s, want %s", name, seen, test.is)
		}
	}
}

// TestCredentialsAreCheckedAgainAfterASlowBody revokes a key while the body of a request arrives.
func TestCredentialsAreCheckedAgainAfterASlowBody(t *testing.T) {
	t.Parallel()
	var revoked atomic.Bool
	checked := make(chan struct{}, 2)
	s, err := server.New(implementation(succeed), contract.AuthenticatorFunc(func(context.Context, contract.Credentials) (any, error) {
		checked <- struct{}{}
		if revoked.Load() {
			return nil, contract.ErrNotAccepted
		}
		return "ann", nil
	}), server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	request := newPurchase(t, "http://127.0.0.1"+s.BasePath()+"/")
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	request.Body, request.ContentLength = read, -1
	status := make(chan int)
	go func() { status <- record(s, request).Code }()
	<-checked
	revoked.Store(true)
	_, _ = write.Write(body[:1])
	time.Sleep(200 * time.Millisecond) // the rule is about this time
	_, _ = write.Write(body[1:])
	_ = write.Close()
	if got := <-status; got != http.StatusUnauthorized {
		t.Errorf("%d", got)
	}
}
