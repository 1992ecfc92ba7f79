package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/netutil"

	"github.com/turbosmtp-go/billing/server/internal/fault"
)

// api is an API with faults. Its operation is at /; the header Account is the credentials.
type api struct {
	echo       *echo.Echo
	faults     *fault.List
	middleware echo.MiddlewareFunc
	served     atomic.Int64 // requests that reached the operation
}

func newAPI(t testing.TB, faults ...fault.Fault) *api {
	t.Helper()
	a := &api{echo: echo.New(), faults: fault.New()}
	a.middleware = a.faults.Middleware(func() fault.API { return a }, func(principal any) string { return fmt.Sprint(principal) })
	a.echo.Use(a.middleware)
	a.echo.Any("/*", func(ec echo.Context) error {
		a.served.Add(1)
		return ec.JSONBlob(http.StatusOK, []byte(`{"served":true}`))
	})
	for i, f := range faults {
		if added, err := a.faults.Add(f); err != nil || added.ID != fmt.Sprint(i+1) {
			t.Fatalf("%+v: %+v, %v", f, added, err)
		}
	}
	return a
}

func (a *api) OperationID(ec echo.Context) string {
	return strings.TrimPrefix("operation of "+ec.Request().URL.Path, "operation of /other")
}

func (a *api) Authenticate(_ context.Context, ec echo.Context) (any, error) {
	return ec.Request().Header.Get("Account"), nil
}

func (a *api) FailureBody(_ echo.Context, message string) []byte {
	return []byte(`{"message":"` + message + `"}`)
}

// send sends a request per account and returns the IDs of the faults that acted, "-" for none.
func (a *api) send(accounts string) string {
	var acted []string
	for account := range strings.SplitSeq(accounts, " ") {
		id := "-"
		request := httptest.NewRequest(http.MethodPost, "/", nil)
		request.Header.Set("Account", account)
		ec := a.echo.NewContext(request, httptest.NewRecorder())
		_ = a.middleware(func(echo.Context) error { return nil })(ec)
		if applied := fault.Of(ec); applied != nil {
			id = applied.Fault.ID
		}
		acted = append(acted, id)
	}
	return strings.Join(acted, " ")
}

func TestMatching(t *testing.T) {
	t.Parallel()
	always := fault.Fault{Kind: fault.KindStatus}
	once := fault.Fault{Kind: fault.KindStatus, Times: 1}
	twice := fault.Fault{Kind: fault.KindStatus, Times: 2}
	third := fault.Fault{Kind: fault.KindStatus, Every: 3}
	second := fault.Fault{Kind: fault.KindStatus, Every: 2}
	secondTwice := fault.Fault{Kind: fault.KindStatus, Every: 2, Times: 2}
	each := fault.Fault{Kind: fault.KindStatus, Every: 1}
	of := func(account string, f fault.Fault) fault.Fault {
		f.Account = account
		return f
	}
	for name, row := range map[string]struct {
		faults                []fault.Fault
		accounts, acted, want string
	}{
		"no faults":                   {nil, "a b", "- -", ""},
		"no limit":                    {[]fault.Fault{always}, "a b a b a", "1 1 1 1 1", "5/5"},
		"the next one":                {[]fault.Fault{once}, "a a a", "1 - -", "1/1"},
		"the next two":                {[]fault.Fault{twice}, "a b a", "1 1 -", "2/2"},
		"each":                        {[]fault.Fault{each}, "a a", "1 1", "2/2"},
		"every third":                 {[]fault.Fault{third}, "a b a a a a a", "- - 1 - - 1 -", "2/7"},
		"every second, twice":         {[]fault.Fault{secondTwice}, "a a a a a a", "- 1 - 1 - -", "2/4"},
		"one account":                 {[]fault.Fault{of("b", always)}, "a b  b", "- 1 - 1", "2/2"},
		"the next two of an account":  {[]fault.Fault{of("b", twice)}, "a b a b b", "- 1 - 1 -", "2/2"},
		"every second of an account":  {[]fault.Fault{of("b", second)}, "b a b a b b", "- - 1 - - 1", "2/4"},
		"an account without requests": {[]fault.Fault{of("c", always)}, "a b ", "- - -", "0/0"},
		"the first fault acts":        {[]fault.Fault{always, always}, "a a", "1 1", "2/2 0/0"},
		"one after another":           {[]fault.Fault{once, once, once}, "a a a a", "1 2 3 -", "1/1 1/1 1/1"},
		"a fault that is not due":     {[]fault.Fault{second, always}, "a a a a", "2 1 2 1", "2/4 2/2"},
		"later faults do not count":   {[]fault.Fault{second, second}, "a a a a a a", "- 1 2 1 - 1", "3/6 1/3"},
		"one account, then all":       {[]fault.Fault{of("b", always), always}, "a b a b", "2 1 2 1", "2/2 2/2"},
		"all accounts, then one":      {[]fault.Fault{once, of("b", once)}, "a b b", "1 2 -", "1/1 1/1"},
		"used-up faults do not count": {[]fault.Fault{once, third}, "a a a a a", "1 - - 2 -", "1/1 1/4"},
	} {
		a := newAPI(t, row.faults...)
		a.echo.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/other", nil)) // not an operation
		if acted := a.send(row.accounts); acted != row.acted || a.counts() != row.want {
			t.Errorf("%s: %s acted, counts %s; want %s and %s", name, acted, a.counts(), row.acted, row.want)
		}
	}
}

// TestConcurrentRequests sends a hundred requests at once: the number of faults does not depend on it.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault fault.Fault
		want  int64
	}{
		"times":                  {fault.Fault{Times: 7}, 7},
		"every":                  {fault.Fault{Every: 3}, 33},
		"every, times":           {fault.Fault{Every: 3, Times: 5}, 5},
		"account":                {fault.Fault{Account: "a"}, 50},
		"account, times":         {fault.Fault{Account: "a", Times: 40}, 40},
		"more than the requests": {fault.Fault{Times: 1000}, 100},
		"account, every":         {fault.Fault{Account: "b", Every: 7}, 7},
	} {
		row.fault.Kind = fault.KindStatus
		a := newAPI(t, row.fault)
		var acted atomic.Int64
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				if a.send(string(rune('a'+i%2))) != "-" {
					acted.Add(1)
				}
				if _, err := a.faults.Add(fault.Fault{Kind: fault.KindStatus, Account: "nobody"}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got := acted.Load(); got != row.want || a.faults.All()[0].Acted != row.want {
			t.Errorf("%s: %d of 100, want %d", name, got, row.want)
		}
		ids := map[string]bool{}
		for _, f := range a.faults.All() {
			ids[f.ID] = true
		}
		if len(ids) != 101 {
			t.Errorf("%s: %d different IDs", name, len(ids))
		}
	}
}

func TestStopDelays(t *testing.T) {
	t.Parallel()
	a := newAPI(t, fault.Fault{Kind: fault.KindDelay, Delay: time.Hour})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { a.send("a") })
	}
	a.faults.StopDelays()
	a.faults.StopDelays()
	group.Wait()
	a.send("a")
}

// TestNoResponse sends requests over TLS, with HTTP/1.1 and with HTTP/2, whose connections cannot be hijacked.
// Package sandbox tests plain HTTP/1.1.
func TestNoResponse(t *testing.T) {
	t.Parallel()
	for kind, served := range map[fault.Kind]int64{fault.KindResetBefore: 0, fault.KindResetAfter: 1, fault.KindCutBody: 1} {
		for _, http2 := range []bool{false, true} {
			checkNoResponse(t, kind, http2, served)
		}
	}
}

// checkNoResponse checks that a client receives no complete response from a server with one fault, how many
// requests the API served, and that the next request succeeds.
func checkNoResponse(t *testing.T, kind fault.Kind, http2 bool, served int64) {
	t.Helper()
	a := newAPI(t, fault.Fault{Kind: kind, Times: 1})
	server := httptest.NewUnstartedServer(a.echo)
	server.Listener = netutil.LimitListener(a.faults.Listener(server.Listener), 10) // as in package server
	server.EnableHTTP2 = http2
	server.StartTLS()
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if (err == nil) != (kind == fault.KindCutBody) || !http2 && err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%s, HTTP/2 %v: %v", kind, http2, err)
	}
	if err == nil {
		if _, err = io.ReadAll(response.Body); err == nil || (response.ProtoMajor == 2) != http2 {
			t.Errorf("%s, HTTP/2 %v: a complete response over %s", kind, http2, response.Proto)
		}
	}
	if got := a.served.Load(); got != served {
		t.Errorf("%s, HTTP/2 %v: the API processed %d requests, want %d", kind, http2, got, served)
	}
	if response, err := server.Client().Get(server.URL); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s, HTTP/2 %v: the next request: %v", kind, http2, err)
	}
}

// TestNoResponseWithoutConnection checks that a fault aborts a request that has no connection to reset.
func TestNoResponseWithoutConnection(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.KindResetBefore, fault.KindResetAfter, fault.KindCutBody} {
		a := newAPI(t, fault.Fault{Kind: kind})
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
					t.Errorf("%s without a connection: %v", kind, err)
				}
			}()
			a.echo.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
		}()
	}
}
