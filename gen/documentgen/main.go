// Command documentgen writes the facts of the OpenAPI document that oapi-codegen leaves out, as Go
// files:
//
//	documentgen model DOCUMENT FILE       for package model: security schemes, descriptions of codes
//	documentgen client DOCUMENT FILE      for package client: what each success must contain
//	documentgen alias MODEL-FOLDER FILE   for package client: the exported names of package model
//
// It runs in go generate, like oapi-codegen itself.
package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strconv"
	"text/template"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed template
var templates embed.FS

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "documentgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: documentgen model|client|alias SOURCE FILE")
	}
	kind, source, out := args[0], args[1], args[2]
	var facts any
	var err error
	switch kind {
	case "model":
		facts, err = withDocument(source, modelFacts)
	case "client":
		facts, err = withDocument(source, operations)
	case "alias":
		facts, err = aliases(source, out)
	default:
		err = fmt.Errorf("unknown kind %q", kind)
	}
	if err != nil {
		return err
	}
	return write(kind, facts, out)
}

func withDocument[T any](path string, collect func(*openapi3.T) (T, error)) (facts T, err error) {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return facts, err
	}
	return collect(doc)
}

// write executes the template of the kind.
func write(kind string, facts any, out string) error {
	source, err := template.New(kind+".tmpl").Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFS(templates, "template/"+kind+".tmpl")
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := source.Execute(&buf, facts); err != nil {
		return err
	}
	code, err := format.Source(buf.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(out, code, 0o644) //nolint:gosec // source code is for everybody to read
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
