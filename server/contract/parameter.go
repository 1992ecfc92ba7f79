package contract

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
)

// parameters are an operation's path, query, header and cookie parameters.
type parameters struct {
	list    []parameter
	names   []string // of the path's
	options openapi3filter.Options
}

type parameter struct {
	declared *openapi3.Parameter
	schema   *schema
	missing  *Error
	invalid  *Error
}

func compileParameters(item *openapi3.PathItem, op *openapi3.Operation, place string, f *failures) (*parameters, error) {
	p := &parameters{options: openapi3filter.Options{
		SkipSettingDefaults:     true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
	}}
	declared := openapi3.Parameters{}
	declared = append(declared, op.Parameters...)
	for _, shared := range item.Parameters {
		if op.Parameters.GetByInAndName(shared.Value.In, shared.Value.Name) == nil {
			declared = append(declared, shared)
		}
	}
	for _, ref := range declared {
		compiled, err := compileParameter(ref.Value, place, f)
		if err != nil {
			return nil, err
		}
		p.list = append(p.list, compiled)
		if ref.Value.In == openapi3.ParameterInPath {
			p.names = append(p.names, ref.Value.Name)
		}
	}
	if len(p.list) == 0 {
		return nil, nil
	}
	return p, nil
}

func compileParameter(declared *openapi3.Parameter, place string, f *failures) (parameter, error) {
	in := declared.In + " parameter " + declared.Name
	place += ".parameters." + declared.In + "." + declared.Name
	codes, _, err := readCodes(declared.Extensions, place)
	if err != nil {
		return parameter{}, err
	}
	p := parameter{declared: declared}
	ref := declared.Schema
	for _, name := range sortedKeys(declared.Content) {
		ref = declared.Content[name].Schema
	}
	own := map[string]string{}
	if ref != nil {
		if own, _, err = readCodes(ref.Value.Extensions, place+".schema"); err != nil {
			return p, err
		}
	}
	missing := firstCode(codes, "required", "invalid")
	if missing == "" {
		missing = own["required"]
	}
	if declared.Required {
		if p.missing, err = f.answer(http.StatusBadRequest, missing, in, "required", "The "+in+" is missing.", place); err != nil {
			return p, err
		}
	}
	invalid := firstCode(codes, "invalid")
	if invalid == "" {
		invalid = own["type"]
	}
	if p.invalid, err = f.answer(http.StatusBadRequest, invalid, in, "invalid", "The "+in+" is not valid.", place); err != nil {
		return p, err
	}
	if ref != nil {
		general := map[string]string{"invalid": invalid}
		if p.schema, err = compileSchema(ref.Value, place+".schema", in, general, f); err != nil {
			return p, err
		}
	}
	return p, nil
}

// check returns the answer for the first parameter that the document does not allow.
func (p *parameters) check(ec echo.Context) error {
	r := ec.Request()
	input := &openapi3filter.RequestValidationInput{Request: r, Options: &p.options}
	if len(p.names) > 0 {
		input.PathParams = make(map[string]string, len(p.names))
		for _, name := range p.names {
			value := ec.Param(name)
			if r.URL.RawPath != "" {
				if unescaped, err := url.PathUnescape(value); err == nil {
					value = unescaped
				}
			}
			input.PathParams[name] = value
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	for i := range p.list {
		one := &p.list[i]
		if one.declared.In == openapi3.ParameterInQuery && err != nil {
			return because(one.invalid, err) // half a query string is anyone's guess
		}
		input.QueryParams = query
		if refused := one.check(r, input); refused != nil {
			return refused
		}
	}
	return nil
}

func (p *parameter) check(r *http.Request, input *openapi3filter.RequestValidationInput) *Error {
	if p.ambiguous(r, input.QueryParams) {
		return p.invalid
	}
	err := openapi3filter.ValidateParameter(r.Context(), input, p.declared)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, openapi3filter.ErrInvalidRequired) && p.missing != nil:
		return p.missing
	}
	if found := fromSchemaError(err); found != nil && p.schema != nil {
		return p.schema.answer(found, err)
	}
	return because(p.invalid, err)
}

// ambiguous says whether a parameter that is one value was sent more than once.
func (p *parameter) ambiguous(r *http.Request, query url.Values) bool {
	if p.schema != nil && !p.schema.schema.Type.Is(openapi3.TypeString) && !p.schema.schema.Type.Is(openapi3.TypeInteger) &&
		!p.schema.schema.Type.Is(openapi3.TypeNumber) && !p.schema.schema.Type.Is(openapi3.TypeBoolean) {
		return false
	}
	switch p.declared.In {
	case openapi3.ParameterInQuery:
		return len(query[p.declared.Name]) > 1
	case openapi3.ParameterInHeader:
		return len(r.Header[http.CanonicalHeaderKey(p.declared.Name)]) > 1
	}
	return false
}

// unbound is the answer for a parameter that passed its schema and then did not fit its Go type.
func (p *parameters) unbound(err error) error {
	return because(p.list[0].invalid, err)
}
