package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

const (
	buyPath = "/api/v2/billing/buy_emailvalidation_credits"
	// secret is part of every path, query, header and body of a test.
	secret = "s3cr3t-0123456789"
)

// TestRequests checks that each request gives one log line, one count and one span, with the final status and
// without a value that the client sent.
func TestRequests(t *testing.T) {
	t.Parallel()
	const valid, active = `{"amount":320,"note":"` + secret + `"}`, "active-" + secret
	request := func(method, path string) func() *http.Request {
		return func() *http.Request { return httptest.NewRequest(method, path+"?"+secret, nil) }
	}
	purchase := func(key, body string) func() *http.Request {
		return func() *http.Request { return newPurchase(key, body) }
	}
	fail := func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		return nil, errors.New("disk error")
	}
	crash := func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { panic("disk error") }
	for _, test := range []requestTest{
		{"success", "POST", buyPath, purchase(active, valid), sell, 200, "", "ann"},
		{"invalid body", "POST", buyPath, purchase(active, `{"amount":1}`), sell, 400, string(model.AmountShouldNotBeLessThan15), "ann"},
		{"denied account", "POST", buyPath, purchase("inactive-"+secret, valid), sell, 401, string(model.AccountIsInactive), "ian"},
		{"unknown key", "POST", buyPath, purchase(secret, valid), sell, 401, string(model.InvalidAuthorizationKey), ""},
		{"unknown path", "GET", "unmatched", request("GET", "/"+secret), sell, 404, "", ""},
		{"wrong method", "DELETE", buyPath, request("DELETE", buyPath), sell, 405, "", ""},
		{"large body", "POST", buyPath, purchase(active, valid+strings.Repeat(" ", 2000)), sell, 413, "", "ann"},
		{"error", "POST", buyPath, purchase(active, valid), fail, 500, "", "ann"},
		{"panic", "POST", buyPath, purchase(active, valid), crash, 500, "", "ann"},
		{"page", "GET", "/checkout/:token", request("GET", "/checkout/"+secret), sell, 200, "", ""},
		{"unknown method", "other", "unmatched", request("S3CR3T", "/"+secret), sell, 404, "", ""},
	} {
		for _, order := range []string{"tml", "lmt", "jtml", "tjml", "tmjl", "lmtj"} {
			t.Run(test.name+" "+order, func(t *testing.T) {
				t.Parallel()
				test.check(t, order)
			})
		}
	}
}

// requestTest is a row of TestRequests: a request, and the expected labels of its log line, count and span.
type requestTest struct {
	name, method, route string
	request             func() *http.Request
	implementation      implementation
	status              int
	code, account       string
}

// check sends the request to a server whose middleware has the given order.
func (test requestTest) check(t *testing.T, order string) {
	t.Helper()
	f, w := newFixture(t, order, test.implementation), httptest.NewRecorder()
	f.handler.ServeHTTP(w, test.request())
	if w.Code != test.status {
		t.Fatalf("the response is %d %s", w.Code, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	test.checkLog(t, f, id)
	test.checkMetrics(t, f)
	checkSpan(t, f.exported(t), id, test.method, test.route, test.status, test.account)
	if strings.Contains(order, "j") && !slices.Equal(f.journal, []int{test.status}) {
		t.Errorf("the other middleware records %v", f.journal)
	}
	if failures := strings.Count(f.serverLog.String(), "\n"); (test.status == 500) != (failures == 1) || failures > 1 {
		t.Errorf("the server logs %s", f.serverLog)
	}
	f.checkSecrets(t)
}

// TestCodeOfAnotherResponse checks that the contract's code is not recorded for a response that another
// middleware wrote in its place.
func TestCodeOfAnotherResponse(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "ml", sell, server.WithMiddleware(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			_ = next(ec)
			return ec.NoContent(http.StatusTeapot)
		}
	}))
	f.handler.ServeHTTP(httptest.NewRecorder(), newPurchase("active-"+secret, `{"amount":1}`))
	if line := f.logged(t)[0]; line["status"] != float64(http.StatusTeapot) || line["code"] != nil {
		t.Errorf("logged %v", line)
	}
	if got := samples(t, f.metrics); !strings.Contains(got[len(got)-1], `{code="",`) || !strings.Contains(got[len(got)-1], `status="418"`) {
		t.Errorf("the metrics are %q", got)
	}
}

// TestAborted checks that a panic that aborts the response passes through and is recorded once by each part.
func TestAborted(t *testing.T) {
	t.Parallel()
	for when, status := range map[string]float64{"before": 0, "after": 200} {
		f := newFixture(t, "tjml", sell)
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this
					t.Errorf("the panic is %v", v)
				}
			}()
			f.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/checkout/"+secret+"?abort="+when, nil))
		}()
		lines := f.logged(t)
		if len(lines) != 1 || lines[0]["status"] != status || lines[0]["aborted"] != true || lines[0]["route"] != "/checkout/:token" {
			t.Errorf("%s the response: logged %v", when, lines)
		}
		want := []string{
			`billing_http_request_duration_seconds_count{method="GET",route="/checkout/:token"} 1`,
			"billing_http_requests_in_flight 0",
			`billing_http_requests_total{code="",method="GET",route="/checkout/:token",status="aborted"} 1`,
		}
		if got := samples(t, f.metrics); !slices.Equal(got, want) {
			t.Errorf("%s the response: the metrics are %q", when, got)
		}
		if spans := f.exported(t); len(spans) != 1 || spans[0].Status().Description != "aborted" {
			t.Errorf("%s the response: %d spans: %s", when, len(spans), describe(f.spans))
		}
		f.checkSecrets(t)
	}
}

// TestRefusedUpload checks that a client that is still sending a refused body receives the response.
func TestRefusedUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tml", sell)
	listening := httptest.NewServer(f.handler)
	defer listening.Close()
	for i := range 5 {
		r := newPurchase("active-"+secret, strings.Repeat(secret, 100_000))
		sent, err := http.NewRequestWithContext(t.Context(), r.Method, listening.URL+buyPath, r.Body)
		if err != nil {
			t.Fatal(err)
		}
		sent.Header, sent.ContentLength = r.Header, r.ContentLength
		response, err := http.DefaultClient.Do(sent)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("request %d: the response is %d", i, response.StatusCode)
		}
	}
	listening.Close()
	if lines, spans := f.logged(t), f.exported(t); len(lines) != 5 || len(spans) != 5 {
		t.Errorf("%d lines and %d spans", len(lines), len(spans))
	}
}

// fixture is a server with telemetry.
type fixture struct {
	handler   http.Handler
	metrics   *telemetry.Metrics
	tracing   *telemetry.Tracing
	log       *lockedBuffer
	serverLog *lockedBuffer
	spans     *tracetest.InMemoryExporter
	journal   []int // the statuses that another middleware recorded
}

// newFixture returns a server with a middleware per letter of order, the first outermost: t for traces, m for
// metrics, l for the access log, and j for one that, like the sandbox's journal, writes the response to an error.
func newFixture(t *testing.T, order string, implementation implementation, options ...server.Option) *fixture {
	t.Helper()
	f := &fixture{metrics: telemetry.NewMetrics(), log: &lockedBuffer{}, serverLog: &lockedBuffer{}, spans: tracetest.NewInMemoryExporter()}
	var err error
	if f.tracing, err = telemetry.NewTracingTo(t.Context(), keptSpans{f.spans}, "test", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.tracing.Shutdown(context.Background()) })
	parts := map[rune]echo.MiddlewareFunc{
		't': f.tracing.Middleware(account),
		'm': f.metrics.Middleware,
		'l': telemetry.AccessLog(slog.New(slog.NewJSONHandler(f.log, nil)), account),
		'j': func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(ec echo.Context) error {
				if err := next(struct{ echo.Context }{ec}); err != nil { // with a context of its own
					ec.Error(err)
				}
				f.journal = append(f.journal, ec.Response().Status)
				return nil
			}
		},
	}
	var middleware []echo.MiddlewareFunc
	for _, part := range order {
		middleware = append(middleware, parts[part])
	}
	options = append([]server.Option{
		server.WithMiddleware(middleware...), server.WithMaxBody(1000), server.WithLogger(slog.New(slog.NewJSONHandler(f.serverLog, nil))),
		server.WithHandler("/checkout/:token", http.HandlerFunc(page)),
	}, options...)
	s, err := server.New(implementation, contract.AuthenticatorFunc(authenticate), options...)
	if err != nil {
		t.Fatal(err)
	}
	f.handler = s.Handler()
	return f
}

// page writes the secret, and aborts before or after it if the query says so.
func page(w http.ResponseWriter, r *http.Request) {
	abort := r.URL.Query().Get("abort")
	if abort == "before" {
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, secret)
	if abort == "after" {
		panic(http.ErrAbortHandler)
	}
}

// exported returns the spans of all requests.
func (f *fixture) exported(t *testing.T) []sdktrace.ReadOnlySpan {
	t.Helper()
	if err := f.tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f.spans.GetSpans().Snapshots()
}

// logged returns the lines of the access log.
func (f *fixture) logged(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(f.log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

// checkSecrets checks that neither a client's value nor the text of an error is recorded.
func (f *fixture) checkSecrets(t *testing.T) {
	t.Helper()
	for _, text := range []string{f.log.String(), fmt.Sprint(samples(t, f.metrics)), describe(f.spans)} {
		if strings.Contains(strings.ToLower(text), "s3cr3t") || strings.Contains(text, "disk") {
			t.Errorf("a secret is recorded: %s", text)
		}
	}
}

// samples returns the request metrics as a scrape has them, without the buckets and sums of histograms.
func samples(t *testing.T, metrics *telemetry.Metrics) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(scrape(t, metrics)) {
		if strings.HasPrefix(line, "billing_http_") && !strings.Contains(line, "_bucket{") && !strings.Contains(line, "_sum{") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// scrape returns the metrics in Prometheus' text format.
func scrape(t *testing.T, metrics *telemetry.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape fails: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func newPurchase(key, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, buyPath+"?q="+secret, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", key)
	return r
}

// describe returns everything that spans contain.
func describe(spans *tracetest.InMemoryExporter) string {
	text, err := json.Marshal(spans.GetSpans())
	if err != nil {
		panic(err)
	}
	return string(text)
}

// keptSpans keeps its spans after Shutdown.
type keptSpans struct{ *tracetest.InMemoryExporter }

func (keptSpans) Shutdown(context.Context) error { return nil }

type implementation func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error)

func (f implementation) BuyEmailValidatorCredits(ctx context.Context, _ httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return f(ctx)
}

func sell(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://pay.example/checkout/" + secret}, nil
}

// authenticate accepts the key of an active account, and denies the key of an inactive one.
func authenticate(_ context.Context, credentials contract.Credentials) (any, error) {
	switch credentials.Value(model.AuthorizationScheme) {
	case "active-" + secret:
		return "ann", nil
	case "inactive-" + secret:
		return "ian", &contract.DeniedError{Code: string(model.AccountIsInactive)}
	}
	return nil, contract.ErrNotAccepted
}

func account(principal any) string {
	id, _ := principal.(string)
	return id
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	lock sync.Mutex
	data bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.data.Write(p)
}

func (b *lockedBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.data.String()
}
