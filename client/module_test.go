package client_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/api"
)

// TestDependencies: a program that imports the client gets the standard library and this module's gen, and
// for operations with parameters oapi-codegen's runtime with what that needs.
func TestDependencies(t *testing.T) {
	t.Parallel()
	const module = "github.com/turbosmtp-go/billing/"
	allowed := []string{module + "client", module + "gen/httpclient", module + "gen/model"}
	if hasParameters(t) {
		allowed = append(allowed, dependencies(t, "github.com/oapi-codegen/runtime", "github.com/oapi-codegen/runtime/types")...)
	}
	for _, path := range dependencies(t, ".") {
		if !slices.Contains(allowed, path) {
			t.Errorf("the client needs the package %s", path)
		}
	}
}

// dependencies returns what packages need beside the standard library, themselves included.
func dependencies(t *testing.T, packages ...string) []string {
	t.Helper()
	args := append([]string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}, packages...)
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func hasParameters(t *testing.T) bool {
	t.Helper()
	doc, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if len(item.Parameters)+len(operation.Parameters) > 0 {
				return true
			}
		}
	}
	return false
}

// TestOutsideModule runs the examples in another module, offline. Of this module they import only package client.
func TestOutsideModule(t *testing.T) {
	t.Parallel()
	module := newOutsideModule(t)
	examples, err := filepath.Glob("example*_test.go")
	if err != nil || len(examples) < 2 {
		t.Fatalf("examples %q, error %v", examples, err)
	}
	for _, name := range examples {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(source), "github.com/turbosmtp-go/billing/") != strings.Count(string(source), `"github.com/turbosmtp-go/billing/client"`) {
			t.Errorf("%s imports more of this module than the client", name)
		}
		module.write(t, name, strings.Replace(string(source), "package client_test", "package shop_test", 1))
	}
	if out := module.run(t, "go", "test", "-v", "."); strings.Count(out, "--- PASS: Example") < 10 {
		t.Errorf("go test printed %s", out)
	}
}

// TestDocumentIsTheOnlySource: what the document may change stands in no Go that is written by hand.
// A code that carries a limit in its name is not even named, also not by tests, so that it can be
// renamed in the document alone. The limits themselves could be any number; that there are none here,
// TestBuySendsAnyAmount shows.
func TestDocumentIsTheOnlySource(t *testing.T) {
	t.Parallel()
	doc, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	facts := documentFacts(doc)
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, ".gen.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.Ident:
				if slices.Contains(facts.names, n.Name) {
					t.Errorf("%s names %s", path, n.Name)
				}
			case *ast.BasicLit:
				if !strings.HasSuffix(path, "_test.go") && facts.holds(n) {
					t.Errorf("%s holds %s", path, n.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

type facts struct {
	names  []string // Go constants with a number in their name
	whole  []string // literals, compared as a whole
	within []string // literals, looked for in longer ones
}

func documentFacts(doc *openapi3.T) facts {
	var f facts
	for path := range doc.Paths.Map() {
		f.within = append(f.within, path)
	}
	for _, server := range doc.Servers {
		f.within = append(f.within, server.URL)
	}
	for name, scheme := range doc.Components.SecuritySchemes {
		f.whole = append(f.whole, name, scheme.Value.Name)
	}
	number := regexp.MustCompile("[0-9]")
	for _, schema := range doc.Components.Schemas {
		for _, value := range schema.Value.Enum {
			f.within = append(f.within, fmt.Sprint(value))
		}
		names, _ := schema.Value.Extensions["x-enum-varnames"].([]any)
		for _, name := range names {
			if name := fmt.Sprint(name); number.MatchString(name) {
				f.names = append(f.names, name)
			}
		}
	}
	return f
}

func (f facts) holds(literal *ast.BasicLit) bool {
	text, err := strconv.Unquote(literal.Value)
	return literal.Kind == token.STRING && err == nil && (slices.Contains(f.whole, text) ||
		slices.ContainsFunc(f.within, func(fact string) bool { return strings.Contains(text, fact) }))
}

func TestDocumentFacts(t *testing.T) {
	t.Parallel()
	doc, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := documentFacts(doc)
	if len(f.names) < 2 || len(f.whole) < 6 || len(f.within) < 10 {
		t.Errorf("%+v: want all that the document holds", f)
	}
}
