package main

import (
	"maps"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is an operation with its documented successes.
type operation struct {
	Method, Path string
	Successes    []success
}

type success struct {
	Status  int  // or the first digit, for a range such as 2XX
	JSON    bool // whether application/json is its only media type
	Members []member
}

type member struct {
	Name, Type              string
	Required, NonEmpty, URI bool
}

func operations(doc *openapi3.T) ([]operation, error) {
	var list []operation
	for _, path := range sortedKeys(doc.Paths.Map()) {
		item := doc.Paths.Value(path)
		for _, method := range sortedKeys(item.Operations()) {
			list = append(list, operation{method, path, successes(item.Operations()[method].Responses)})
		}
	}
	return list, nil
}

func successes(responses *openapi3.Responses) []success {
	var list []success
	for _, name := range sortedKeys(responses.Map()) {
		status, err := strconv.Atoi(strings.TrimSuffix(strings.ToUpper(name), "XX"))
		if err != nil || strconv.Itoa(status)[0] != '2' {
			continue // default, or no success
		}
		s := success{Status: status}
		content := responses.Value(name).Value.Content
		if media := content["application/json"]; media != nil && len(content) == 1 {
			s.JSON = true
			if media.Schema != nil {
				s.Members = members(media.Schema.Value)
			}
		}
		list = append(list, s)
	}
	return list
}

// members returns the declared members of an object, and those that its allOf adds to it.
func members(schema *openapi3.Schema) []member {
	properties, required := openapi3.Schemas{}, map[string]bool{}
	declare(schema, properties, required)
	var list []member
	for _, name := range sortedKeys(properties) {
		property := properties[name].Value
		kind := strings.Join(property.Type.Slice(), ",")
		if property.Nullable {
			kind = ""
		}
		list = append(list, member{
			Name:     name,
			Type:     kind,
			Required: required[name] && !property.WriteOnly, // What is only written is required of requests.
			NonEmpty: property.Type.Is("string") && property.MinLength > 0,
			URI:      property.Type.Is("string") && property.Format == "uri",
		})
	}
	return list
}

func declare(schema *openapi3.Schema, properties openapi3.Schemas, required map[string]bool) {
	maps.Copy(properties, schema.Properties)
	for _, name := range schema.Required {
		required[name] = true
	}
	for _, part := range schema.AllOf {
		declare(part.Value, properties, required)
	}
}
