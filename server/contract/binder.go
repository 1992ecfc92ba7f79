package contract

import (
	"errors"
	"io"

	"github.com/labstack/echo/v4"
	"github.com/oapi-codegen/runtime"
)

// Binder is an echo.Binder that gives handlers the JSON value that Middleware checked. The generated server
// needs it: echo's own binder would decode the body again, by other rules.
type Binder struct{}

// Bind sets target, a pointer to a generated type, to the checked body of the request. It returns io.EOF if an
// optional body is absent, an *Error if the value does not fit the type, and another error if Middleware
// has not checked the body as JSON.
func (Binder) Bind(target any, ec echo.Context) error {
	body, ok := ec.Request().Body.(*decodedBody)
	if !ok {
		return errors.New("contract: Bind: the body was not checked as JSON: register Contract.Middleware for this route")
	}
	if body.absent {
		return io.EOF
	}
	if fastBind(body.text, target) {
		return nil
	}
	value, err := body.value, error(nil)
	if body.text != nil {
		value, err = decode(body.text, body.shape)
	}
	if err == nil {
		err = runtime.BindJSONValue(value, target)
	}
	if err != nil {
		return body.unbindable.with(err)
	}
	return nil
}
