package main

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// facts are those of package model.
type facts struct {
	Schemes      []scheme
	Descriptions map[string]string // by code
}

type scheme struct{ GoName, Name, Header string }

func modelFacts(doc *openapi3.T) (facts, error) {
	f := facts{Descriptions: map[string]string{}}
	if doc.Components == nil {
		return f, nil
	}
	for _, name := range sortedKeys(doc.Components.SecuritySchemes) {
		s := doc.Components.SecuritySchemes[name].Value
		header := ""
		switch {
		case s.Type == "apiKey" && s.In == "header":
			header = s.Name
		case s.Type == "http":
			header = "Authorization"
		}
		f.Schemes = append(f.Schemes, scheme{GoName: codegen.SchemaNameToTypeName(name), Name: name, Header: header})
	}
	for _, name := range sortedKeys(doc.Components.Schemas) {
		texts, _ := doc.Components.Schemas[name].Value.Extensions["x-enumDescriptions"].(map[string]any)
		for _, value := range sortedKeys(texts) {
			text, ok := texts[value].(string)
			if !ok {
				return f, fmt.Errorf("schema %s: x-enumDescriptions: %s is not a string", name, value)
			}
			if earlier, ok := f.Descriptions[value]; ok && earlier != text {
				return f, fmt.Errorf("schema %s: x-enumDescriptions: %s is described otherwise elsewhere", name, value)
			}
			f.Descriptions[value] = text
		}
	}
	return f, nil
}
