package contract

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// validator validates values against one schema: first the integers, then everything else by kin-openapi.
type validator struct {
	schema   *openapi3.Schema
	integers *integerCheck
	options  []openapi3.SchemaValidationOption
	fast     *fastSchema // nil if the schema is not plain
}

// compileValidator prepares a validator. direction is openapi3.VisitAsRequest or VisitAsResponse.
func compileValidator(s *openapi3.Schema, place string, direction openapi3.SchemaValidationOption) (*validator, error) {
	integers, err := compileIntegers(s, place)
	if err != nil {
		return nil, err
	}
	options := []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails(), direction}
	return &validator{schema: s, integers: integers, options: options, fast: compileFast(s, map[*openapi3.Schema]*fastSchema{})}, nil
}

// violation is the part of a value that its schema does not allow.
type violation struct {
	schema  *openapi3.Schema
	keyword string
	member  string // the name of the missing member, if keyword is required
	path    []string
}

// below prepends the name of the member or the index of the item that contains the violation.
func (v *violation) below(name string) *violation {
	v.path = append([]string{name}, v.path...)
	return v
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer returns the JSON Pointer (RFC 6901) to the violation.
func (v *violation) pointer() string {
	var b strings.Builder
	for _, step := range v.path {
		b.WriteString("/" + pointerEscapes.Replace(step))
	}
	return b.String()
}

// validate returns the first violation in value. Both results are nil if the schema allows the value. An error
// without a violation is one of kin-openapi that names no keyword.
func (v *validator) validate(value any) (*violation, error) {
	if found := v.integers.check(v.schema, value, v.options); found != nil {
		return found, nil
	}
	if err := v.schema.VisitJSON(value, v.options...); err != nil {
		return fromSchemaError(err), err
	}
	return nil, nil
}

// fromSchemaError returns the violation that an error of kin-openapi reports, nil if it reports none.
func fromSchemaError(err error) *violation {
	var found *openapi3.SchemaError
	if !errors.As(err, &found) {
		return nil
	}
	for found.SchemaField == "allOf" && found.Origin != nil {
		var inner *openapi3.SchemaError
		if !errors.As(found.Origin, &inner) {
			break
		}
		found = inner
	}
	v := &violation{schema: found.Schema, keyword: found.SchemaField, path: found.JSONPointer()}
	switch v.keyword {
	case keyRequired:
		if len(v.path) > 0 {
			v.member = v.path[len(v.path)-1]
		}
	case "properties":
		v.keyword = "additionalProperties"
	}
	return v
}

// requestSchema validates a part of a request, and knows the error for each violation.
type requestSchema struct {
	*validator
	in       string // the part of the request
	invalid  string // the code of keywords without a code of their own
	errors   map[check]*Error
	fallback *Error
}

// check identifies what can fail in a schema.
type check struct {
	schema          *openapi3.Schema
	keyword, member string
}

// compileRequestSchema prepares the errors for every keyword that can fail in s and inside it. in names the body or
// the parameter of the schema, and outer are its codes.
func compileRequestSchema(s *openapi3.Schema, place, in string, outer errorCodes, responses *errorResponses) (*requestSchema, error) {
	v, err := compileValidator(s, place, openapi3.VisitAsRequest())
	if err != nil {
		return nil, err
	}
	r := &requestSchema{validator: v, in: in, invalid: outer[keyInvalid], errors: map[check]*Error{}}
	r.fallback, err = responses.prepare(Error{Status: http.StatusBadRequest, Code: outer.first(keyInvalid, keyUnreadable), In: in, Keyword: keyInvalid}, "The "+in+" is not valid.", place)
	if err != nil {
		return nil, err
	}
	return r, r.prepare(s, place, responses, map[*openapi3.Schema]bool{})
}

// prepare prepares the errors of s and of the schemas inside it.
func (r *requestSchema) prepare(s *openapi3.Schema, place string, responses *errorResponses, seen map[*openapi3.Schema]bool) error {
	if seen[s] {
		return nil
	}
	seen[s] = true
	codes, _, err := readCodes(s.Extensions, place, schemaKeys...)
	if err != nil {
		return err
	}
	response, err := responses.find(http.StatusBadRequest)
	if err != nil {
		return err
	}
	for _, key := range sortedKeys(codes) { // also the codes of keywords that the schema does not use
		if err := response.checkCode(codes[key], key, place); err != nil {
			return err
		}
	}
	for _, keyword := range keywords(s) {
		code := codes.first(append([]string{keyword}, substitutes[keyword]...)...)
		if err := r.prepareCheck(check{s, keyword, ""}, code, place, responses); err != nil {
			return err
		}
	}
	for _, name := range s.Required {
		var own errorCodes
		if property := s.Properties[name]; property != nil {
			if own, _, err = readCodes(property.Value.Extensions, place+".properties."+name, schemaKeys...); err != nil {
				return err
			}
		}
		code := own.first(keyRequired)
		if code == "" {
			code = codes[keyRequired]
		}
		if err := r.prepareCheck(check{s, keyRequired, name}, code, place, responses); err != nil {
			return err
		}
	}
	for _, sub := range subschemas(s) {
		if sub.step == ".anyOf" || sub.step == ".oneOf" || sub.step == ".not" {
			continue // a violation inside is reported as one of this keyword
		}
		if err := r.prepare(sub.schema, place+sub.step, responses, seen); err != nil {
			return err
		}
	}
	return nil
}

func (r *requestSchema) prepareCheck(c check, code, place string, responses *errorResponses) error {
	if code == "" {
		code = r.invalid
	}
	sentence := "The " + r.in + " does not satisfy the keyword " + c.keyword + " of its schema."
	e, err := responses.prepare(Error{Status: http.StatusBadRequest, Code: code, In: r.in, Keyword: c.keyword}, sentence, place)
	r.errors[c] = e
	return err
}

// check returns an *Error if the schema does not allow value.
func (r *requestSchema) check(value any) error {
	v, err := r.validate(value)
	if v == nil && err == nil {
		return nil
	}
	return r.error(v, err)
}

// error returns the error for a violation. v may be nil.
func (r *requestSchema) error(v *violation, cause error) *Error {
	if v == nil {
		return r.fallback.with(cause)
	}
	prepared := r.errors[check{v.schema, v.keyword, v.member}]
	if prepared == nil {
		prepared = r.fallback
	}
	e := prepared.with(cause)
	e.Keyword, e.Pointer = v.keyword, v.pointer()
	return e
}

// substitutes are the keywords whose codes also apply to one that has no code.
var substitutes = map[string][]string{
	"nullable":         {"type"},
	"format":           {"type"},
	"exclusiveMinimum": {"minimum"},
	"exclusiveMaximum": {"maximum"},
}

// schemaKeys are the keys of x-error-codes on a schema.
var schemaKeys = append(sortedKeys(canFail(&openapi3.Schema{})), keyRequired)

// keywords returns the keywords of s that can fail, without required.
func keywords(s *openapi3.Schema) []string {
	all := canFail(s)
	return slices.DeleteFunc(sortedKeys(all), func(keyword string) bool { return !all[keyword] })
}

// canFail reports for every keyword except required whether a value can fail it.
func canFail(s *openapi3.Schema) map[string]bool {
	return map[string]bool{
		"type":                 !s.Type.IsEmpty(),
		"nullable":             !s.Nullable,
		"enum":                 len(s.Enum) > 0,
		"not":                  s.Not != nil,
		"oneOf":                len(s.OneOf) > 0,
		"anyOf":                len(s.AnyOf) > 0,
		"discriminator":        s.Discriminator != nil,
		"format":               isKnownFormat(s.Format),
		"minimum":              s.Min != nil,
		"exclusiveMinimum":     s.Min != nil && s.ExclusiveMin.IsTrue(),
		"maximum":              s.Max != nil,
		"exclusiveMaximum":     s.Max != nil && s.ExclusiveMax.IsTrue(),
		"multipleOf":           s.MultipleOf != nil,
		"minLength":            s.MinLength > 0,
		"maxLength":            s.MaxLength != nil,
		"pattern":              s.Pattern != "",
		"minItems":             s.MinItems > 0,
		"maxItems":             s.MaxItems != nil,
		"uniqueItems":          s.UniqueItems,
		"minProperties":        s.MinProps > 0,
		"maxProperties":        s.MaxProps != nil,
		"additionalProperties": s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has,
		"readOnly":             s.ReadOnly,
	}
}

// isKnownFormat reports whether kin-openapi checks the format.
func isKnownFormat(format string) bool {
	return openapi3.SchemaStringFormats[format] != nil || openapi3.SchemaNumberFormats[format] != nil || openapi3.SchemaIntegerFormats[format] != nil
}

// subschema is a schema directly inside another one, with the step that leads to it in the document.
type subschema struct {
	step   string
	schema *openapi3.Schema
}

func subschemas(s *openapi3.Schema) []subschema {
	var list []subschema
	add := func(step string, refs ...*openapi3.SchemaRef) {
		for _, ref := range refs {
			if ref != nil && ref.Value != nil {
				list = append(list, subschema{step, ref.Value})
			}
		}
	}
	for _, name := range sortedKeys(s.Properties) {
		add(".properties."+name, s.Properties[name])
	}
	add(".items", s.Items)
	add(".additionalProperties", s.AdditionalProperties.Schema)
	add(".not", s.Not)
	add(".allOf", s.AllOf...)
	add(".anyOf", s.AnyOf...)
	add(".oneOf", s.OneOf...)
	return list
}
