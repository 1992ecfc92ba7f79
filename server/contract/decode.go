package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deeply arrays and objects may be nested. What no program writes and every
// recursive reader has to fear is refused as unreadable.
const maxDepth = 100

var (
	errTooDeep  = errors.New("nested too deeply")
	errTrailing = errors.New("text after the value")
)

// decode reads exactly one JSON value (RFC 8259): UTF-8 without a byte-order mark, no member name
// twice with escapes resolved, nothing after it. Numbers stay the literals that were sent, as
// json.Number. Members that s does not declare are checked as JSON and dropped. The members of a value that
// is an object are put into object, where that is not nil.
func decode(d *jsontext.Decoder, s *shape, object map[string]any) (any, error) {
	value, err := decodeValue(d, s, object)
	if err != nil {
		return nil, err
	}
	switch _, err := d.ReadToken(); {
	case err == nil:
		return nil, errTrailing
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return value, nil
}

func decodeValue(d *jsontext.Decoder, s *shape, object map[string]any) (any, error) {
	switch d.PeekKind() { //nolint:exhaustive // the rest are literals, or errors that reading them finds
	case '{':
		if object == nil {
			object = map[string]any{}
		}
		return decodeObject(d, s, object)
	case '[':
		return decodeArray(d, s)
	case '0':
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		return json.Number(raw), nil
	case '"':
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		return token.String(), nil
	}
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	if token.Kind() == 'n' {
		return nil, nil
	}
	return token.Bool(), nil
}

func decodeObject(d *jsontext.Decoder, s *shape, object map[string]any) (any, error) {
	if err := open(d); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		name, member, wanted := s.member(raw)
		if !wanted {
			if err := skip(d); err != nil {
				return nil, err
			}
			continue
		}
		if object[name], err = decodeValue(d, member, nil); err != nil {
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
		item, err := decodeValue(d, items, nil)
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

// skip reads a value and forgets it, under the same rules as one that is kept.
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

// shape is the part of a schema that says which members of an object matter. A nil shape, and the
// zero one, keep everything.
type shape struct {
	closed  bool // only members are kept
	members map[string]member
	items   *shape
}

type member struct {
	name  string
	shape *shape
}

// member finds a member by its name as it stands in the text, quotes and all. A declared name is not
// copied out of the text.
func (s *shape) member(raw jsontext.Value) (name string, inner *shape, wanted bool) {
	text := []byte(raw[1 : len(raw)-1])
	if bytes.IndexByte(text, '\\') >= 0 {
		var err error
		if text, err = jsontext.AppendUnquote(nil, raw); err != nil {
			return "", nil, false // cannot be: the decoder has checked it
		}
	}
	if s == nil {
		return string(text), nil, true
	}
	if m, ok := s.members[string(text)]; ok {
		return m.name, m.shape, true
	}
	if s.closed {
		return "", nil, false
	}
	return string(text), nil, true
}

// compileShape works out which members schema looks at. Where a keyword sees all members or several
// schemas see the same value, everything is kept.
func compileShape(schema *openapi3.Schema, done map[*openapi3.Schema]*shape) *shape {
	if s, ok := done[schema]; ok {
		return s
	}
	s := &shape{}
	done[schema] = s
	if schema.Items != nil {
		s.items = compileShape(schema.Items.Value, done)
	}
	seesAll := len(schema.AllOf)+len(schema.AnyOf)+len(schema.OneOf) > 0 || schema.Not != nil ||
		schema.AdditionalProperties.Has != nil || schema.AdditionalProperties.Schema != nil ||
		schema.MinProps > 0 || schema.MaxProps != nil || len(schema.Enum) > 0 || schema.Discriminator != nil
	if seesAll {
		// Names are declared all the same; what is below them may be looked at from elsewhere, too.
		s.items = nil
		for name := range schema.Properties {
			s.addMember(member{name: name})
		}
		return s
	}
	if schema.Type.Is(openapi3.TypeObject) {
		s.closed = true
		for name, property := range schema.Properties {
			s.addMember(member{name, compileShape(property.Value, done)})
		}
		for _, name := range schema.Required {
			if _, ok := s.members[name]; !ok {
				s.addMember(member{name: name})
			}
		}
	}
	return s
}

func (s *shape) addMember(m member) {
	if s.members == nil {
		s.members = map[string]member{}
	}
	s.members[m.name] = m
}
