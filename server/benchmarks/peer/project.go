package peer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/telemetry"
)

// project is this project's server, as a handler.
type project struct {
	http.Handler
	*server.Server
}

// newProject returns this project's server with its defaults and the given options.
func newProject(options ...server.Option) func() (http.Handler, error) {
	return func() (http.Handler, error) {
		options := append([]server.Option{server.WithLogger(slog.New(slog.DiscardHandler))}, options...)
		s, err := server.New(strict{}, contract.AuthenticatorFunc(authenticate), options...)
		if err != nil {
			return nil, err
		}
		return project{s.Handler(), s}, nil
	}
}

var (
	// withoutResponseCheck turns off the validation of responses, which no other peer does.
	withoutResponseCheck = server.WithResponseCheck(contract.ResponsesUnchecked)
	// withTelemetry adds a JSON access log and metrics.
	withTelemetry = server.WithMiddleware(
		telemetry.NewMetrics().Middleware,
		telemetry.AccessLog(slog.New(slog.NewJSONHandler(io.Discard, nil)), func(principal any) string { return principal.(*account).id }),
	)
)

func authenticate(_ context.Context, c contract.Credentials) (any, error) {
	if isToken(c.Value(model.AuthorizationScheme)) || isKey(c.Value(model.ConsumerKeyScheme)) && isSecret(c.Value(model.ConsumerSecretScheme)) {
		return known, nil
	}
	return nil, contract.ErrNotAccepted
}

// strict is the stub behind oapi-codegen's server, for this project and for echo-middleware.
type strict struct{ principal func(context.Context) any }

func (s strict) BuyEmailValidatorCredits(ctx context.Context, request httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	principal := contract.Principal(ctx)
	if s.principal != nil {
		principal = s.principal(ctx)
	}
	url, err := sell(principal, request.Body.Amount)
	if err != nil {
		return nil, err
	}
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: url}, nil
}

// WithContract returns echo with this project's contract for a document with n operations, which share one implementation.
func WithContract(n int) (http.Handler, error) {
	doc, err := WithOperations(n)
	if err != nil {
		return nil, err
	}
	c, err := contract.Compile(doc, contract.WithAuthenticator(contract.AuthenticatorFunc(authenticate)), contract.WithResponseCheck(contract.ResponsesUnchecked))
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Binder = contract.Binder{}
	e.HTTPErrorHandler = func(err error, ec echo.Context) {
		var refused *contract.Error
		if !errors.As(err, &refused) {
			e.DefaultHTTPErrorHandler(err, ec)
			return
		}
		_ = ec.JSONBlob(refused.Status, refused.Body)
	}
	e.Use(c.Middleware)
	routes(e, c.BasePath(), doc, httpserver.NewStrictHandler(strict{}, nil))
	return e, c.CheckRoutes(e.Routes())
}
