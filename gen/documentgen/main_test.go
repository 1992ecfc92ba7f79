package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "document.gen.go")
	if err := run(filepath.Join("..", "..", "api", "openapi.yaml"), "model", out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "model", "document.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("document.gen.go is not what documentgen writes: run make generate")
	}
}

const head = "openapi: 3.0.3\ninfo: {title: x, version: '1'}\n"

// TestAnyDocument reads a document of other schemes and answers than the project's.
func TestAnyDocument(t *testing.T) {
	t.Parallel()
	text := write(t, head+`
paths:
  /b/{id}:
    get:
      responses:
        '200': {description: x, content: {application/json: {schema: {type: object, required: [n], properties: {n: {type: integer, nullable: true}, s: {type: string, minLength: 1}}}}}}
        '204': {description: x}
        4XX: {description: x}
        default: {description: x}
  /a:
    put:
      responses:
        '201': {description: x, content: {text/plain: {schema: {type: string}}}}
components:
  securitySchemes:
    user-token: {type: http, scheme: bearer}
    site: {type: apiKey, in: query, name: s}
    key: {type: apiKey, in: header, name: X-Key}
`)
	out := filepath.Join(t.TempDir(), "x.go")
	if err := run(text, "made", out); err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"package made", `UserTokenHeader = "Authorization"`, `KeyHeader       = "X-Key"`, `SiteScheme      = "site"`,
		`{Method: "GET", Path: "/b/{id}", Status: 200, Members: []Member{`,
		`{Name: "n", Type: "", Required: true, NonEmpty: false}`, `{Name: "s", Type: "string", Required: false, NonEmpty: true}`,
	} {
		if !strings.Contains(string(code), want) {
			t.Errorf("there is no %s in\n%s", want, code)
		}
	}
	if strings.Contains(string(code), "SiteHeader") || strings.Contains(string(code), "/a") {
		t.Errorf("too much is said in\n%s", code)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	const schema = head + "paths: {}\ncomponents: {schemas: {A: {type: string, x-enumDescriptions: {a: %s}}, B: {type: string, x-enumDescriptions: {a: two}}}}\n"
	out := filepath.Join(t.TempDir(), "x.go")
	for name, call := range map[string]func() error{
		"no document":           func() error { return run("missing.yaml", "x", out) },
		"not OpenAPI":           func() error { return run(write(t, "]"), "x", out) },
		"a number as a text":    func() error { return run(write(t, strings.Replace(schema, "%s", "7", 1)), "x", out) },
		"two texts of one code": func() error { return run(write(t, strings.Replace(schema, "%s", "one", 1)), "x", out) },
		"no package":            func() error { return run(write(t, head+"paths: {}\n"), "a b", out) },
		"nowhere to write":      func() error { return run(write(t, head+"paths: {}\n"), "x", t.TempDir()) },
	} {
		if err := call(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := run(write(t, strings.Replace(schema, "%s", "two", 1)), "x", out); err != nil {
		t.Errorf("the same text twice: %v", err)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "document.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
