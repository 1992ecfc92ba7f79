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

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// BenchmarkPurchase times one validated and authenticated purchase in process, against a stub for
// the store, beside bare echo with hand-written checks: the least that could do the job. Both are in
// one run because only their ratio means anything on a shared machine.
func BenchmarkPurchase(b *testing.B) {
	large := `{"amount":320,"note":"` + strings.Repeat("x", 1<<20-64) + `"}`
	many := `{"amount":320,"list":[` + strings.TrimSuffix(strings.Repeat(`{"a":1,"b":[true,null,"x"]},`, 36000), ",") + `]}`
	handlers := []struct {
		name    string
		handler http.Handler
	}{
		{"bare", bareEcho()},
		{"contract", newServer(b, server.WithAnswerCheck(contract.AnswersUnchecked)).Handler()},
		{"contract+answers", newServer(b).Handler()},
	}
	for _, request := range []struct {
		name, body string
		status     int
	}{
		{"valid", `{"amount":320}`, 200},
		{"amount too large", `{"amount":99999}`, 400},
		{"1MiB string", large, 200},
		{"1MiB nested", many, 200},
	} {
		for _, h := range handlers {
			b.Run(request.name+"/"+h.name, func(b *testing.B) {
				r := httptest.NewRequest(http.MethodPost, "/api/v2/billing/buy_emailvalidation_credits", nil)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("consumerKey", benchKey)
				r.Header.Set("consumerSecret", benchSecret)
				r.ContentLength = int64(len(request.body))
				w := &discard{header: http.Header{}}
				body := strings.NewReader("")
				b.ReportAllocs()
				for b.Loop() {
					body.Reset(request.body)
					r.Body = io.NopCloser(body)
					clear(w.header)
					w.status = 0
					h.handler.ServeHTTP(w, r)
					if w.status != request.status {
						b.Fatalf("status %d", w.status)
					}
				}
			})
		}
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
