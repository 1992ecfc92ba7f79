package contract

import (
	"errors"
	"net/http"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// operation is the plan of one operation: everything about it that the document decides.
type operation struct {
	id         string
	prefer     *preferences // nil: the header Prefer is not looked at
	security   *security    // nil: asks for no credentials
	parameters *parameters  // nil: has none
	body       *body        // nil: has none
	answers    *answers
	unexpected *failure
	settings   *settings
}

// maxStale is how long ago credentials may have been accepted when a request has arrived whole. A body
// can take its time, and what was accepted before it may have been taken away since: then they are looked
// at again.
const maxStale = 100 * time.Millisecond

// serve checks a request in the order that it is answered in: credentials, parameters, body. Then
// the handler runs, and its answer is checked. A request that prefers an example gets that instead.
func (op *operation) serve(ec echo.Context, next echo.HandlerFunc) error {
	if op.prefer != nil {
		if done, err := op.prefer.serve(ec); done || err != nil {
			return err
		}
	}
	ctx := newRequestContext(ec.Request().Context(), op.settings.timeLimit)
	defer ctx.release()
	if op.security != nil {
		var err error
		if ctx.principal, err = op.security.check(ctx, ec.Request()); err != nil {
			if ctx.principal != nil { // for who looks at the request afterwards
				ec.SetRequest(ec.Request().WithContext(ctx))
			}
			return err
		}
	}
	ec.SetRequest(ec.Request().WithContext(ctx))
	if op.parameters != nil {
		if err := op.parameters.check(ec); err != nil {
			return err
		}
	}
	if op.body != nil {
		left := time.Until(ctx.deadline)
		if err := op.body.read(ec.Request(), &ctx.body); err != nil {
			return err
		}
		if op.security != nil && left-time.Until(ctx.deadline) > maxStale {
			var err error
			if ctx.principal, err = op.security.check(ctx, ec.Request()); err != nil {
				return err
			}
		}
	}
	err := op.answers.serve(ec, next, op.settings)
	if err != nil && op.parameters != nil {
		var refused *echo.HTTPError
		if errors.As(err, &refused) && refused.Code == http.StatusBadRequest {
			return op.parameters.unbound(err) // by the generated server, which answers in words of its own
		}
	}
	return err
}

func compileOperation(doc *openapi3.T, settings settings, path, method string, item *openapi3.PathItem) (*operation, error) {
	declared := item.Operations()[method]
	place := "paths." + path + "." + method
	if declared.OperationID == "" {
		return nil, placed(place, "there is no operationId")
	}
	if declared.Servers != nil && len(*declared.Servers) > 0 {
		return nil, placed(place, "servers of its own cannot be routed")
	}
	f := &failures{operation: declared, place: place, byStatus: map[string]*failure{}}
	op := &operation{id: declared.OperationID, settings: &settings}
	var err error
	if op.unexpected, err = f.find(500); err != nil {
		return nil, err
	}
	if op.unexpected.codes != nil {
		return nil, placed(op.unexpected.place, "an unexpected failure is answered with a sentence, but the codes are closed")
	}
	if op.security, err = compileSecurity(doc, declared, place, settings.authenticator); err != nil {
		return nil, err
	}
	if op.security != nil {
		if err := op.security.compileAnswers(f); err != nil {
			return nil, err
		}
	}
	if op.parameters, err = compileParameters(item, declared, place, f); err != nil {
		return nil, err
	}
	if declared.RequestBody != nil {
		if op.body, err = compileBody(declared.RequestBody.Value, place+".requestBody", settings.maxBody, settings.bodies, f); err != nil {
			return nil, err
		}
	}
	if op.answers, err = compileAnswers(declared, place, settings); err != nil {
		return nil, err
	}
	if settings.prefer {
		if op.prefer, err = compilePreferences(declared, place, f, op.unexpected, settings.maxBody); err != nil {
			return nil, err
		}
	}
	return op, f.finish()
}
