package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// html is the Accept header of a browser.
const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

const publicURL = "http://localhost:8080"

// fixture is a Handler with one purchase in a memory store.
type fixture struct {
	handler  *Handler
	purchase billing.Purchase
	billing  *billing.Service
	elapsed  atomic.Int64 // added to the clock, in nanoseconds
	log      *bytes.Buffer
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return newFixtureAt(t, publicURL)
}

func newFixtureAt(t testing.TB, publicURL string) *fixture {
	t.Helper()
	store, err := sqlite.Open(context.Background(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{log: &bytes.Buffer{}}
	service, err := billing.New(store, billing.WithClock(func() time.Time {
		return time.Date(2026, 11, 1, 13, 30, 5, 123456789, time.FixedZone("UTC+1", 3600)).Add(time.Duration(f.elapsed.Load()))
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
	f.purchase, f.billing = purchase, service
	f.handler, err = New(service, publicURL, slog.New(slog.NewTextHandler(f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// send sends a request over a real connection and returns the response and its body.
func send(t testing.TB, handler http.Handler, method, path, accept string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	return newBrowser(t, server.URL+path).send(method, nil, func(r *http.Request) { r.Header.Set("Accept", accept) })
}

func TestPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	response, body := send(t, f.handler, "GET", "/checkout/"+f.purchase.Token, html)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("response: %d with %q", response.StatusCode, response.Header.Get("Content-Type"))
	}
	for _, want := range []string{
		`<html lang="en">`, `<title>Waiting for payment: 1,320 USD for &lt;script&gt;`, `<main class="page">`, `name="viewport"`,
		"Email-validation credits", "&lt;script&gt;alert(&#34;Acme &amp; Søns&#34;)&lt;/script&gt;",
		`<span class="number">1,320</span> <abbr>USD</abbr>`, "Waiting for payment", "This is a sandbox.", "No money moves",
		`<form method="post">`, ">Pay 1,320 USD</button>", ">Cancel purchase</button>", "Pay before", "2 Nov 2026, 12:30 UTC",
		`<time datetime="2026-11-01T12:30:05Z">1 Nov 2026, 12:30 UTC</time>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not contain %s", want)
		}
	}
	for _, unwanted := range []string{"<script", "<link", "<img", "href=", "http:", "https:", "url(", "style=", f.purchase.Token} {
		if strings.Contains(body, unwanted) {
			t.Errorf("the page contains %s", unwanted)
		}
	}
}

// Every response has the security headers. HEAD has the headers of GET and no body, and methods other than
// GET, HEAD and POST are not allowed.
func TestMethods(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/checkout/" + f.purchase.Token, "/checkout/unknown"} {
		for _, accept := range []string{html, "application/json"} {
			get, page := send(t, f.handler, "GET", path, accept)
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
				response, body := send(t, f.handler, method, path, accept)
				checkHeaders(t, method+" "+path, response.Header, get.Header.Get("Content-Type"))
				switch method {
				case "GET", "POST":
				case "HEAD":
					if body != "" || response.StatusCode != get.StatusCode || response.ContentLength != int64(len(page)) {
						t.Errorf("HEAD %s = %d %v %q, GET = %d %v", path, response.StatusCode, response.Header, body, get.StatusCode, get.Header)
					}
				default:
					if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD, POST" || body == "" {
						t.Errorf("%s %s = %d %v %s, want 405", method, path, response.StatusCode, response.Header, body)
					}
				}
			}
		}
	}
}

var contentPolicy = regexp.MustCompile(`^default-src 'none'; style-src 'sha256-[^' ]+'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'$`)

// checkHeaders checks the security headers and the content type of the response to a request.
func checkHeaders(t *testing.T, request string, header http.Header, contentType string) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Cache-Control":          "no-store",
		"X-Robots-Tag":           "noindex, nofollow",
		"X-Frame-Options":        "DENY",
		"Vary":                   "Accept",
		"Content-Type":           contentType,
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %s = %q, want %q", request, name, got, want)
		}
	}
	if policy := header.Get("Content-Security-Policy"); !contentPolicy.MatchString(policy) {
		t.Errorf("%s: the policy is %q", request, policy)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{
		"/checkout/", "/checkout/x", "/checkout/" + strings.Repeat("a", 40), "/checkout/" + strings.ToUpper(f.purchase.Token),
		"/checkout/" + f.purchase.Token + "/", "/checkout/" + f.purchase.Token + "/pay", "/checkout//" + f.purchase.Token,
		"/checkout/%00", "/checkout/%FF%FE", "/checkout/..%2f" + f.purchase.Token, "/checkout", "/", "/other/" + f.purchase.Token,
		"/checkout/" + strings.Repeat("a", 10_000),
	} {
		response, body := send(t, f.handler, "GET", path, "application/json")
		if response.StatusCode != http.StatusNotFound || body != `{"message":"Purchase not found. Check the payment link."}` {
			t.Errorf("GET %.60s = %d %s, want 404", path, response.StatusCode, body)
		}
		response, body = send(t, f.handler, "GET", path, html)
		if response.StatusCode != http.StatusNotFound || !strings.Contains(body, "<h1>Not Found</h1>") || !strings.Contains(body, "Purchase not found.") {
			t.Errorf("GET %.60s = %d %s, want a page", path, response.StatusCode, body)
		}
	}
	if f.log.Len() != 0 {
		t.Errorf("log: %s", f.log)
	}
	all, err := New(stub{}, publicURL, slog.Default()) // finds a purchase for every token
	if err != nil {
		t.Fatal(err)
	}
	if response, body := send(t, all, "GET", "/other/x", "application/json"); response.StatusCode != http.StatusNotFound {
		t.Errorf("outside the prefix: %d %s, want 404", response.StatusCode, body)
	}
}

// stub returns fixed results.
type stub struct {
	purchase    billing.Purchase
	purchaseErr error
	accountErr  error
	settleErr   error
}

func (s stub) Purchase(context.Context, string) (billing.Purchase, error) {
	return s.purchase, s.purchaseErr
}
func (s stub) Account(context.Context, string) (billing.Account, error) {
	return billing.Account{}, s.accountErr
}
func (s stub) Pay(context.Context, string) (billing.Purchase, error) {
	return s.purchase, s.settleErr
}
func (s stub) Cancel(context.Context, string) (billing.Purchase, error) {
	return s.purchase, s.settleErr
}

// Errors of Purchases are logged. The response contains no details, and the log no token.
func TestErrors(t *testing.T) {
	t.Parallel()
	purchase := billing.Purchase{Token: strings.Repeat("a", 40), Status: billing.StatusPending}
	internal := errors.New("dial tcp 10.0.0.1: secret detail")
	unavailable, timeout := fmt.Errorf("secret detail: %w", billing.ErrUnavailable), fmt.Errorf("secret detail: %w", context.DeadlineExceeded)
	for name, test := range map[string]errorTest{
		"purchase, JSON":    {stub{purchaseErr: internal}, "GET", "application/json", 500, []string{"secret detail", "aaaaaa…"}},
		"purchase, page":    {stub{purchaseErr: internal}, "GET", html, 500, []string{"secret detail", "aaaaaa…"}},
		"unavailable, JSON": {stub{purchaseErr: unavailable}, "GET", "application/json", 503, []string{"secret detail", "aaaaaa…"}},
		"unavailable, page": {stub{purchaseErr: unavailable}, "GET", html, 503, []string{"secret detail", "aaaaaa…"}},
		"timeout, JSON":     {stub{purchaseErr: timeout}, "GET", "application/json", 503, []string{"secret detail", "aaaaaa…"}},
		"timeout, page":     {stub{purchaseErr: timeout}, "GET", html, 503, []string{"secret detail", "aaaaaa…"}},
		"account":           {stub{purchase: purchase, accountErr: internal}, "GET", html, 500, []string{"secret detail", "aaaaaa…"}},
		"year 10000, JSON":  {stub{purchase: billing.Purchase{CreatedAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}, "GET", "application/json", 500, []string{"year"}},
		"settle":            {stub{purchase: purchase, settleErr: internal}, "POST", html, 500, []string{"secret detail", "aaaaaa…"}},
		"settle, not found": {stub{purchase: purchase, settleErr: billing.ErrPurchaseNotFound}, "POST", html, 404, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.check(t, purchase)
		})
	}
}

// errorTest is a row of TestErrors: a request, the status of its response and parts of the log.
type errorTest struct {
	purchases Purchases
	method    string
	accept    string
	status    int
	log       []string
}

func (test errorTest) check(t *testing.T, purchase billing.Purchase) {
	t.Helper()
	var log bytes.Buffer
	handler, err := New(test.purchases, publicURL, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{handler: handler, purchase: purchase}
	b := newBrowser(t, f.serve(t))
	var form map[string][]string
	if test.method == "POST" {
		form = b.open("pay")
	}
	response, body := b.send(test.method, form, func(r *http.Request) { r.Header.Set("Accept", test.accept) })
	if response.StatusCode != test.status || body == "" || strings.Contains(body, "detail") {
		t.Errorf("response: %d %s, want %d", response.StatusCode, body, test.status)
	}
	if retry := response.Header.Get("Retry-After"); (retry == "1") != (test.status == 503) {
		t.Errorf("Retry-After = %q", retry)
	}
	if test.status >= 500 && !strings.Contains(body, "Try again") {
		t.Errorf("the response does not say what to do: %s", body)
	}
	if strings.Contains(log.String(), purchase.Token) || (log.Len() == 0) != (test.log == nil) {
		t.Errorf("log: %q", log.String())
	}
	for _, want := range test.log {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not contain %s: %q", want, log.String())
		}
	}
}

func TestClosedConnectionIsNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler, err := New(stub{purchaseErr: context.Canceled}, publicURL, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/checkout/x", nil))
	if log.Len() != 0 {
		t.Errorf("log: %s", log.String())
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		purchases Purchases
		logger    *slog.Logger
	}{
		"no purchases": {nil, slog.Default()},
		"no logger":    {stub{}, nil},
	} {
		if _, err := New(test.purchases, publicURL, test.logger); err == nil || !strings.HasPrefix(err.Error(), "checkout: ") {
			t.Errorf("New with %s: %v, want an error", name, err)
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

	handler, _ := New(service, "http://localhost:8080/", slog.Default())
	mux := http.NewServeMux()
	mux.Handle(handler.Prefix(), handler)

	request := httptest.NewRequestWithContext(ctx, "GET", handler.URL(purchase.Token), nil)
	request.Header.Set("Accept", "application/json")
	response := httptest.NewRecorder()
	mux.ServeHTTP(response, request)
	fmt.Println(response.Code, response.Body)
	// Output: 200 {"status":"pending","amount":320,"currency":"USD","created_at":"2026-11-01T12:00:00Z"}
}
