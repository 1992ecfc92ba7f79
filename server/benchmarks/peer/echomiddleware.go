package peer

import (
	"context"
	"errors"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/oapi-codegen/echo-middleware"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
)

// newEchoMiddleware returns oapi-codegen's server behind kin-openapi's request validation.
func newEchoMiddleware() (http.Handler, error) {
	doc, err := api.Load()
	if err != nil {
		return nil, err
	}
	return serveByFilter(doc)
}

// WithFilter is newEchoMiddleware for a document with n operations, which share one implementation.
func WithFilter(n int) (http.Handler, error) {
	doc, err := WithOperations(n)
	if err != nil {
		return nil, err
	}
	return serveByFilter(doc)
}

func serveByFilter(doc *openapi3.T) (http.Handler, error) {
	facts, err := Document()
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: facts.BasePath}}
	e := echo.New()
	e.Use(echomiddleware.OapiRequestValidatorWithOptions(doc, &echomiddleware.Options{
		SilenceServersWarning: true,
		Options:               openapi3filter.Options{AuthenticationFunc: authenticateScheme},
		ErrorHandler: func(ec echo.Context, refused *echo.HTTPError) error {
			code := facts.Unreadable
			var schema *openapi3.SchemaError
			var security *openapi3filter.SecurityRequirementsError
			switch {
			case errors.As(refused.Internal, &security):
				return ec.JSON(http.StatusUnauthorized, map[string]string{"message": facts.Wrong})
			case errors.As(refused.Internal, &schema):
				code = facts.Codes[schema.SchemaField]
			}
			return ec.JSON(http.StatusBadRequest, map[string]string{"message": code})
		},
	}))
	routes(e, facts.BasePath, doc, httpserver.NewStrictHandler(strict{func(context.Context) any { return known }}, nil))
	return e, nil
}

// authenticateScheme checks one security scheme; the filter calls it for each.
func authenticateScheme(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header
	sent := header.Get(input.SecurityScheme.Name)
	ok := false
	switch input.SecuritySchemeName {
	case model.AuthorizationScheme:
		ok = sent != "" && isToken(sent)
	case model.ConsumerKeyScheme:
		ok = isKey(sent)
	case model.ConsumerSecretScheme:
		ok = isSecret(sent)
	}
	if !ok {
		return errUnauthenticated
	}
	return nil
}

// routes serves all operations of doc with the one generated operation.
func routes(e *echo.Echo, base string, doc *openapi3.T, generated httpserver.ServerInterface) {
	for path := range doc.Paths.Map() {
		e.POST(base+path, generated.BuyEmailValidatorCredits)
	}
}
