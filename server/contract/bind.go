package contract

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/oapi-codegen/runtime"
)

// Binder hands handlers the value that was validated. It is an echo.Binder, and the one that the
// generated server needs: with echo's own, a body could be decoded a second time, and differently.
type Binder struct{}

// Bind sets target, a pointer to a generated type, from the validated body of the request. It
// returns io.EOF when an optional body is absent, an *Error when the value does not fit the type,
// and another error when no operation of the document guards the request, or when it is over. It is for the
// handler, and must not be called beside it.
func (Binder) Bind(target any, ec echo.Context) error {
	c, ok := ec.Request().Body.(*content)
	if !ok {
		return errors.New("contract: the body was not validated as JSON: no operation of the document guards this request")
	}
	if c.released {
		return errors.New("contract: the request is over, and its body with it")
	}
	if c.absent {
		return io.EOF
	}
	if members, ok := c.value.(map[string]any); ok && c.plain.bind(members, target) {
		return nil
	}
	if err := runtime.BindJSONValue(c.value, target); err != nil {
		return because(c.unbindable, err)
	}
	return nil
}

// plainType is the type that a body is bound to, where it is a struct of integers, strings and booleans
// alone. It binds as runtime.BindJSONValue does, and quicker: what it is not sure of, that binds.
type plainType struct {
	once   sync.Once
	target reflect.Type // a pointer to the struct, as the first handler has it
	fields []plainField // nil: it has others
}

// plainField is a field of a plainType, and the member that it is set from.
type plainField struct {
	name  string
	index int
}

// bind reports whether it has set target. If it has not, target is as it was.
func (p *plainType) bind(members map[string]any, target any) bool {
	p.once.Do(func() { p.compile(reflect.TypeOf(target)) })
	v := reflect.ValueOf(target)
	if p.fields == nil || !v.IsValid() || v.Type() != p.target || v.IsNil() || !v.Elem().IsZero() {
		return false
	}
	for _, f := range p.fields {
		value, there := members[f.name]
		if there && !setPlain(v.Elem().Field(f.index), value) {
			v.Elem().SetZero()
			return false
		}
	}
	return true
}

// setPlain reports whether it has set a field to a value that decode has made.
func setPlain(field reflect.Value, value any) bool {
	switch value := value.(type) {
	case json.Number:
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || !field.CanInt() || field.OverflowInt(n) {
			return false
		}
		field.SetInt(n)
		return true
	case string:
		if field.Kind() == reflect.String {
			field.SetString(value)
			return true
		}
	case bool:
		if field.Kind() == reflect.Bool {
			field.SetBool(value)
			return true
		}
	}
	return false
}

func (p *plainType) compile(target reflect.Type) {
	if target == nil || target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct || target.NumMethod() > 0 {
		return
	}
	names := map[string]bool{}
	var fields []plainField
	for i := range target.Elem().NumField() {
		f := target.Elem().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || strings.ContainsFunc(name, odd) || name == "" || names[name] || strings.Contains(options, "string") || !isPlain(f.Type) {
			return
		}
		names[name] = true
		fields = append(fields, plainField{name, i})
	}
	p.target, p.fields = target, fields
}

// odd reports whether a name with c in it may be none to package json: it has rules of its own.
func odd(c rune) bool {
	return c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

// isPlain reports whether values of t are set as they are: t has no methods, which may say otherwise.
func isPlain(t reflect.Type) bool {
	if t.PkgPath() != "" { // it is not one of the language's own
		return false
	}
	switch t.Kind() { //nolint:exhaustive // all others are not
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.String, reflect.Bool:
		return true
	}
	return false
}
