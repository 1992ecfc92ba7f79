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

// TestDependencies: who imports the client gets the standard library and this module's gen.
func TestDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	slices.Sort(got)
	const module = "github.com/turbosmtp-go/billing/"
	if want := []string{module + "client", module + "gen/httpclient", module + "gen/model"}; !slices.Equal(got, want) {
		t.Errorf("packages %q: want %q", got, want)
	}
}

// TestOutsideModule builds a module that imports the client, as its users do, with nothing from the
// network.
func TestOutsideModule(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", fmt.Sprintf("module example.com/shop\n\ngo 1.26.0\n\nrequire github.com/turbosmtp-go/billing v0.0.0\n\nreplace github.com/turbosmtp-go/billing => %s\n", strconv.Quote(root)))
	write("main.go", `package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

func main() {
	c, err := client.New(client.WithAPIKey("key"), client.WithBaseURL("http://127.0.0.1:1"), client.WithMaxRetries(0))
	if err != nil {
		panic(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), 320)
	fmt.Print(client.HasCode(err, model.AccountIsInactive), errors.Is(err, client.ErrOutcomeUnknown))
}
`)
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "false false" {
		t.Errorf("printed %q, error %v", out, err)
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
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
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
