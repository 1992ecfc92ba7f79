package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// glance sees that a value satisfies a schema of plain data: one whose keywords it knows all. It says yes only
// where kin-openapi would, and quicker: what it is not sure of, kin-openapi judges.
//
// accepts reads an answer's text and makes no value of it; all but a faulty one are seen to be right by it.
// holds looks at a request's value. It goes through objects and arrays by itself, and asks kin-openapi about
// what is in them.
type glance struct {
	kind   jsontext.Kind // 't' for both booleans
	schema *openapi3.Schema

	// of an object
	members  map[string]*seen
	list     []*seen // the same, by their names
	required int
	closed   bool

	// of an array
	items              *glance // nil: any
	minItems, maxItems int64

	// of a string
	minLength, maxLength int64
	enum                 map[string]bool // nil: any
}

// seen is a declared member of an object.
type seen struct {
	name     string
	glance   *glance
	required bool
}

// noLimit stands for a limit that there is not.
const noLimit = 1<<63 - 1

// compileGlance returns nil for a schema that has more than plain data's keywords, in it or below it.
func compileGlance(s *openapi3.Schema, done map[*openapi3.Schema]*glance) *glance {
	if g, ok := done[s]; ok {
		return g // nil also for a schema that holds itself
	}
	done[s] = nil
	if !plain(s) {
		return nil
	}
	g := &glance{schema: s, maxItems: noLimit, maxLength: noLimit}
	switch {
	case s.Type.Is(openapi3.TypeBoolean):
		g.kind = 't'
	case s.Type.Is(openapi3.TypeInteger):
		g.kind = '0'
	case s.Type.Is(openapi3.TypeString):
		g.kind, g.minLength = '"', int64(s.MinLength) //nolint:gosec // a length of a text in memory
		if s.MaxLength != nil {
			g.maxLength = int64(*s.MaxLength) //nolint:gosec // as above
		}
		g.enum = enumOf(s)
	case s.Type.Is(openapi3.TypeArray):
		g.kind, g.minItems = '[', int64(s.MinItems) //nolint:gosec // as above
		if s.MaxItems != nil {
			g.maxItems = int64(*s.MaxItems) //nolint:gosec // as above
		}
		if s.Items != nil {
			if g.items = compileGlance(s.Items.Value, done); g.items == nil {
				return nil
			}
		}
	case s.Type.Is(openapi3.TypeObject):
		g.kind, g.members = '{', map[string]*seen{}
		g.closed = s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
		for _, name := range sortedKeys(s.Properties) {
			inner := compileGlance(s.Properties[name].Value, done)
			if inner == nil {
				return nil
			}
			m := &seen{name: name, glance: inner}
			g.members[name], g.list = m, append(g.list, m)
		}
		for _, name := range s.Required {
			m := g.members[name]
			if m == nil || m.required {
				return nil
			}
			m.required = true
			g.required++
		}
	default:
		return nil
	}
	done[s] = g
	return g
}

// plain reports whether s has none of the keywords that a glance does not know.
func plain(s *openapi3.Schema) bool {
	known := []string{"type", "nullable", "minLength", "maxLength", "minItems", "maxItems", "additionalProperties"}
	if s.Type.Is(openapi3.TypeInteger) {
		known = append(known, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
	}
	if enumOf(s) != nil {
		known = append(known, "enum")
	}
	for _, keyword := range keywords(s) {
		if !slices.Contains(known, keyword) {
			return false
		}
	}
	return len(s.AllOf) == 0 && s.AdditionalProperties.Schema == nil && !s.WriteOnly && s.Always == nil &&
		s.ExclusiveMin.Value == nil && s.ExclusiveMax.Value == nil
}

// enumOf returns a string's enum, nil when it has none.
func enumOf(s *openapi3.Schema) map[string]bool {
	if !s.Type.Is(openapi3.TypeString) || len(s.Enum) == 0 {
		return nil
	}
	enum := map[string]bool{}
	for _, value := range s.Enum {
		if text, ok := value.(string); ok {
			enum[text] = true
		}
	}
	return enum
}

// accepts reports whether what d reads is one JSON value that satisfies the schema, and nothing after it.
func (g *glance) accepts(d *jsontext.Decoder) bool {
	if !g.value(d) {
		return false
	}
	_, err := d.ReadToken()
	return errors.Is(err, io.EOF)
}

func (g *glance) value(d *jsontext.Decoder) bool {
	if g == nil {
		return skip(d) == nil
	}
	kind := d.PeekKind()
	if kind == 'f' {
		kind = 't'
	}
	if kind != g.kind {
		return false
	}
	if kind == '{' {
		return g.object(d)
	}
	if kind == '[' {
		return g.array(d)
	}
	raw, err := d.ReadValue()
	switch {
	case err != nil:
		return false
	case kind == '"':
		return g.text(raw[1 : len(raw)-1])
	case kind == '0':
		return g.number(raw)
	}
	return true
}

func (g *glance) object(d *jsontext.Decoder) bool {
	if open(d) != nil {
		return false
	}
	required := 0
	for d.PeekKind() != '}' {
		raw, err := d.ReadValue()
		if err != nil || bytes.IndexByte(raw, '\\') >= 0 {
			return false
		}
		member := g.members[string(raw[1:len(raw)-1])]
		if member == nil {
			if g.closed || skip(d) != nil {
				return false
			}
			continue
		}
		if !member.glance.value(d) {
			return false
		}
		if member.required {
			required++ // once each, as the decoder takes no name twice
		}
	}
	_, err := d.ReadToken()
	return err == nil && required == g.required
}

func (g *glance) array(d *jsontext.Decoder) bool {
	if open(d) != nil {
		return false
	}
	n := int64(0)
	for ; d.PeekKind() != ']'; n++ {
		if !g.items.value(d) {
			return false
		}
	}
	_, err := d.ReadToken()
	return err == nil && g.minItems <= n && n <= g.maxItems
}

// text looks at a string as it was sent. Lengths count characters: where some have several bytes, they
// are not counted here.
func (g *glance) text(raw []byte) bool {
	if g.enum != nil {
		return g.enum[string(raw)]
	}
	if g.minLength == 0 && g.maxLength == noLimit {
		return true
	}
	for _, b := range raw {
		if b == '\\' || b >= 0x80 {
			return false
		}
	}
	n := int64(len(raw))
	return g.minLength <= n && n <= g.maxLength
}

// number compares as floats do: the limits are below 2^53, and past it order is still kept.
func (g *glance) number(literal []byte) bool {
	n, err := strconv.ParseInt(string(literal), 10, 64)
	return err == nil && checkLimits(g.schema, float64(n)) == ""
}

// holds reports whether a value that decode has made satisfies the schema. kin-openapi is asked about integers
// that a float holds exactly.
func (g *glance) holds(value any) bool {
	if g == nil {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		return g.kind == '{' && g.holdsMembers(value)
	case []any:
		n := int64(len(value))
		return g.kind == '[' && g.minItems <= n && n <= g.maxItems && !slices.ContainsFunc(value, g.lacks)
	case string:
		return (g.enum == nil || g.enum[value]) && g.schema.VisitJSONString(value) == nil
	case json.Number:
		n, err := strconv.ParseInt(string(value), 10, 64)
		return err == nil && -maxFloatInteger < n && n < maxFloatInteger &&
			checkLimits(g.schema, float64(n)) == "" && g.schema.VisitJSONNumber(float64(n)) == nil
	case bool:
		return g.schema.VisitJSONBoolean(value) == nil
	}
	return false
}

func (g *glance) holdsMembers(object map[string]any) bool {
	found := 0
	for _, m := range g.list {
		value, there := object[m.name]
		if !there && m.required || there && !m.glance.holds(value) {
			return false
		}
		if there {
			found++
		}
	}
	return !g.closed || found == len(object)
}

// lacks reports whether an item is not one that the schema is sure to allow.
func (g *glance) lacks(item any) bool { return !g.items.holds(item) }
