package contract

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// exact checks integers by their literals. kin-openapi reads every number as a float64, in which
// 50.0 is an integer and 9007199254740993 is 9007199254740992; and Go's decoders then refuse what it
// let pass. Here an integer is what OpenAPI 3.0 means: no fraction, no exponent, compared by its
// value whatever its length, and held by 64 bits.
type exact struct {
	// below holds the schemas that have an integer in or below them, each with the names of the
	// properties that lead to one, in order: the walk goes nowhere else.
	below map[*openapi3.Schema][]string
}

// maxFloatInteger is 2^53: from there on, a float64 does not hold every integer, so a limit that is
// written in the document may not be the limit that was read.
const maxFloatInteger = 1 << 53

// compileExact prepares the checks of schema, which stands at place. It returns nil when there is no
// integer in it.
func compileExact(schema *openapi3.Schema, place string) (*exact, error) {
	e := &exact{below: map[*openapi3.Schema][]string{}}
	type visit struct {
		schema  *openapi3.Schema
		negated bool
	}
	seen := map[visit]bool{}
	inside := map[*openapi3.Schema][]child{}
	var walk func(s *openapi3.Schema, place string, negated bool) error
	walk = func(s *openapi3.Schema, place string, negated bool) error {
		if seen[visit{s, negated}] {
			return nil
		}
		seen[visit{s, negated}] = true
		if s.Type.Is(openapi3.TypeInteger) {
			if negated {
				return placed(place, "an integer under \"not\" cannot be enforced")
			}
			for _, limit := range limits(s) {
				if math.Abs(limit) >= maxFloatInteger {
					return placed(place, "an integer limit of 2^53 or more cannot be enforced: it is not kept exactly")
				}
			}
			e.below[s] = nil
		}
		inside[s] = children(s)
		for _, c := range inside[s] {
			if err := walk(c.schema, place+c.step, negated || c.step == ".not"); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(schema, place, false); err != nil {
		return nil, err
	}
	for grown := true; grown; {
		grown = false
		for parent, list := range inside {
			if e.reaches(parent) {
				continue
			}
			if slices.ContainsFunc(list, func(c child) bool { return e.reaches(c.schema) }) {
				e.below[parent], grown = nil, true
			}
		}
	}
	if !e.reaches(schema) {
		return nil, nil
	}
	for s := range e.below {
		for _, name := range sortedKeys(s.Properties) {
			if e.reaches(s.Properties[name].Value) {
				e.below[s] = append(e.below[s], name)
			}
		}
	}
	return e, nil
}

func (e *exact) reaches(s *openapi3.Schema) bool {
	_, ok := e.below[s]
	return ok
}

// limits are the numbers that an integer schema compares with.
func limits(s *openapi3.Schema) []float64 {
	var list []float64
	for _, limit := range []*float64{s.Min, s.Max, s.MultipleOf} {
		if limit != nil {
			list = append(list, *limit)
		}
	}
	for _, value := range s.Enum {
		if f, ok := value.(float64); ok {
			list = append(list, f)
		}
	}
	return list
}

// finding is a check that failed: the schema, its keyword, and where in the value.
type finding struct {
	schema  *openapi3.Schema
	keyword string
	member  string // of keyword required: the missing member
	pointer []string
}

// check walks value along schema and returns the first integer that is none or is out of its limits.
func (e *exact) check(schema *openapi3.Schema, value any, options []openapi3.SchemaValidationOption) *finding {
	if e == nil || value == nil {
		return nil
	}
	properties, reached := e.below[schema]
	if !reached {
		return nil
	}
	if number, ok := value.(json.Number); ok && schema.Type.Is(openapi3.TypeInteger) {
		if keyword := checkInteger(schema, string(number)); keyword != "" {
			return &finding{schema: schema, keyword: keyword}
		}
	}
	for _, part := range schema.AllOf {
		if f := e.check(part.Value, value, options); f != nil {
			return f
		}
	}
	if f := e.checkAlternatives(schema, schema.OneOf, "oneOf", value, options); f != nil {
		return f
	}
	if f := e.checkAlternatives(schema, schema.AnyOf, "anyOf", value, options); f != nil {
		return f
	}
	switch value := value.(type) {
	case map[string]any:
		for _, name := range properties {
			if f := e.check(schema.Properties[name].Value, value[name], options); f != nil {
				return f.below(name)
			}
		}
		additional := schema.AdditionalProperties.Schema
		if additional == nil || !e.reaches(additional.Value) {
			return nil
		}
		for _, name := range sortedKeys(value) {
			if schema.Properties[name] != nil {
				continue
			}
			if f := e.check(additional.Value, value[name], options); f != nil {
				return f.below(name)
			}
		}
	case []any:
		if schema.Items == nil {
			return nil
		}
		for i, item := range value {
			if f := e.check(schema.Items.Value, item, options); f != nil {
				return f.below(strconv.Itoa(i))
			}
		}
	}
	return nil
}

// checkAlternatives finds values that kin-openapi lets pass by an alternative that only takes them
// because 50.0 is an integer to it. What no alternative takes at all is left to kin-openapi.
func (e *exact) checkAlternatives(schema *openapi3.Schema, alternatives openapi3.SchemaRefs, keyword string, value any, options []openapi3.SchemaValidationOption) *finding {
	loose, strict := 0, 0
	for _, alternative := range alternatives {
		if alternative.Value.VisitJSON(value, options...) != nil {
			continue
		}
		loose++
		if e.check(alternative.Value, value, options) == nil {
			strict++
		}
	}
	if loose > 0 && strict == 0 {
		return &finding{schema: schema, keyword: keyword}
	}
	return nil
}

// below says that the finding is in the member or item name of a value.
func (f *finding) below(name string) *finding {
	f.pointer = append([]string{name}, f.pointer...)
	return f
}

// checkInteger returns the keyword that literal, a well-formed JSON number, fails, or "". It does no
// arithmetic on literals of any length: one of a million digits costs as much as one of twenty.
func checkInteger(schema *openapi3.Schema, literal string) string {
	if strings.ContainsAny(literal, ".eE") {
		return "type"
	}
	n, err := strconv.ParseInt(literal, 10, 64)
	if err == nil && -maxFloatInteger < n && n < maxFloatInteger {
		return checkLimits(schema, float64(n)) // which holds it exactly
	}
	// It is past 2^53, below which all limits are.
	negative := literal[0] == '-'
	switch {
	case schema.Min != nil && negative:
		return "minimum"
	case schema.Max != nil && !negative:
		return "maximum"
	case len(schema.Enum) > 0:
		return "enum"
	case err != nil || schema.Format == "int32":
		return "type"
	case schema.MultipleOf != nil:
		factor := new(big.Rat).SetFloat64(*schema.MultipleOf)
		if !factor.Quo(new(big.Rat).SetInt64(n), factor).IsInt() {
			return "multipleOf"
		}
	}
	return ""
}

// checkLimits compares an integer with its limits, in kin-openapi's order. It finds out at less cost what
// kin-openapi would; where other keywords come first, that is left to it.
func checkLimits(schema *openapi3.Schema, value float64) (keyword string) {
	if schema.Format != "" || len(schema.Enum) > 0 {
		return ""
	}
	least, most := schema.Min, schema.Max
	switch {
	case least != nil && schema.ExclusiveMin.IsTrue() && value <= *least:
		return "exclusiveMinimum"
	case most != nil && schema.ExclusiveMax.IsTrue() && value >= *most:
		return "exclusiveMaximum"
	case least != nil && value < *least:
		return "minimum"
	case most != nil && value > *most:
		return "maximum"
	}
	return ""
}

// child is a schema inside a schema, and the step that leads to it in the document.
type child struct {
	step   string
	schema *openapi3.Schema
}

func children(s *openapi3.Schema) []child {
	var list []child
	add := func(step string, ref *openapi3.SchemaRef) {
		if ref != nil && ref.Value != nil {
			list = append(list, child{step, ref.Value})
		}
	}
	for _, name := range sortedKeys(s.Properties) {
		add(".properties."+name, s.Properties[name])
	}
	add(".items", s.Items)
	add(".additionalProperties", s.AdditionalProperties.Schema)
	add(".not", s.Not)
	for _, ref := range s.AllOf {
		add(".allOf", ref)
	}
	for _, ref := range s.AnyOf {
		add(".anyOf", ref)
	}
	for _, ref := range s.OneOf {
		add(".oneOf", ref)
	}
	return list
}
