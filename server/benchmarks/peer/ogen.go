package peer

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/ogen-go/ogen/validate"

	"github.com/turbosmtp-go/billing/server/benchmarks/peer/ogen"
)

//go:generate go run github.com/ogen-go/ogen/cmd/ogen --target ogen --package ogen --clean --config ogen/ogen.yml ../../../api/openapi.yaml

// newOgen returns the server that ogen generates from the document.
func newOgen() (http.Handler, error) {
	facts, err := Document()
	if err != nil {
		return nil, err
	}
	return ogen.NewServer(ogenHandler{}, ogenSecurity{},
		ogen.WithPathPrefix(facts.BasePath),
		ogen.WithErrorHandler(func(_ context.Context, w http.ResponseWriter, _ *http.Request, err error) {
			code := facts.Unreadable
			var invalid *validate.Error
			if errors.As(err, &invalid) {
				code = facts.Codes["maximum"] // only the error's text contains the keyword
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"message":"` + code + `"}`))
		}))
}

// ogenHandler is the stub for ogen.
type ogenHandler struct{}

func (ogenHandler) BuyEmailValidatorCredits(ctx context.Context, order *ogen.BuyEmailValidatorCreditsRequest) (ogen.BuyEmailValidatorCreditsRes, error) {
	link, err := sell(ctx.Value(accountKey{}), order.Amount)
	if err != nil {
		return nil, err
	}
	return &ogen.BuyEmailValidatorCreditsSucessResponse{URL: *parsed(link)}, nil
}

// parsed parses the stub's link only once: ogen's response needs a URL, and parsing is not its cost.
var parsed = func() func(string) *url.URL {
	var once sync.Once
	var u *url.URL
	return func(link string) *url.URL {
		once.Do(func() { u, _ = url.Parse(link) })
		return u
	}
}()

func (ogenHandler) NewError(_ context.Context, err error) *ogen.UnexpectedStatusCode {
	return &ogen.UnexpectedStatusCode{StatusCode: http.StatusInternalServerError, Response: ogen.UnexpectedError{Message: err.Error()}}
}

// ogenSecurity checks one security scheme at a time.
type ogenSecurity struct{}

func (ogenSecurity) HandleAuthorization(ctx context.Context, _ ogen.OperationName, t ogen.Authorization) (context.Context, error) {
	return authenticated(ctx, isToken(t.APIKey))
}

func (ogenSecurity) HandleConsumerKey(ctx context.Context, _ ogen.OperationName, t ogen.ConsumerKey) (context.Context, error) {
	if !isKey(t.APIKey) {
		return nil, errUnauthenticated
	}
	return ctx, nil
}

func (ogenSecurity) HandleConsumerSecret(ctx context.Context, _ ogen.OperationName, t ogen.ConsumerSecret) (context.Context, error) {
	return authenticated(ctx, isSecret(t.APIKey))
}

func authenticated(ctx context.Context, ok bool) (context.Context, error) {
	if !ok {
		return nil, errUnauthenticated
	}
	return context.WithValue(ctx, accountKey{}, known), nil
}
