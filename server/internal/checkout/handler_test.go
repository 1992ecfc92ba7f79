package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
)

const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// shop is a Handler before a billing system in memory, with one purchase.
type shop struct {
	handler  *Handler
	purchase billing.Purchase
	billing  *billing.Service
	late     atomic.Int64 // how far the clock has been moved on, in nanoseconds
	log      *bytes.Buffer
}

func newShop(t testing.TB, options ...Option) *shop {
	t.Helper()
	store, err := sqlite.Open(context.Background(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &shop{log: &bytes.Buffer{}}
	service, err := billing.New(store, billing.WithClock(func() time.Time {
		return time.Date(2026, 11, 1, 13, 30, 5, 123456789, time.FixedZone("elsewhere", 3600)).Add(time.Duration(s.late.Load()))
	}))
	if err != nil {
		t.Fatal(err)
	}
	seed := billing.SeedAccount{
		Account: billing.Account{ID: "acme", Name: `<script>alert("Acme & Søns")</script>`, Currency: "USD", Active: true, ActivePlan: true},
		APIKey:  billing.NewSecret("acme-key"),
	}
	if err := service.Seed(context.Background(), []billing.SeedAccount{seed}); err != nil {
		t.Fatal(err)
	}
	purchase, err := service.Buy(context.Background(), seed.Account, 1320)
	if err != nil {
		t.Fatal(err)
	}
	s.purchase, s.billing = purchase, service
	s.handler, err = New(service, append([]Option{WithLogger(slog.New(slog.NewTextHandler(s.log, nil)))}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask returns the answer over a real connection, and its body.
func ask(t testing.TB, handler http.Handler, method, path, accept string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestThePurchaseForPrograms(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	response, body := ask(t, s.handler, "GET", "/checkout/"+s.purchase.Token, "application/json")
	want := `{"status":"pending","amount":1320,"currency":"USD","created_at":"2026-11-01T12:30:05.123456Z"}`
	if response.StatusCode != http.StatusOK || body != want {
		t.Errorf("answered %d %s, want 200 %s", response.StatusCode, body, want)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %q", got)
	}
}

func TestThePurchaseForPeople(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	response, body := ask(t, s.handler, "GET", "/checkout/"+s.purchase.Token, html)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("answered %d with %q", response.StatusCode, response.Header.Get("Content-Type"))
	}
	for _, want := range []string{
		`<html lang="en">`, `<title>Waiting for payment: 1,320 USD for &lt;script&gt;`, "<main>", `name="viewport"`,
		"Email-validation credits", "&lt;script&gt;alert(&#34;Acme &amp; Søns&#34;)&lt;/script&gt;",
		`<span class="number">1,320</span> <abbr>USD</abbr>`, "Waiting for payment", "This is a sandbox.", "No money moves",
		`<form method="post">`, ">Pay 1,320 USD</button>", ">Cancel the order</button>", "Pay before", "2 Nov 2026, 12:30 UTC",
		`<time datetime="2026-11-01T12:30:05Z">1 Nov 2026, 12:30 UTC</time>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not have %s", want)
		}
	}
	for _, no := range []string{"<script", "<link", "<img", "http:", "https:", "url(", "style=", s.purchase.Token} {
		if strings.Contains(body, no) {
			t.Errorf("the page has %s", no)
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, test := range []struct{ method, path, accept string }{
		{"GET", s.purchase.Token, html},
		{"HEAD", s.purchase.Token, html},
		{"GET", s.purchase.Token, "application/json"},
		{"GET", "unknown", html},
		{"GET", "unknown", "application/json"},
		{"POST", s.purchase.Token, html},
	} {
		response, body := ask(t, s.handler, test.method, "/checkout/"+test.path, test.accept)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff",
			"Referrer-Policy":        "no-referrer",
			"Cache-Control":          "no-store",
			"X-Robots-Tag":           "noindex, nofollow",
			"X-Frame-Options":        "DENY",
			"Vary":                   "Accept",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%v: %s = %q, want %q", test, name, got, want)
			}
		}
		policy := response.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy+";", want+";") {
				t.Errorf("%v: the policy %q does not have %s", test, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%v: the policy is %q", test, policy)
		}
		// The browser hashes what stands between the tags, whatever the template has made of it.
		if style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(body); style != nil {
			if want := contentSecurityPolicy([]byte(style[1])); policy != want {
				t.Errorf("%v: the policy %q does not let the page's style in: %q", test, policy, want)
			}
		} else if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") && test.method != "HEAD" {
			t.Errorf("%v: the page has no style", test)
		}
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, path := range []string{"/checkout/" + s.purchase.Token, "/checkout/unknown"} {
		for _, accept := range []string{html, "application/json"} {
			get, body := ask(t, s.handler, "GET", path, accept)
			head, none := ask(t, s.handler, "HEAD", path, accept)
			if none != "" || head.StatusCode != get.StatusCode || head.ContentLength != int64(len(body)) ||
				head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
				t.Errorf("HEAD %s = %d %v %q, GET = %d %v", path, head.StatusCode, head.Header, none, get.StatusCode, get.Header)
			}
			recorder := httptest.NewRecorder()
			s.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "HEAD", path, nil))
			if recorder.Body.Len() != 0 {
				t.Errorf("HEAD %s wrote %d bytes", path, recorder.Body.Len())
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, path := range []string{
		"/checkout/", "/checkout/x", "/checkout/" + strings.Repeat("a", 40), "/checkout/" + strings.ToUpper(s.purchase.Token),
		"/checkout/" + s.purchase.Token + "/", "/checkout/" + s.purchase.Token + "/pay", "/checkout//" + s.purchase.Token,
		"/checkout/%00", "/checkout/%FF%FE", "/checkout/..%2f" + s.purchase.Token, "/checkout", "/", "/other/" + s.purchase.Token,
		"/checkout/" + strings.Repeat("a", 10_000),
	} {
		response, body := ask(t, s.handler, "GET", path, "application/json")
		if response.StatusCode != http.StatusNotFound || body != `{"message":"There is no such purchase."}` {
			t.Errorf("GET %.60s = %d %s, want 404", path, response.StatusCode, body)
		}
		response, body = ask(t, s.handler, "GET", path, html)
		if response.StatusCode != http.StatusNotFound || !strings.Contains(body, "<h1>Not Found</h1>") || !strings.Contains(body, "There is no such purchase.") {
			t.Errorf("GET %.60s = %d %s, want a page", path, response.StatusCode, body)
		}
	}
	if s.log.Len() != 0 {
		t.Errorf("the log has %s", s.log)
	}
	anything, err := New(broken{}) // finds a purchase behind every token
	if err != nil {
		t.Fatal(err)
	}
	if response, body := ask(t, anything, "GET", "/other/x", "application/json"); response.StatusCode != http.StatusNotFound {
		t.Errorf("outside the prefix the answer is %d %s, want 404", response.StatusCode, body)
	}
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
		response, body := ask(t, s.handler, method, "/checkout/"+s.purchase.Token, "application/json")
		if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD, POST" || !strings.Contains(body, `"message":`) {
			t.Errorf("%s = %d %v %s, want 405", method, response.StatusCode, response.Header, body)
		}
	}
}

// broken is Purchases that fail.
type broken struct {
	purchase billing.Purchase
	err      error
	account  error
	settle   error
}

func (b broken) Purchase(context.Context, string) (billing.Purchase, error) { return b.purchase, b.err }
func (b broken) Account(context.Context, string) (billing.Account, error) {
	return billing.Account{}, b.account
}
func (b broken) Pay(context.Context, string) (billing.Purchase, error) { return b.purchase, b.settle }
func (b broken) Cancel(context.Context, string) (billing.Purchase, error) {
	return b.purchase, b.settle
}

func TestFailures(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("a", 40)
	leak := errors.New("dial tcp 10.0.0.1: secret detail")
	for name, test := range map[string]struct {
		purchases Purchases
		accept    string
	}{
		"no purchase, for programs": {broken{err: leak}, "application/json"},
		"no purchase, for people":   {broken{err: leak}, html},
		"no account":                {broken{purchase: billing.Purchase{Token: token}, account: leak}, html},
		"a year that JSON lacks":    {broken{purchase: billing.Purchase{CreatedAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}, "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			handler, err := New(test.purchases, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			if err != nil {
				t.Fatal(err)
			}
			response, body := ask(t, handler, "GET", "/checkout/"+token, test.accept)
			if response.StatusCode != http.StatusInternalServerError || body == "" || strings.Contains(body, "detail") {
				t.Errorf("answered %d %s", response.StatusCode, body)
			}
			if strings.Contains(log.String(), token) || log.Len() == 0 {
				t.Errorf("the log has %q", log.String())
			}
			for _, want := range []string{"secret detail", "aaaaaa…"} {
				if !strings.Contains(name, "JSON") && !strings.Contains(log.String(), want) {
					t.Errorf("the log does not say %s: %q", want, log.String())
				}
			}
		})
	}
}

func TestWhatPassesCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	for _, err := range []error{fmt.Errorf("find: %w", billing.ErrUnavailable), fmt.Errorf("find: %w", context.DeadlineExceeded)} {
		handler, failed := New(broken{err: err}, WithLogger(slog.New(slog.DiscardHandler)))
		if failed != nil {
			t.Fatal(failed)
		}
		for _, accept := range []string{"application/json", html} {
			response, body := ask(t, handler, "GET", "/checkout/"+strings.Repeat("a", 40), accept)
			if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "1" || !strings.Contains(body, "try again") {
				t.Errorf("%v: %d %v %s", err, response.StatusCode, response.Header, body)
			}
		}
	}
}

func TestAClientThatHasGoneIsNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler, err := New(broken{err: context.Canceled}, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/checkout/x", nil))
	if log.Len() != 0 {
		t.Errorf("the log has %s", log.String())
	}
}

func TestAnotherPrefix(t *testing.T) {
	t.Parallel()
	s := newShop(t, WithPrefix("/pay/here/"))
	mux := http.NewServeMux()
	mux.Handle("GET "+s.handler.Prefix()+"{token}", s.handler)
	url := s.handler.URL("https://billing.example.com/base/", s.purchase.Token)
	if want := "https://billing.example.com/base/pay/here/" + s.purchase.Token; url != want {
		t.Errorf("URL = %s, want %s", url, want)
	}
	if response, _ := ask(t, mux, "GET", "/pay/here/"+s.purchase.Token, html); response.StatusCode != http.StatusOK {
		t.Errorf("answered %d", response.StatusCode)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		purchases Purchases
		options   []Option
	}{
		"no purchases":         {nil, nil},
		"no prefix":            {broken{}, []Option{WithPrefix("")}},
		"a prefix without end": {broken{}, []Option{WithPrefix("/checkout")}},
		"a relative prefix":    {broken{}, []Option{WithPrefix("checkout/")}},
		"no logger":            {broken{}, []Option{WithLogger(nil)}},
	} {
		if _, err := New(test.purchases, test.options...); err == nil {
			t.Errorf("New with %s = nil, want an error", name)
		}
	}
}

func Example() {
	ctx := context.Background()
	store, _ := sqlite.Open(ctx, sqlite.Memory)
	defer func() { _ = store.Close() }()
	service, _ := billing.New(store, billing.WithClock(func() time.Time {
		return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	}))
	demo := billing.DemoAccounts()
	_ = service.Seed(ctx, demo)
	purchase, _ := service.Buy(ctx, demo[0].Account, 320)

	handler, _ := New(service)
	mux := http.NewServeMux()
	mux.Handle(handler.Prefix(), handler)

	request := httptest.NewRequestWithContext(ctx, "GET", handler.URL("http://localhost:8080", purchase.Token), nil)
	request.Header.Set("Accept", "application/json")
	response := httptest.NewRecorder()
	mux.ServeHTTP(response, request)
	fmt.Println(response.Code, response.Body)
	// Output: 200 {"status":"pending","amount":320,"currency":"USD","created_at":"2026-11-01T12:00:00Z"}
}
