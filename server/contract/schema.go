package contract

import (
	"errors"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// schema is a compiled schema of a request: kin-openapi's validation, the exact integers, and what
// each failure is answered with.
type schema struct {
	checker
	answers  map[cause]*Error
	fallback *Error
}

// cause is what a failure is looked up by.
type cause struct {
	schema          *openapi3.Schema
	keyword, member string
}

// compileSchema prepares the answers for every keyword that can fail in s or below. in and general
// say, of the body or parameter that s is the schema of, its name and its x-error-codes.
func compileSchema(s *openapi3.Schema, place, in string, general map[string]string, f *failures) (*schema, error) {
	checker, err := compileChecker(s, place, openapi3.VisitAsRequest())
	if err != nil {
		return nil, err
	}
	compiled := &schema{checker: checker, answers: map[cause]*Error{}}
	compiled.fallback, err = f.answer(400, firstCode(general, "invalid", "unreadable"), in, "invalid", "The "+in+" is not valid.", place)
	if err != nil {
		return nil, err
	}
	seen := map[*openapi3.Schema]bool{}
	var walk func(s *openapi3.Schema, place string) error
	walk = func(s *openapi3.Schema, place string) error {
		if seen[s] {
			return nil
		}
		seen[s] = true
		codes, _, err := readCodes(s.Extensions, place)
		if err != nil {
			return err
		}
		for key, code := range codes {
			if template, err := f.find(400); err == nil && template.codes != nil && !slices.Contains(template.codes, code) {
				return placed(place+"."+extension, "%q maps to %q, which is not in the enum of the answer 400 (%s)", key, code, template.place)
			}
		}
		register := func(c cause, code string) error {
			answer, err := f.answer(400, code, in, c.keyword, sentence(in, c.keyword), place)
			compiled.answers[c] = answer
			return err
		}
		for _, keyword := range keywords(s) {
			code := codes[keyword]
			for _, other := range alike[keyword] {
				if code == "" {
					code = codes[other]
				}
			}
			if code == "" {
				code = general["invalid"]
			}
			if err := register(cause{s, keyword, ""}, code); err != nil {
				return err
			}
		}
		for _, name := range s.Required {
			var own map[string]string
			if property := s.Properties[name]; property != nil {
				if own, _, err = readCodes(property.Value.Extensions, place+".properties."+name); err != nil {
					return err
				}
			}
			code := firstCode(own, "required")
			if code == "" {
				code = firstCode(codes, "required")
			}
			if code == "" {
				code = general["invalid"]
			}
			if err := register(cause{s, "required", name}, code); err != nil {
				return err
			}
		}
		for _, c := range children(s) {
			if c.step == ".anyOf" || c.step == ".oneOf" || c.step == ".not" {
				continue // a failure inside is reported as the keyword's own
			}
			if err := walk(c.schema, place+c.step); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(s, place); err != nil {
		return nil, err
	}
	return compiled, nil
}

// check returns the answer for a value that the schema does not allow, nil for one that it does.
func (s *schema) check(value any) *Error {
	f, err := s.find(value)
	if f == nil && err == nil {
		return nil
	}
	return s.answer(f, err)
}

// answer turns a finding into the answer that the document has for it.
func (s *schema) answer(f *finding, err error) *Error {
	template := s.fallback
	if f != nil {
		if known := s.answers[cause{f.schema, f.keyword, f.member}]; known != nil {
			template = known
		}
	}
	answer := *template
	answer.Cause = err
	if f != nil {
		answer.Keyword = f.keyword
		answer.Pointer = pointer(f.pointer)
	}
	return &answer
}

// checker validates values against one schema.
type checker struct {
	schema  *openapi3.Schema
	options []openapi3.SchemaValidationOption
	exact   *exact
	glance  *glance // nil: the schema is not plain
	names   *shape  // keeps everything
}

func compileChecker(s *openapi3.Schema, place string, direction openapi3.SchemaValidationOption) (checker, error) {
	exact, err := compileExact(s, place)
	if err != nil {
		return checker{}, err
	}
	c := checker{schema: s, exact: exact, glance: compileGlance(s, map[*openapi3.Schema]*glance{}), options: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()}}
	c.names = &shape{}
	for name := range s.Properties {
		c.names.addMember(member{name: name})
	}
	if directed(s, map[*openapi3.Schema]bool{}) {
		c.options = append(c.options, direction)
	}
	return c, nil
}

// find returns what is wrong with a value. Both results are nil when nothing is; an error without a
// finding is one that no keyword explains.
func (c *checker) find(value any) (*finding, error) {
	if c.glance != nil && c.glance.holds(value) {
		return nil, nil
	}
	if f := c.exact.check(c.schema, value, c.options); f != nil {
		return f, nil
	}
	err := c.schema.VisitJSON(value, c.options...)
	if err == nil {
		return nil, nil
	}
	return fromSchemaError(err), err
}

// fromSchemaError finds the keyword and the place that an error of kin-openapi is about, nil when it
// is about none.
func fromSchemaError(err error) *finding {
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
	f := &finding{schema: found.Schema, keyword: found.SchemaField, pointer: found.JSONPointer()}
	switch f.keyword {
	case "required":
		if len(f.pointer) > 0 {
			f.member = f.pointer[len(f.pointer)-1]
		}
	case "properties":
		f.keyword = "additionalProperties"
	}
	return f
}

// alike are the keywords whose codes stand in for one that has none of its own.
var alike = map[string][]string{
	"nullable":         {"type"},
	"format":           {"type"},
	"exclusiveMinimum": {"minimum"},
	"exclusiveMaximum": {"maximum"},
}

// keywords are those of s that a value can fail, other than required. An integer can fail its type
// and a typed value its nullability; a string's format only where kin-openapi knows it.
func keywords(s *openapi3.Schema) []string {
	var list []string
	add := func(keyword string, there bool) {
		if there {
			list = append(list, keyword)
		}
	}
	typed := !s.Type.IsEmpty()
	add("type", typed)
	add("nullable", !s.Nullable)
	add("enum", len(s.Enum) > 0)
	add("not", s.Not != nil)
	add("oneOf", len(s.OneOf) > 0)
	add("anyOf", len(s.AnyOf) > 0)
	add("discriminator", s.Discriminator != nil)
	add("format", s.Format != "" && (openapi3.SchemaStringFormats[s.Format] != nil || openapi3.SchemaNumberFormats[s.Format] != nil || openapi3.SchemaIntegerFormats[s.Format] != nil))
	add("minimum", s.Min != nil)
	add("exclusiveMinimum", s.Min != nil && s.ExclusiveMin.IsTrue())
	add("maximum", s.Max != nil)
	add("exclusiveMaximum", s.Max != nil && s.ExclusiveMax.IsTrue())
	add("multipleOf", s.MultipleOf != nil)
	add("minLength", s.MinLength > 0)
	add("maxLength", s.MaxLength != nil)
	add("pattern", s.Pattern != "")
	add("minItems", s.MinItems > 0)
	add("maxItems", s.MaxItems != nil)
	add("uniqueItems", s.UniqueItems)
	add("minProperties", s.MinProps > 0)
	add("maxProperties", s.MaxProps != nil)
	add("additionalProperties", s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has)
	add("readOnly", s.ReadOnly)
	return list
}

// directed says whether s distinguishes requests from answers.
func directed(s *openapi3.Schema, seen map[*openapi3.Schema]bool) bool {
	if seen[s] {
		return false
	}
	seen[s] = true
	if s.ReadOnly || s.WriteOnly {
		return true
	}
	for _, c := range children(s) {
		if directed(c.schema, seen) {
			return true
		}
	}
	return false
}

func firstCode(codes map[string]string, keys ...string) string {
	for _, key := range keys {
		if codes[key] != "" {
			return codes[key]
		}
	}
	return ""
}

// sentence is the text of an answer that has no code.
func sentence(in, keyword string) string {
	return "The " + in + " does not satisfy the keyword " + keyword + " of its schema."
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes a path as a JSON Pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteByte('/')
		b.WriteString(pointerEscapes.Replace(step))
	}
	return b.String()
}
