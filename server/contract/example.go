package contract

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// responseExamples are the examples of one response.
type responseExamples struct {
	status  int // if the request selects none
	headers http.Header
	first   *example // nil if there is none
	names   []string
	named   map[string]*example
}

// example is the body of a response. The content type is "" if the response has no content.
type example struct {
	contentType string
	body        []byte
}

// compileExamples collects the examples of a response. JSON media types come first; in each the named examples in
// the order of sortByCode, then the unnamed one, then the one of the schema. A response with a required
// header that has no example has no examples.
func compileExamples(response *openapi3.Response, place string) (*responseExamples, error) {
	e := &responseExamples{headers: http.Header{}, named: map[string]*example{}}
	for _, name := range sortedKeys(response.Headers) {
		if strings.EqualFold(name, echo.HeaderContentType) {
			continue // OpenAPI 3.0 ignores it here
		}
		declared := response.Headers[name].Value
		value, ok, err := headerExample(&declared.Parameter, place+".headers."+name)
		if err != nil {
			return nil, err
		}
		switch {
		case ok:
			e.headers.Set(name, value)
		case declared.Required:
			return e, nil
		}
	}
	if len(response.Content) == 0 {
		e.first = &example{}
		return e, nil
	}
	names := sortedKeys(response.Content)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(kindOf(mediaType(a)), kindOf(mediaType(b))) })
	for _, name := range names {
		if strings.ContainsAny(name, "*,") {
			continue // a response cannot have a range of media types
		}
		if err := e.addMedia(name, response.Content[name], place+".content."+name); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// addMedia adds the examples of a media type.
func (e *responseExamples) addMedia(contentType string, media *openapi3.MediaType, place string) error {
	var v *validator
	if media.Schema != nil && kindOf(mediaType(contentType)) == kindJSON {
		var err error
		if v, err = compileValidator(media.Schema.Value, place+".schema", openapi3.VisitAsResponse()); err != nil {
			return err
		}
	}
	for _, name := range sortByCode(sortedKeys(media.Examples), media.Schema) {
		if err := e.add(name, contentType, media.Examples[name].Value.Value, v, place+".examples."+name); err != nil {
			return err
		}
	}
	if err := e.add("", contentType, media.Example, v, place+".example"); err != nil {
		return err
	}
	if media.Schema != nil {
		if value, ok := schemaExample(media.Schema.Value, nil); ok {
			// The document does not contain this value, so that one that does not satisfy the schema is no defect.
			_ = e.add("", contentType, value, v, place)
		}
	}
	return nil
}

// add adds one example. It returns an error if the value does not satisfy the schema.
func (e *responseExamples) add(name, contentType string, value any, v *validator, place string) error {
	body, ok := encodeExample(contentType, value)
	if !ok {
		return nil
	}
	if v != nil {
		// kin-openapi has validated the value with rounded numbers when the document was loaded.
		decoded, err := decode(body, nil)
		if err != nil {
			return documentError(place, "the example is not valid JSON: %v", err)
		}
		found, err := v.validate(decoded)
		if found != nil {
			return documentError(place, "the example does not satisfy its schema: %s at %q", found.keyword, found.pointer())
		}
		if err != nil {
			return documentError(place, "the example does not satisfy its schema: %v", err)
		}
	}
	added := &example{contentType, body}
	if e.first == nil {
		e.first = added
	}
	if name != "" && e.named[name] == nil {
		e.named[name] = added
		e.names = append(e.names, name)
	}
	return nil
}

// encodeExample encodes a value for its media type. It returns false if there is no value, as with externalValue,
// or a value other than a string for a media type other than JSON.
func encodeExample(contentType string, value any) (body []byte, ok bool) {
	if value == nil {
		return nil, false
	}
	if kindOf(mediaType(contentType)) != kindJSON {
		text, ok := value.(string)
		return []byte(text), ok
	}
	body, err := json.Marshal(value)
	return body, err == nil
}

// sortByCode sorts the names that are codes of the response in the order of its enum, before the other names. The
// order of the document is lost when it is loaded.
func sortByCode(names []string, schema *openapi3.SchemaRef) []string {
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

// schemaExample returns the example of a schema, or an object of the examples of its properties if every required
// property has one. parents are the schemas that contain it.
func schemaExample(schema *openapi3.Schema, parents []*openapi3.Schema) (any, bool) {
	if schema.Example != nil {
		return schema.Example, true
	}
	if !schema.Type.Is(openapi3.TypeObject) || slices.Contains(parents, schema) {
		return nil, false
	}
	object := map[string]any{}
	for name, property := range schema.Properties {
		if value, ok := schemaExample(property.Value, append(parents, schema)); ok {
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

// headerExample returns the example of a header: a string, a number or a boolean.
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
			return "", false, documentError(place, "the example does not satisfy its schema: %v", err)
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
