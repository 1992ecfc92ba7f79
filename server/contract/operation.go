package contract

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"
)

// operation is a compiled operation. Its parts accept every request if the document declares nothing for them.
type operation struct {
	id          string
	timeLimit   time.Duration
	preferences *preferences // nil without WithPrefer
	security    *security
	parameters  *parameters
	body        *requestBody // nil if the operation has no body
	responses   *responses
	failure     *errorResponse // the response to an unexpected failure
}

// maxCredentialAge is how old accepted credentials may be when the body has arrived. After a slower body
// they are checked again, because they may have been revoked.
const maxCredentialAge = 100 * time.Millisecond

// serve checks the request, calls the handler and checks the response.
func (op *operation) serve(ec echo.Context, next echo.HandlerFunc) error {
	if op.preferences != nil {
		if done, err := op.preferences.serve(ec); done || err != nil {
			return err
		}
	}
	// A client that disconnects does not end the operation: it may have been charged already.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ec.Request().Context()), op.timeLimit)
	defer cancel()
	if err := op.authenticate(ctx, ec); err != nil {
		return err
	}
	if err := op.parameters.check(ec); err != nil {
		return err
	}
	if op.body != nil {
		began := time.Now()
		if err := op.body.read(ec.Request()); err != nil {
			return err
		}
		if time.Since(began) > maxCredentialAge {
			if err := op.authenticate(ctx, ec); err != nil {
				return err
			}
		}
	}
	err := op.responses.serve(ec, next)
	var refused *echo.HTTPError
	if errors.As(err, &refused) && refused.Code == http.StatusBadRequest {
		return op.parameters.bindError(err)
	}
	return err
}

// authenticate checks the credentials and gives the request a context that contains the principal, even if
// the principal is denied.
func (op *operation) authenticate(ctx context.Context, ec echo.Context) error {
	principal, err := op.security.authenticate(ctx, ec.Request())
	ec.SetRequest(ec.Request().WithContext(context.WithValue(ctx, principalKey{}, principal)))
	return err
}

type principalKey struct{}

// Principal returns what the Authenticator returned for the request, also for a denied one and
// after Middleware has returned. It is nil if the operation requires no credentials or the request has none.
func Principal(ctx context.Context) any { return ctx.Value(principalKey{}) }

// compiler compiles the operations of a document.
type compiler struct {
	settings
	doc        *openapi3.T
	memory     *semaphore.Weighted             // for the bodies of all operations
	validators map[*openapi3.Schema]*validator // of responses
}

func newCompiler(doc *openapi3.T, s settings) *compiler {
	memory := semaphore.NewWeighted(max(s.maxBodyMemory, s.maxBody+1))
	return &compiler{settings: s, doc: doc, memory: memory, validators: map[*openapi3.Schema]*validator{}}
}

func (c *compiler) operation(path, method string, item *openapi3.PathItem) (*operation, error) {
	declared := item.Operations()[method]
	place := "paths." + path + "." + method
	if declared.OperationID == "" {
		return nil, documentError(place, "the operationId is missing")
	}
	if declared.Servers != nil && len(*declared.Servers) > 0 {
		return nil, documentError(place, "servers of an operation are not supported; remove them")
	}
	op := &operation{id: declared.OperationID, timeLimit: c.timeLimit}
	errorResponses := newErrorResponses(declared, place)
	var err error
	if op.failure, err = errorResponses.find(http.StatusInternalServerError); err != nil {
		return nil, err
	}
	if op.failure.codes != nil {
		return nil, documentError(op.failure.place, "the response to an unexpected failure contains a sentence: remove the enum of its member %q", op.failure.member)
	}
	if op.security, err = c.security(declared, place, errorResponses); err != nil {
		return nil, err
	}
	if op.parameters, err = compileParameters(item, declared, place, errorResponses); err != nil {
		return nil, err
	}
	if declared.RequestBody != nil {
		if op.body, err = c.requestBody(declared.RequestBody.Value, place+".requestBody", errorResponses); err != nil {
			return nil, err
		}
	}
	if op.responses, err = c.responses(declared, place); err != nil {
		return nil, err
	}
	if c.prefer {
		if op.preferences, err = compilePreferences(declared, place, errorResponses, op.failure, c.maxBody); err != nil {
			return nil, err
		}
	}
	return op, errorResponses.checkCodes()
}

var pathParameter = regexp.MustCompile(`\{[.;?]?([^{}*]+)\*?\}`)

// echoPath converts an OpenAPI path to a route of echo: {id} becomes :id.
func echoPath(path string) string { return pathParameter.ReplaceAllString(path, ":$1") }
