package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// implementation is a function that implements the API.
type implementation func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error)

func (f implementation) BuyEmailValidatorCredits(ctx context.Context, _ httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return f(ctx)
}

var success = httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://pay.example.com/1"}

// succeed is an implementation whose purchases succeed.
func succeed(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	return success, nil
}

// blocking returns an implementation whose purchases wait for release. It announces each on running.
func blocking() (do implementation, running, release chan struct{}) {
	running, release = make(chan struct{}), make(chan struct{})
	return func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		running <- struct{}{}
		<-release
		return success, nil
	}, running, release
}

// newServer returns a server that authenticates as the example does, and does not log.
func newServer(t testing.TB, do implementation, options ...server.Option) *server.Server {
	t.Helper()
	options = append([]server.Option{server.WithLogger(slog.New(slog.DiscardHandler)), server.WithDrain(0)}, options...)
	s, err := server.New(do, contract.AuthenticatorFunc(authenticate), options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newPurchase returns a valid request with the example's credentials to the API at baseURL.
func newPurchase(t testing.TB, baseURL string) *http.Request {
	t.Helper()
	request, err := httpclient.NewBuyEmailValidatorCreditsRequest(baseURL, model.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(model.AuthorizationHeader, annsKey)
	return request.WithContext(t.Context())
}

// purchase sends a valid request, with more headers, to a server's handler.
func purchase(t testing.TB, s *server.Server, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := newPurchase(t, "http://127.0.0.1"+s.BasePath()+"/")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return record(s, request)
}

func record(s *server.Server, request *http.Request) *httptest.ResponseRecorder {
	if request.Body == nil {
		request.Body = io.NopCloser(http.NoBody)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, request)
	return w
}

func get(s *server.Server, path string) *httptest.ResponseRecorder {
	return record(s, httptest.NewRequest(http.MethodGet, path, nil))
}
