package contract

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
)

// parameters are the path, query, header and cookie parameters of an operation. A nil value has none.
type parameters struct {
	list    []parameter
	path    []string // the names of the path parameters
	options openapi3filter.Options
}

type parameter struct {
	declared *openapi3.Parameter
	schema   *requestSchema // nil if the document has no schema
	missing  *Error         // nil if the parameter is optional
	invalid  *Error
}

func compileParameters(item *openapi3.PathItem, op *openapi3.Operation, place string, responses *errorResponses) (*parameters, error) {
	declared := append(openapi3.Parameters{}, op.Parameters...)
	for _, shared := range item.Parameters {
		if op.Parameters.GetByInAndName(shared.Value.In, shared.Value.Name) == nil {
			declared = append(declared, shared)
		}
	}
	if len(declared) == 0 {
		return nil, nil
	}
	p := &parameters{options: openapi3filter.Options{
		SkipSettingDefaults:     true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
	}}
	for _, ref := range declared {
		compiled, err := compileParameter(ref.Value, place, responses)
		if err != nil {
			return nil, err
		}
		p.list = append(p.list, compiled)
		if ref.Value.In == openapi3.ParameterInPath {
			p.path = append(p.path, ref.Value.Name)
		}
	}
	return p, nil
}

func compileParameter(declared *openapi3.Parameter, place string, responses *errorResponses) (parameter, error) {
	p := parameter{declared: declared}
	in := declared.In + " parameter " + declared.Name
	place += ".parameters." + declared.In + "." + declared.Name
	codes, _, err := readCodes(declared.Extensions, place, keyRequired, keyInvalid)
	if err != nil {
		return p, err
	}
	ref := declared.Schema
	for _, name := range sortedKeys(declared.Content) {
		ref = declared.Content[name].Schema
	}
	var own errorCodes
	if ref != nil {
		if own, _, err = readCodes(ref.Value.Extensions, place+".schema", schemaKeys...); err != nil {
			return p, err
		}
	}
	if declared.Required {
		code := codes.first(keyRequired, keyInvalid)
		if code == "" {
			code = own[keyRequired]
		}
		e := Error{Status: http.StatusBadRequest, Code: code, In: in, Keyword: keyRequired}
		if p.missing, err = responses.prepare(e, "The "+in+" is missing.", place); err != nil {
			return p, err
		}
	}
	invalid := codes[keyInvalid]
	if invalid == "" {
		invalid = own["type"]
	}
	e := Error{Status: http.StatusBadRequest, Code: invalid, In: in, Keyword: keyInvalid}
	if p.invalid, err = responses.prepare(e, "The "+in+" is not valid.", place); err != nil {
		return p, err
	}
	if ref != nil {
		p.schema, err = compileRequestSchema(ref.Value, place+".schema", in, errorCodes{keyInvalid: invalid}, responses)
	}
	return p, err
}

// check returns the *Error of the first parameter that the document does not allow.
func (p *parameters) check(ec echo.Context) error {
	if p == nil {
		return nil
	}
	r := ec.Request()
	input := &openapi3filter.RequestValidationInput{Request: r, Options: &p.options, PathParams: map[string]string{}}
	for _, name := range p.path {
		value := ec.Param(name)
		if r.URL.RawPath != "" { // echo has not unescaped the parameters
			if unescaped, err := url.PathUnescape(value); err == nil {
				value = unescaped
			}
		}
		input.PathParams[name] = value
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	input.QueryParams = query
	for i := range p.list {
		one := &p.list[i]
		if one.declared.In == openapi3.ParameterInQuery && err != nil {
			return one.invalid.with(err)
		}
		if refused := one.check(r, input); refused != nil {
			return refused
		}
	}
	return nil
}

func (p *parameter) check(r *http.Request, input *openapi3filter.RequestValidationInput) *Error {
	if p.repeated(r, input.QueryParams) {
		return p.invalid
	}
	err := openapi3filter.ValidateParameter(r.Context(), input, p.declared)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, openapi3filter.ErrInvalidRequired) && p.missing != nil:
		return p.missing
	}
	if v := fromSchemaError(err); v != nil && p.schema != nil {
		return p.schema.error(v, err)
	}
	return p.invalid.with(err)
}

// repeated reports whether the request contains a parameter several times that is a single value: decoders
// disagree on which one counts.
func (p *parameter) repeated(r *http.Request, query url.Values) bool {
	if p.schema != nil {
		types := p.schema.schema.Type
		if !types.Is(openapi3.TypeString) && !types.Is(openapi3.TypeInteger) && !types.Is(openapi3.TypeNumber) && !types.Is(openapi3.TypeBoolean) {
			return false
		}
	}
	switch p.declared.In {
	case openapi3.ParameterInQuery:
		return len(query[p.declared.Name]) > 1
	case openapi3.ParameterInHeader:
		return len(r.Header.Values(p.declared.Name)) > 1
	}
	return false
}

// bindError replaces a 400 of the generated server, which could not convert a parameter to its Go type, by one of
// the document.
func (p *parameters) bindError(err error) error {
	if p == nil {
		return err
	}
	return p.list[0].invalid.with(err)
}
