// Package contract compiles an OpenAPI 3.0 document into one check for each operation and puts it
// before the operation's handler, as an echo middleware: credentials, media type, a bounded and
// strict body, parameters, schemas, and the answer on its way out. Whatever fails is answered as
// the document says, with the error codes that its x-error-codes extensions map.
//
// What the document asks for and this package cannot enforce, Compile refuses: nothing is served
// half guarded. The package knows no particular document.
package contract

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// Contract is a compiled document. It is safe for concurrent use.
type Contract struct {
	basePath   string
	operations map[string]methods // by the path that echo routes
	fallback   *failure
	unreadable *Error // nil: no operation has a body
	settings   settings
}

// methods are the operations of one path, by their methods.
type methods map[string]*operation

// Compile checks doc and prepares everything that depends on it alone. It returns an error that
// names the place in the document when doc is not OpenAPI 3.0, is not valid, asks for something
// that cannot be enforced (cookie, OAuth or OpenID credentials, an integer limit past 2^53, a media
// type that nothing decodes), lets a check fail without a documented answer, or maps a code that
// the answer's enum does not hold.
//
// doc must not be changed afterwards.
func Compile(doc *openapi3.T, options ...Option) (*Contract, error) {
	if doc == nil {
		return nil, errors.New("contract: no document")
	}
	c := &Contract{operations: map[string]methods{}, settings: defaultSettings()}
	for _, option := range options {
		option(&c.settings)
	}
	if err := c.settings.validate(); err != nil {
		return nil, err
	}
	c.settings.checkers = map[*openapi3.Schema]*checker{}
	c.settings.bodies = &budget{max: max(c.settings.maxBodies, c.settings.maxBody+1)}
	if !strings.HasPrefix(doc.OpenAPI, "3.0.") {
		return nil, placed("openapi", "version %q is not supported, only 3.0.x is", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("contract: the document is not valid: %w", err)
	}
	base, err := doc.Servers.BasePath()
	if err != nil {
		return nil, placed("servers", "the address is not a URL: %v", err)
	}
	c.basePath = strings.TrimSuffix(base, "/")

	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		if len(item.Servers) > 0 {
			return nil, placed("paths."+path, "servers of its own cannot be routed")
		}
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op, err := compileOperation(doc, c.settings, path, method, item)
			if err != nil {
				return nil, err
			}
			of := c.basePath + echoPath(path)
			if c.operations[of] == nil {
				c.operations[of] = methods{}
			}
			c.operations[of][method] = op
			if c.fallback == nil {
				c.fallback = op.unexpected
			}
			if c.unreadable == nil && op.body != nil {
				c.unreadable = op.body.unreadable
			}
		}
	}
	if len(c.operations) == 0 {
		return nil, placed("paths", "there is no operation")
	}
	return c, nil
}

// BasePath is the path of the document's first server, without a slash at its end. The operations'
// routes begin with it.
func (c *Contract) BasePath() string { return c.basePath }

// Middleware guards the operations. It finds an operation by its method and by the route that echo
// has already chosen, and lets every other request pass. Give it to echo.Echo.Use, and its routes to
// CheckRoutes.
func (c *Contract) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		op := c.operations[ec.Path()][ec.Request().Method]
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

// RequestError returns the error that Middleware has refused a request with, nil when it has not. It is
// for a middleware around it, such as an access log, also where another one between them has turned the
// error into a response.
func RequestError(ec echo.Context) *Error {
	refused, _ := ec.Get(errorKey).(*Error)
	return refused
}

// Operation returns the operationId of the operation that echo has routed a request to, "" when it is
// none of the document's.
func (c *Contract) Operation(ec echo.Context) string {
	if op := c.operations[ec.Path()][ec.Request().Method]; op != nil {
		return op.id
	}
	return ""
}

// Authenticate decides on the credentials of a request that echo has routed to an operation, as its
// Middleware does, and looks at nothing else. It is for a middleware before that one which must know
// whose request it is. It returns nil for an operation that asks for no credentials, and for what is no
// operation.
func (c *Contract) Authenticate(ctx context.Context, ec echo.Context) (principal any, err error) {
	op := c.operations[ec.Path()][ec.Request().Method]
	if op == nil || op.security == nil {
		return nil, nil
	}
	return op.security.check(ctx, ec.Request())
}

// CheckRoutes compares echo's routes with the document and returns an error when an operation has
// no route, or a route below the base path has no operation: either would be served unguarded or
// not at all.
func (c *Contract) CheckRoutes(routes []*echo.Route) error {
	found := map[*operation]bool{}
	for _, r := range routes {
		if op := c.operations[r.Path][r.Method]; op != nil {
			found[op] = true
			continue
		}
		if r.Path == c.basePath || strings.HasPrefix(r.Path, c.basePath+"/") {
			return fmt.Errorf("contract: the route %s %s is no operation of the document: it would be served unguarded", r.Method, r.Path)
		}
	}
	for _, path := range sortedKeys(c.operations) {
		for _, method := range sortedKeys(c.operations[path]) {
			if op := c.operations[path][method]; !found[op] {
				return fmt.Errorf("contract: the operation %s of the document has no route %s %s", op.id, method, path)
			}
		}
	}
	return nil
}

// Failure returns the body, in JSON, that the document has for a failure that no check of this
// package found: its default answer, of the operation that ec was routed to where there is one. ec
// may be nil. message is a plain sentence for a person.
func (c *Contract) Failure(ec echo.Context, message string) []byte {
	if ec != nil {
		if op := c.operations[ec.Path()][ec.Request().Method]; op != nil {
			return op.unexpected.body(message)
		}
	}
	return c.fallback.body(message)
}

// Malformed returns the body, in JSON, of a 400 for a request that is not well-formed HTTP, so that no
// operation can be told from it: the answer to a body that cannot be read, of the first operation
// that has one, since the codes of a 400 may be closed. Where none has, it is the default answer with
// message, a plain sentence for a person.
func (c *Contract) Malformed(message string) []byte {
	if c.unreadable != nil {
		return c.unreadable.Body
	}
	return c.fallback.body(message)
}

// echoPath writes an OpenAPI path as echo's router takes it: {id} becomes :id.
func echoPath(path string) string {
	return pathParameter.ReplaceAllString(path, ":$1")
}

// placed is an error about a place in the document.
func placed(place, format string, args ...any) error {
	return fmt.Errorf("contract: %s: "+format, append([]any{place}, args...)...)
}

// settings are the options' values.
type settings struct {
	authenticator Authenticator
	maxBody       int64
	maxBodies     int64
	bodies        *budget                       // of all operations
	checkers      map[*openapi3.Schema]*checker // of answers, by their schemas
	timeLimit     time.Duration
	answers       ResponseCheck
	logger        *slog.Logger
	prefer        bool
}
