package server_test

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// BenchmarkPurchase times one validated and authenticated purchase in process, against a stub for
// the store, beside bare echo with hand-written checks: the least that could do the job. The two take
// turns in small batches, because only their ratio, the column ×bare, means anything on a shared
// machine.
func BenchmarkPurchase(b *testing.B) {
	large := `{"amount":320,"note":"` + strings.Repeat("x", 1<<20-64) + `"}`
	many := `{"amount":320,"list":[` + strings.TrimSuffix(strings.Repeat(`{"a":1,"b":[true,null,"x"]},`, 36000), ",") + `]}`
	bare := bareEcho()
	for _, request := range []struct {
		name, body string
		status     int
	}{
		{"valid", `{"amount":320}`, http.StatusOK},
		{"too-large-an-amount", `{"amount":99999}`, http.StatusBadRequest},
		{"1MiB-string", large, http.StatusOK},
		{"1MiB-nested", many, http.StatusOK},
	} {
		for _, subject := range []struct {
			name    string
			handler http.Handler
		}{
			{"bare", bare},
			{"contract", newServer(b, server.WithAnswerCheck(contract.AnswersUnchecked)).Handler()},
			{"contract-with-answers", newServer(b).Handler()},
		} {
			b.Run(request.name+"/"+subject.name, func(b *testing.B) {
				measured, baseline := newAsker(request.body), newAsker(request.body)
				batch := 1 + 1000/(1+len(request.body)/100)
				var timed, bareTimed time.Duration
				n := 0
				for b.Loop() {
					start := time.Now()
					for range batch {
						measured.ask(b, subject.handler, request.status)
					}
					timed += time.Since(start)
					n += batch
					b.StopTimer()
					start = time.Now()
					for range batch {
						baseline.ask(b, bare, request.status)
					}
					bareTimed += time.Since(start)
					b.StartTimer()
				}
				b.ReportMetric(float64(timed.Nanoseconds())/float64(n), "ns/request")
				b.ReportMetric(float64(timed)/float64(bareTimed), "×bare")
				b.ReportMetric(testing.AllocsPerRun(10, func() { measured.ask(b, subject.handler, request.status) }), "allocs/request")
				b.ReportMetric(0, "ns/op") // of a batch
			})
		}
	}
}

// asker asks a handler the same thing again and again, with next to no cost of its own.
type asker struct {
	request *http.Request
	text    string
	body    *strings.Reader
	answer  discard
}

func newAsker(body string) *asker {
	a := &asker{request: httptest.NewRequest(http.MethodPost, "/api/v2/billing/buy_emailvalidation_credits", nil), text: body, body: strings.NewReader("")}
	a.request.Header.Set("Content-Type", "application/json")
	a.request.Header.Set("consumerKey", benchKey)
	a.request.Header.Set("consumerSecret", benchSecret)
	a.request.ContentLength = int64(len(body))
	a.answer.header = http.Header{}
	return a
}

func (a *asker) ask(b testing.TB, handler http.Handler, status int) {
	a.body.Reset(a.text)
	a.request.Body = io.NopCloser(a.body)
	clear(a.answer.header)
	a.answer.status = 0
	handler.ServeHTTP(&a.answer, a.request)
	if a.answer.status != status {
		b.Fatalf("status %d, want %d", a.answer.status, status)
	}
}

const (
	benchKey    = "bench-key"
	benchSecret = "bench-secret"
	benchToken  = "bench-token"
)

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// bareEcho is what a careful programmer writes without a document: every check by hand, in the order
// of the contract.
func bareEcho() http.Handler {
	type account struct{ id string }
	type accountKey struct{}
	buy := func(ctx context.Context, amount int) (string, error) {
		if _, ok := ctx.Value(accountKey{}).(*account); !ok {
			return "", io.ErrUnexpectedEOF
		}
		return "https://billing.example.com/checkout/token", nil
	}
	known := &account{"bench"}
	refuse := func(ec echo.Context, status int, code string) error {
		return ec.JSON(status, map[string]string{"message": code})
	}
	e := echo.New()
	e.POST("/api/v2/billing/buy_emailvalidation_credits", func(ec echo.Context) error {
		r := ec.Request()
		token, key, secret := r.Header.Get("Authorization"), r.Header.Get("consumerKey"), r.Header.Get("consumerSecret")
		switch {
		case token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(benchToken)) == 1:
		case key != "" && secret != "" && key == benchKey && subtle.ConstantTimeCompare([]byte(secret), []byte(benchSecret)) == 1:
		case token != "" || key != "" && secret != "":
			return refuse(ec, 401, "invalid_authorization_key")
		default:
			return refuse(ec, 401, "missing_authorization_key")
		}
		if !strings.EqualFold(r.Header.Get("Content-Type"), "application/json") {
			return refuse(ec, 415, "unsupported media type")
		}
		data, err := io.ReadAll(http.MaxBytesReader(ec.Response(), r.Body, 1<<20))
		if err != nil {
			return refuse(ec, 413, "too large")
		}
		var order struct {
			Amount *json.Number `json:"amount"`
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		if err := decoder.Decode(&order); err != nil {
			return refuse(ec, 400, "missing_required_parameter_amount")
		}
		if order.Amount == nil {
			return refuse(ec, 400, "missing_required_parameter_amount")
		}
		amount, err := order.Amount.Int64()
		switch {
		case err != nil:
			return refuse(ec, 400, "amount_should_be_integer")
		case amount < 15:
			return refuse(ec, 400, "amount_should_not_be_less_than_15")
		case amount > 1800:
			return refuse(ec, 400, "amount_should_not_be_higher_than_1800")
		}
		url, err := buy(context.WithValue(r.Context(), accountKey{}, known), int(amount))
		if err != nil {
			return refuse(ec, 500, "failed")
		}
		return ec.JSON(200, struct {
			URL string `json:"url"`
		}{url})
	})
	return e
}

// stub is an implementation that takes every order.
type stub struct{}

func (stub) BuyEmailValidatorCredits(ctx context.Context, request httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	if _, ok := contract.Principal(ctx).(*string); !ok || request.Body == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://billing.example.com/checkout/token"}, nil
}

func newServer(tb testing.TB, options ...server.Option) *server.Server {
	tb.Helper()
	account := "bench"
	authenticate := func(_ context.Context, c contract.Credentials) (any, error) {
		key, secret, token := c.Value(model.ConsumerKeyScheme), c.Value(model.ConsumerSecretScheme), c.Value(model.AuthorizationScheme)
		if token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(benchToken)) == 1 ||
			key == benchKey && subtle.ConstantTimeCompare([]byte(secret), []byte(benchSecret)) == 1 {
			return &account, nil
		}
		return nil, contract.ErrNotAccepted
	}
	options = append([]server.Option{server.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))}, options...)
	s, err := server.New(stub{}, contract.AuthenticatorFunc(authenticate), options...)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
