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

// integerCheck checks integers by their digits. kin-openapi reads every number as a float64, in which 50.0 is an
// integer and 9007199254740993 equals 9007199254740992. Here an integer has no fraction and no exponent, fits in
// 64 bits, and is compared exactly.
type integerCheck struct {
	containing map[*openapi3.Schema]bool // the schemas that are or contain an integer
}

// maxFloatInteger is 2^53. A float64 does not represent every integer from here on, so that a limit of the
// document may have been rounded when it was loaded.
const maxFloatInteger = 1 << 53

// compileIntegers prepares the check for a schema at place. It returns nil if the schema contains no integer.
func compileIntegers(schema *openapi3.Schema, place string) (*integerCheck, error) {
	inner := map[*openapi3.Schema][]subschema{}
	if err := checkLimits(schema, place, false, map[negatable]bool{}, inner); err != nil {
		return nil, err
	}
	c := &integerCheck{containing: map[*openapi3.Schema]bool{}}
	contains := func(s subschema) bool { return c.containing[s.schema] }
	for changed := true; changed; {
		changed = false
		for s, list := range inner {
			if !c.containing[s] && (s.Type.Is(openapi3.TypeInteger) || slices.ContainsFunc(list, contains)) {
				c.containing[s], changed = true, true
			}
		}
	}
	if !c.containing[schema] {
		return nil, nil
	}
	return c, nil
}

// negatable is a schema that may stand below the keyword not.
type negatable struct {
	schema  *openapi3.Schema
	negated bool
}

// checkLimits rejects integers that cannot be checked, in s and inside it, and collects all schemas in inner.
func checkLimits(s *openapi3.Schema, place string, negated bool, seen map[negatable]bool, inner map[*openapi3.Schema][]subschema) error {
	if seen[negatable{s, negated}] {
		return nil
	}
	seen[negatable{s, negated}] = true
	if s.Type.Is(openapi3.TypeInteger) {
		if negated {
			return documentError(place, `an integer below "not" is not supported`)
		}
		for _, limit := range limits(s) {
			if math.Abs(limit) >= maxFloatInteger {
				return documentError(place, "a limit or enum value of an integer must be below 2^53: larger ones are rounded")
			}
		}
	}
	inner[s] = subschemas(s)
	for _, sub := range inner[s] {
		if err := checkLimits(sub.schema, place+sub.step, negated || sub.step == ".not", seen, inner); err != nil {
			return err
		}
	}
	return nil
}

// limits returns the numbers that an integer is compared with.
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

// check returns the violation of the first integer in value that kin-openapi would accept, or would report by
// another keyword. It returns nil if there is none.
func (c *integerCheck) check(schema *openapi3.Schema, value any, options []openapi3.SchemaValidationOption) *violation {
	if c == nil || value == nil || !c.containing[schema] {
		return nil
	}
	if number, ok := value.(json.Number); ok && schema.Type.Is(openapi3.TypeInteger) {
		if keyword := checkInteger(schema, string(number)); keyword != "" {
			return &violation{schema: schema, keyword: keyword}
		}
	}
	for _, part := range schema.AllOf {
		if v := c.check(part.Value, value, options); v != nil {
			return v
		}
	}
	if !c.checkAlternatives(schema.OneOf, value, options) {
		return &violation{schema: schema, keyword: "oneOf"}
	}
	if !c.checkAlternatives(schema.AnyOf, value, options) {
		return &violation{schema: schema, keyword: "anyOf"}
	}
	return c.checkInside(schema, value, options)
}

// checkInside checks the members of an object or the items of an array.
func (c *integerCheck) checkInside(schema *openapi3.Schema, value any, options []openapi3.SchemaValidationOption) *violation {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range sortedKeys(value) {
			member := schema.Properties[name]
			if member == nil {
				member = schema.AdditionalProperties.Schema
			}
			if member == nil {
				continue
			}
			if v := c.check(member.Value, value[name], options); v != nil {
				return v.below(name)
			}
		}
	case []any:
		if schema.Items == nil {
			return nil
		}
		for i, item := range value {
			if v := c.check(schema.Items.Value, item, options); v != nil {
				return v.below(strconv.Itoa(i))
			}
		}
	}
	return nil
}

// checkAlternatives reports false if kin-openapi accepts value by some of the alternatives, but each of them
// has an integer that is not one. A value that matches no alternative is left to kin-openapi.
func (c *integerCheck) checkAlternatives(alternatives openapi3.SchemaRefs, value any, options []openapi3.SchemaValidationOption) bool {
	accepted := false
	for _, alternative := range alternatives {
		if alternative.Value.VisitJSON(value, options...) != nil {
			continue
		}
		if c.check(alternative.Value, value, options) == nil {
			return true
		}
		accepted = true
	}
	return !accepted
}

// checkInteger returns the keyword that literal, a JSON number, fails, "" if it is left to kin-openapi. It does
// not calculate with long literals, because the time must not depend on their length.
func checkInteger(schema *openapi3.Schema, literal string) string {
	if strings.ContainsAny(literal, ".eE") {
		return "type"
	}
	n, err := strconv.ParseInt(literal, 10, 64)
	if err == nil && -maxFloatInteger < n && n < maxFloatInteger {
		return "" // a float64 represents it exactly
	}
	negative := literal[0] == '-'
	switch {
	case schema.Min != nil && negative: // the limits are below 2^53
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
