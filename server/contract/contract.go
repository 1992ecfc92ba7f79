package contract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// Contract is a compiled document. It is safe for concurrent use.
type Contract struct {
	basePath   string
	operations map[string]map[string]*operation // by echo's route, then by method
	failure    *errorResponse                   // for requests that belong to no operation
}

// Compile checks doc and prepares the checks of its operations. It returns an error that names the place in
// the document if
//   - doc is not valid, or not OpenAPI 3.0;
//   - a check cannot be enforced: credentials in a cookie, OAuth, OpenID, an integer limit of 2^53 or
//     more, or a media type without a decoder;
//   - the document declares no response for a check that can fail;
//   - x-error-codes does not match the enums of the error responses.
//
// The caller must not change doc afterwards.
func Compile(doc *openapi3.T, options ...Option) (*Contract, error) {
	if doc == nil {
		return nil, errors.New("contract: the document is nil")
	}
	s := defaultSettings()
	for _, option := range options {
		option(&s)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.0.") {
		return nil, documentError("openapi", "version %q is not supported; use 3.0.x", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("contract: the document is not valid: %w", err)
	}
	base, err := doc.Servers.BasePath()
	if err != nil {
		return nil, documentError("servers", "the URL of the first server is not valid: %v", err)
	}
	c := &Contract{basePath: strings.TrimSuffix(base, "/"), operations: map[string]map[string]*operation{}}
	compiler := newCompiler(doc, s)
	for _, path := range sortedKeys(doc.Paths.Map()) {
		item := doc.Paths.Value(path)
		if len(item.Servers) > 0 {
			return nil, documentError("paths."+path, "servers of a path are not supported; remove them")
		}
		route := c.basePath + echoPath(path)
		for _, method := range sortedKeys(item.Operations()) {
			op, err := compiler.operation(path, method, item)
			if err != nil {
				return nil, err
			}
			if c.operations[route] == nil {
				c.operations[route] = map[string]*operation{}
			}
			c.operations[route][method] = op
			if c.failure == nil {
				c.failure = op.failure
			}
		}
	}
	if len(c.operations) == 0 {
		return nil, documentError("paths", "the document has no operation")
	}
	return c, nil
}

// BasePath returns the path of the document's first server, without a trailing slash. The routes of the
// operations begin with it.
func (c *Contract) BasePath() string { return c.basePath }

// Middleware checks the requests and responses of the document's operations. It finds the operation by the
// method and by echo's route, and passes all other requests to next. Register it with echo.Echo.Use, and
// call CheckRoutes.
func (c *Contract) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		op := c.operation(ec)
		if op == nil {
			return next(ec)
		}
		err := op.serve(ec, next)
		var refused *Error
		if errors.As(err, &refused) {
			ec.Set(errorKey, refused)
		}
		return err
	}
}

const errorKey = "contract.error"

// RequestError returns the error that Middleware refused the request with, nil if it did not. It is for
// middleware outside of Middleware, such as an access log. It works even if another middleware
// has already turned the error into a response.
func RequestError(ec echo.Context) *Error {
	refused, _ := ec.Get(errorKey).(*Error)
	return refused
}

// OperationID returns the operationId of the operation that echo routed the request to, "" if the document
// does not have it.
func (c *Contract) OperationID(ec echo.Context) string {
	if op := c.operation(ec); op != nil {
		return op.id
	}
	return ""
}

// Authenticate checks only the credentials of a request, as Middleware does. It is for middleware outside of
// Middleware that needs the principal. It returns nil, nil if the request belongs to no operation or the
// operation requires no credentials.
func (c *Contract) Authenticate(ctx context.Context, ec echo.Context) (principal any, err error) {
	if op := c.operation(ec); op != nil {
		return op.security.authenticate(ctx, ec.Request())
	}
	return nil, nil
}

// CheckRoutes compares the routes of echo with the document. It returns an error if an operation has no
// route, or if a route below the base path has no operation: Middleware would not check its requests.
func (c *Contract) CheckRoutes(routes []*echo.Route) error {
	routed := map[*operation]bool{}
	for _, r := range routes {
		if op := c.operations[r.Path][r.Method]; op != nil {
			routed[op] = true
			continue
		}
		if r.Path == c.basePath || strings.HasPrefix(r.Path, c.basePath+"/") {
			return fmt.Errorf("contract: the document has no operation for the route %s %s: add the operation, or move the route out of %s", r.Method, r.Path, c.basePath)
		}
	}
	for _, path := range sortedKeys(c.operations) {
		for _, method := range sortedKeys(c.operations[path]) {
			if op := c.operations[path][method]; !routed[op] {
				return fmt.Errorf("contract: the operation %s has no route: register a handler for %s %s", op.id, method, path)
			}
		}
	}
	return nil
}

// FailureBody returns the JSON body of the document's default response with sentence as its message. It is
// for failures that this package does not check. The response is the one of the operation that echo routed
// ec to, else the one of the document's first operation. ec may be nil.
func (c *Contract) FailureBody(ec echo.Context, sentence string) []byte {
	if ec != nil {
		if op := c.operation(ec); op != nil {
			return op.failure.body(sentence)
		}
	}
	return c.failure.body(sentence)
}

// operation returns the operation that echo routed the request to, nil if there is none.
func (c *Contract) operation(ec echo.Context) *operation {
	return c.operations[ec.Path()][ec.Request().Method]
}

// documentError is an error at a place in the document.
func documentError(place, format string, args ...any) error {
	return fmt.Errorf("contract: %s: "+format, append([]any{place}, args...)...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
