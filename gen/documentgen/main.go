// Command documentgen writes the facts of the OpenAPI document that oapi-codegen leaves out, as Go:
// the security schemes and their headers, the descriptions of enum values, and what the answers of
// each operation must hold. It runs in go generate, like oapi-codegen itself.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"go/format"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

//go:embed document.tmpl
var source string

func main() {
	pkg := flag.String("package", "model", "name of the Go package to write")
	out := flag.String("output", "", "file to write")
	flag.Parse()
	if err := run(flag.Arg(0), *pkg, *out); err != nil {
		fmt.Fprintln(os.Stderr, "documentgen:", err)
		os.Exit(1)
	}
}

func run(path, pkg, out string) error {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return err
	}
	facts, err := collect(doc)
	if err != nil {
		return err
	}
	facts.Package = pkg
	var buf bytes.Buffer
	if err := template.Must(template.New("document").Funcs(template.FuncMap{"quote": strconv.Quote}).Parse(source)).Execute(&buf, facts); err != nil {
		return err
	}
	code, err := format.Source(buf.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(out, code, 0o644) //nolint:gosec // source code is for everybody to read
}

type facts struct {
	Package      string
	Schemes      []scheme
	Descriptions []description
	Answers      []answer
}

type scheme struct{ GoName, Name, Header string }

type description struct{ Value, Text string }

type answer struct {
	Method, Path string
	Status       int
	Members      []member
}

type member struct {
	Name, Type         string
	Required, NonEmpty bool
}

func collect(doc *openapi3.T) (facts, error) {
	var f facts
	if doc.Components != nil {
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
		described := map[string]string{}
		for _, name := range sortedKeys(doc.Components.Schemas) {
			texts, _ := doc.Components.Schemas[name].Value.Extensions["x-enumDescriptions"].(map[string]any)
			for _, value := range sortedKeys(texts) {
				text, ok := texts[value].(string)
				if !ok {
					return f, fmt.Errorf("schema %s: x-enumDescriptions: %s is not a string", name, value)
				}
				if earlier, ok := described[value]; ok && earlier != text {
					return f, fmt.Errorf("schema %s: x-enumDescriptions: %s is described otherwise elsewhere", name, value)
				}
				described[value] = text
			}
		}
		for _, value := range sortedKeys(described) {
			f.Descriptions = append(f.Descriptions, description{Value: value, Text: described[value]})
		}
	}
	for _, path := range sortedKeys(doc.Paths.Map()) {
		item := doc.Paths.Value(path)
		for _, method := range sortedKeys(item.Operations()) {
			responses := item.Operations()[method].Responses
			for _, status := range sortedKeys(responses.Map()) {
				code, err := strconv.Atoi(status)
				if err != nil || code < 200 || code > 299 {
					continue
				}
				media := responses.Value(status).Value.Content.Get("application/json")
				if media == nil || media.Schema == nil {
					continue
				}
				f.Answers = append(f.Answers, answer{Method: method, Path: path, Status: code, Members: members(media.Schema.Value)})
			}
		}
	}
	return f, nil
}

func members(schema *openapi3.Schema) []member {
	var list []member
	for _, name := range sortedKeys(schema.Properties) {
		property := schema.Properties[name].Value
		kind := strings.Join(property.Type.Slice(), ",")
		if property.Nullable {
			kind = ""
		}
		list = append(list, member{
			Name:     name,
			Type:     kind,
			Required: slices.Contains(schema.Required, name),
			NonEmpty: property.Type.Is("string") && property.MinLength > 0,
		})
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
