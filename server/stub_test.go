package server_test

import (
	"context"
	"crypto/subtle"
	"io"
	"log/slog"
	"testing"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

const (
	benchKey    = "bench-key"
	benchSecret = "bench-secret"
	benchToken  = "bench-token"
)

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
