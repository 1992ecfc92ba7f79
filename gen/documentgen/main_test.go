package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRun writes each kind of file for the project's document and compares it with the committed one.
func TestRun(t *testing.T) {
	t.Parallel()
	document := filepath.Join("..", "..", "api", "openapi.yaml")
	for kind, test := range map[string]struct{ source, committed string }{
		"model":  {document, filepath.Join("..", "model", "document.gen.go")},
		"client": {document, filepath.Join("..", "..", "client", "document.gen.go")},
		"alias":  {filepath.Join("..", "model"), filepath.Join("..", "..", "client", "model.gen.go")},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if made(t, kind, test.source) != read(t, test.committed) {
				t.Errorf("%s is not what documentgen writes: run make generate", test.committed)
			}
		})
	}
}

const head = "openapi: 3.0.3\ninfo: {title: x, version: '1'}\n"

// TestModel reads security schemes and descriptions that the project's document does not have.
func TestModel(t *testing.T) {
	t.Parallel()
	code := made(t, "model", file(t, "document.yaml", head+`
paths: {}
components:
  securitySchemes:
    user-token: {type: http, scheme: bearer}
    site: {type: apiKey, in: query, name: s}
    key: {type: apiKey, in: header, name: X-Key}
  schemas:
    Code: {type: string, enum: [a], x-enumDescriptions: {a: 'Say "b".'}}
`))
	for _, want := range []string{
		"package model", `UserTokenHeader = "Authorization"`, `KeyHeader       = "X-Key"`, `SiteScheme      = "site"`, `"a": "Say \"b\".",`,
	} {
		if !strings.Contains(code, want) {
			t.Errorf("there is no %s in\n%s", want, code)
		}
	}
	if strings.Contains(code, "SiteHeader") {
		t.Errorf("a query parameter is a header in\n%s", code)
	}
	if code := made(t, "model", file(t, "document.yaml", head+"paths: {}\n")); strings.Contains(code, "Scheme") {
		t.Errorf("there are schemes in\n%s", code)
	}
}

// TestClient reads responses that the project's document does not have.
func TestClient(t *testing.T) {
	t.Parallel()
	const object = "application/json: {schema: {$ref: '#/components/schemas/Object'}}"
	responses := strings.NewReplacer("OBJECT", object).Replace(`
        '200': {description: x, content: {OBJECT}}
        '201': {description: x, content: {text/plain: {schema: {type: string}}}}
        '202': {description: x, content: {OBJECT, text/plain: {schema: {type: string}}}}
        '203': {description: x, content: {application/json: {}}}
        '204': {description: x}
        '206': {description: x, content: {application/json: {schema: {type: array, items: {type: string}}}}}
        2XX: {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/All'}}}}
        4XX: {description: x, content: {OBJECT}}
        default: {description: x, content: {OBJECT}}
`)
	code := made(t, "client", file(t, "document.yaml", head+`
paths:
  /b/{id}:
    get: {responses: {default: {description: x}}}
  /a:
    put:
      responses:`+responses+`
    delete: {responses: {'204': {description: x}}}
components:
  schemas:
    Object:
      type: object
      required: [n, w]
      properties:
        any: {}
        n: {type: integer, nullable: true}
        s: {type: string, minLength: 1}
        u: {type: string, format: uri}
        w: {type: string, writeOnly: true}
    All:
      required: [b]
      allOf:
        - {type: object, properties: {a: {type: array, items: {type: string}}, b: {type: boolean}}}
        - {type: object, required: [c], properties: {c: {type: number}}}
`))
	const want = `
var documented = []operation{
	{method: "DELETE", path: "/a", successes: []success{
		{status: 204},
	}},
	{method: "PUT", path: "/a", successes: []success{
		{status: 200, json: true, members: []member{
			{name: "any"},
			{name: "n", required: true},
			{name: "s", kind: "string", nonEmpty: true},
			{name: "u", kind: "string", uri: true},
			{name: "w", kind: "string"},
		}},
		{status: 201},
		{status: 202},
		{status: 203, json: true},
		{status: 204},
		{status: 206, json: true},
		{status: 2, json: true, members: []member{
			{name: "a", kind: "array"},
			{name: "b", kind: "boolean", required: true},
			{name: "c", kind: "number", required: true},
		}},
	}},
	{method: "GET", path: "/b/{id}"},
}
`
	if !strings.HasSuffix(code, want) {
		t.Errorf("documentgen wrote\n%s\nwant\n%s", code, want)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	const schema = head + "paths: {}\ncomponents: {schemas: {A: {type: string, x-enumDescriptions: {a: %s}}, B: {type: string, x-enumDescriptions: {a: two}}}}\n"
	described := func(text string) string { return file(t, "document.yaml", strings.Replace(schema, "%s", text, 1)) }
	none := file(t, "document.yaml", head+"paths: {}\n")
	good := filepath.Dir(file(t, "good.go", "package good\n"))
	bad := filepath.Dir(file(t, "bad.go", "pack age\n"))
	out := filepath.Join(good, "x.go")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no arguments":                 {nil, "usage"},
		"an unknown kind":              {[]string{"server", none, out}, `"server"`},
		"no document":                  {[]string{"model", "missing.yaml", out}, "missing.yaml"},
		"not OpenAPI":                  {[]string{"client", file(t, "document.yaml", "]"), out}, ""},
		"a number as a text":           {[]string{"model", described("7"), out}, "schema A: x-enumDescriptions: a"},
		"two texts of one code":        {[]string{"model", described("one"), out}, "schema B: x-enumDescriptions: a"},
		"nowhere to write":             {[]string{"model", none, t.TempDir()}, ""},
		"a package without files":      {[]string{"alias", t.TempDir(), out}, "no Go files"},
		"a package that is not Go":     {[]string{"alias", bad, out}, "bad.go"},
		"an empty package for aliases": {[]string{"alias", good, filepath.Join(t.TempDir(), "x.go")}, "no Go files"},
		"aliases in what is not Go":    {[]string{"alias", good, filepath.Join(bad, "x.go")}, "bad.go"},
	} {
		if err := run(test.args); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want one with %q", name, err, test.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused run wrote a file")
	}
	if err := run([]string{"model", described("two"), out}); err != nil {
		t.Errorf("the same text twice: %v", err)
	}
}

// made returns the file that documentgen writes into a folder that contains another Go file.
func made(t *testing.T, kind, source string) string {
	t.Helper()
	out := filepath.Join(filepath.Dir(file(t, "other.go", "package client\n\ntype own int\n")), "x.gen.go")
	if err := run([]string{kind, source, out}); err != nil {
		t.Fatal(err)
	}
	return read(t, out)
}

// file writes a file into a new folder and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
