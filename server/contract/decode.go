package contract

import (
	"encoding/json"
	"errors"

	"github.com/getkin/kin-openapi/openapi3"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is the maximum nesting of arrays and objects. It bounds every recursive reader of the value.
const maxDepth = 100

var errTooDeep = errors.New("the JSON value is nested too deeply")

// decode reads exactly one JSON value (RFC 8259): UTF-8 without a byte-order mark, no duplicate names, nothing
// after the value. Numbers become json.Number, with the digits that were sent. Members that s does not contain
// are checked as JSON and dropped.
func decode(data []byte, s *shape) (any, error) {
	d := decoder{shape: s}
	err := jsonv2.Unmarshal(data, &d)
	return d.value, err
}

// decoder is the value that package json, which checks the text, decodes.
type decoder struct {
	shape *shape
	value any
}

// UnmarshalJSONFrom decodes the next value.
func (d *decoder) UnmarshalJSONFrom(from *jsontext.Decoder) (err error) {
	d.value, err = decodeValue(from, d.shape)
	return err
}

func decodeValue(d *jsontext.Decoder, s *shape) (any, error) {
	switch d.PeekKind() { //nolint:exhaustive // the others are strings, literals, or errors that ReadToken returns
	case '{':
		return decodeObject(d, s)
	case '[':
		return decodeArray(d, s)
	case '0':
		raw, err := d.ReadValue()
		return json.Number(raw), err
	}
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() { //nolint:exhaustive // only booleans are left
	case '"':
		return token.String(), nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

func decodeObject(d *jsontext.Decoder, s *shape) (any, error) {
	if err := open(d); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		member, declared := s.member(name)
		if !declared {
			err = skip(d)
		} else {
			object[name], err = decodeValue(d, member)
		}
		if err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func decodeArray(d *jsontext.Decoder, s *shape) (any, error) {
	if err := open(d); err != nil {
		return nil, err
	}
	var items *shape
	if s != nil {
		items = s.items
	}
	array := []any{}
	for d.PeekKind() != ']' {
		item, err := decodeValue(d, items)
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := d.ReadToken()
	return array, err
}

// open reads the beginning of an object or an array.
func open(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if d.StackDepth() > maxDepth {
		return errTooDeep
	}
	return nil
}

// skip reads a value and drops it. A dropped value must be well-formed, too.
func skip(d *jsontext.Decoder) error {
	depth := d.StackDepth()
	for {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		switch now := d.StackDepth(); {
		case now > maxDepth:
			return errTooDeep
		case now == depth:
			return nil
		}
	}
}

// shape contains the names that a schema declares, for all levels of a value. A nil shape keeps every member.
type shape struct {
	members map[string]*shape // nil keeps every member
	items   *shape            // of an array
}

// member returns the shape of a member, and whether the member is kept.
func (s *shape) member(name string) (inner *shape, declared bool) {
	if s == nil || s.members == nil {
		return nil, true
	}
	inner, declared = s.members[name]
	return inner, declared
}

// compileShape returns the shape of a schema. Where a keyword counts or names members, or several schemas apply
// to the same value, every member is kept.
func compileShape(schema *openapi3.Schema, known map[*openapi3.Schema]*shape) *shape {
	if s, ok := known[schema]; ok {
		return s
	}
	s := &shape{}
	known[schema] = s
	if len(schema.AllOf)+len(schema.AnyOf)+len(schema.OneOf) > 0 || schema.Not != nil ||
		schema.AdditionalProperties.Has != nil || schema.AdditionalProperties.Schema != nil ||
		schema.MinProps > 0 || schema.MaxProps != nil || len(schema.Enum) > 0 || schema.Discriminator != nil {
		return s
	}
	if schema.Items != nil {
		s.items = compileShape(schema.Items.Value, known)
	}
	if schema.Type.Is(openapi3.TypeObject) {
		s.members = map[string]*shape{}
		for _, name := range schema.Required {
			s.members[name] = nil
		}
		for name, property := range schema.Properties {
			s.members[name] = compileShape(property.Value, known)
		}
	}
	return s
}
