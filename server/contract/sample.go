package contract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// samples are the answers that the document has as examples of one response, ready to be sent.
type samples struct {
	status  int // where a request names none
	headers []sampleHeader
	first   *sample // nil: there is none
	names   []string
	named   map[string]*sample
}

// sample is an example's body; it has no media type when the response has no content.
type sample struct {
	mediaType string
	body      []byte
}

type sampleHeader struct{ name, value string }

// compileSamples collects the examples of a response: of its media types JSON first, of each the
// named ones in the order of byCode, then its unnamed one, then one made of its schema's. A response
// whose required header has no example has none that is whole.
func compileSamples(response *openapi3.Response, place string) (*samples, error) {
	s := &samples{named: map[string]*sample{}}
	for _, name := range sortedKeys(response.Headers) {
		if strings.EqualFold(name, "Content-Type") {
			continue // as OpenAPI says
		}
		declared := response.Headers[name].Value
		value, ok, err := headerExample(&declared.Parameter, place+".headers."+name)
		if err != nil {
			return nil, err
		}
		switch {
		case ok:
			s.headers = append(s.headers, sampleHeader{http.CanonicalHeaderKey(name), value})
		case declared.Required:
			return s, nil
		}
	}
	if len(response.Content) == 0 {
		s.first = &sample{}
		return s, nil
	}
	names := sortedKeys(response.Content)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(kindOf(a), kindOf(b)) })
	for _, name := range names {
		if strings.ContainsAny(name, "*,") {
			continue // a range is no media type to send
		}
		if err := s.addMedia(name, response.Content[name], place+".content."+name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *samples) addMedia(mediaType string, media *openapi3.MediaType, place string) error {
	var check *checker
	if media.Schema != nil && kindOf(mediaType) == mediaIsJSON {
		c, err := compileChecker(media.Schema.Value, place+".schema", openapi3.VisitAsResponse())
		if err != nil {
			return err
		}
		check = &c
	}
	add := func(name string, value any, place string) error {
		body, ok := render(mediaType, value)
		if !ok {
			return nil
		}
		if wrong := check.refuses(body); wrong != "" {
			return placed(place, "the example does not satisfy its schema: %s", wrong)
		}
		one := &sample{mediaType, body}
		if s.first == nil {
			s.first = one
		}
		if name != "" && s.named[name] == nil {
			s.named[name] = one
			s.names = append(s.names, name)
		}
		return nil
	}
	for _, name := range byCode(sortedKeys(media.Examples), media.Schema) {
		if err := add(name, media.Examples[name].Value.Value, place+".examples."+name); err != nil {
			return err
		}
	}
	if err := add("", media.Example, place+".example"); err != nil {
		return err
	}
	if media.Schema != nil {
		if value, ok := made(media.Schema.Value, nil); ok {
			// Nobody wrote this value, so that it is no mistake of the document when it does not fit.
			_ = add("", value, place)
		}
	}
	return nil
}

// refuses says what is wrong with an example, "" when nothing is. kin-openapi has validated it as
// floats; here it is read as an answer is, integers to the letter. c may be nil.
func (c *checker) refuses(body []byte) string {
	if c == nil {
		return ""
	}
	value, err := decode(jsontext.NewDecoder(bytes.NewReader(body)), c.names, nil)
	if err != nil {
		return err.Error()
	}
	switch f, err := c.find(value); {
	case f != nil:
		return f.keyword + " at \"" + pointer(f.pointer) + "\""
	case err != nil:
		return err.Error()
	}
	return ""
}

// render writes an example's value as its media type has it: JSON, or a text as it stands. It is not
// ok for a value that is not there (such as an externalValue), or that nothing here can write.
func render(mediaType string, value any) (body []byte, ok bool) {
	if value == nil {
		return nil, false
	}
	if kindOf(mediaType) != mediaIsJSON {
		text, ok := value.(string)
		return []byte(text), ok
	}
	body, err := json.Marshal(value)
	return body, err == nil
}

// byCode puts the examples that are named like a code of the answer in the order of the codes, and
// the others after them, by their names: the document's own order is not kept by the map that it is
// read into.
func byCode(names []string, schema *openapi3.SchemaRef) []string {
	if schema == nil {
		return names
	}
	_, property, err := errorMember(schema.Value)
	if err != nil {
		return names
	}
	rank := func(name string) int {
		if i := slices.Index(property.Enum, any(name)); i >= 0 {
			return i
		}
		return len(property.Enum)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names
}

// made puts a value together from the examples that stand at a schema or at the properties of an
// object, of which each that is required must have one. above are the schemas that it is part of.
func made(schema *openapi3.Schema, above []*openapi3.Schema) (any, bool) {
	if schema.Example != nil {
		return schema.Example, true
	}
	if !schema.Type.Is(openapi3.TypeObject) || slices.Contains(above, schema) {
		return nil, false
	}
	object := map[string]any{}
	for name, property := range schema.Properties {
		if value, ok := made(property.Value, append(above, schema)); ok {
			object[name] = value
		}
	}
	for _, name := range schema.Required {
		if _, ok := object[name]; !ok {
			return nil, false
		}
	}
	return object, len(object) > 0
}

// headerExample returns a header's example as it is sent: a string, a number or a boolean.
func headerExample(declared *openapi3.Parameter, place string) (text string, ok bool, err error) {
	value := declared.Example
	for _, name := range sortedKeys(declared.Examples) {
		if value == nil {
			value = declared.Examples[name].Value.Value
		}
	}
	if declared.Schema != nil {
		if value == nil {
			value = declared.Schema.Value.Example
		} else if err := declared.Schema.Value.VisitJSON(value, openapi3.DisableSchemaErrorDetails()); err != nil {
			return "", false, placed(place, "the example does not satisfy its schema: %w", err)
		}
	}
	switch value := value.(type) {
	case string:
		return value, true, nil
	case bool, float64:
		body, err := json.Marshal(value)
		return string(body), err == nil, nil
	}
	return "", false, nil
}
