package reference

import (
	"encoding/json"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"
)

// newHandler returns a Handler for a document in YAML, with the public URL http://127.0.0.1:8080.
func newHandler(t testing.TB, document string) *Handler {
	t.Helper()
	h, err := New([]byte(document), parse(t, document), "http://127.0.0.1:8080", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// parse returns the content of a document in YAML.
func parse(t testing.TB, document string) *openapi3.T {
	t.Helper()
	parsed, err := openapi3.NewLoader().LoadFromData([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// billing returns the document of the billing API.
func billing(t testing.TB) string {
	t.Helper()
	document, err := os.ReadFile("../../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// minimal is a document without servers.
const minimal = "openapi: 3.0.3\ninfo: {title: Shelves, version: 1.0.0}\npaths: {}\n"

// The YAML is served as it was written, with more servers.
func TestYAML(t *testing.T) {
	t.Parallel()
	const url, description = `url: "http://127.0.0.1:8080/v2"`, "description: This server"
	for name, test := range map[string]struct{ before, after, added string }{
		"indented": {
			minimal + "servers: # ours\n", "  - url: https://example.com/v2\n    description: 'Production'\n# end\n",
			"  - " + url + "\n    " + description + "\n",
		},
		"not indented": {minimal + "servers:\n", "- url: https://example.com/v2\n", "- " + url + "\n  " + description + "\n"},
		"comment before the first item": {
			minimal + "servers:\n\n  # Production\n  # is here\n", "  - url: https://example.com/v2\n",
			"  - " + url + "\n    " + description + "\n",
		},
		"servers first": {"servers:\n", "- url: /v2/\n" + minimal, "- " + url + "\n  " + description + "\n"},
		"no path":       {minimal + "servers:\n", "- url: https://example.com\n", "- url: \"http://127.0.0.1:8080\"\n  " + description + "\n"},
		"variables": {
			minimal + "servers:\n", "- url: https://{region}.example.com/v{n}\n  variables: {region: {default: eu}, n: {default: '2'}}\n",
			"- " + url + "\n  " + description + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, test.before+test.after)
			_, got := send(t, h, "GET", "/openapi.yaml", nil)
			if want := test.before + test.added + test.after; got != want {
				t.Errorf("YAML:\n%s\nwant\n%s", got, want)
			}
			compareFormats(t, h)
		})
	}
}

// compareFormats checks that the YAML and the JSON are the same document.
func compareFormats(t *testing.T, h *Handler) {
	t.Helper()
	_, asYAML := send(t, h, "GET", "/openapi.yaml", nil)
	_, asJSON := send(t, h, "GET", "/openapi.json", nil)
	var fromYAML, fromJSON any
	if err := yaml.Load([]byte(asYAML), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(asJSON), &fromJSON); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fromYAML) // gives all numbers the same type
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, fromJSON) {
		t.Errorf("the YAML\n%s\nis not the JSON\n%s", asYAML, asJSON)
	}
}

func TestBillingDocument(t *testing.T) {
	t.Parallel()
	document := billing(t)
	h := newHandler(t, document)
	compareFormats(t, h)
	response, asYAML := send(t, h, "GET", "/openapi.yaml", nil)
	if got := response.Header.Get("Content-Type"); got != "application/yaml" {
		t.Errorf("Content-Type = %q", got)
	}
	added := "  - url: \"http://127.0.0.1:8080/api/v2\"\n    description: This server\n"
	if strings.Count(asYAML, added) != 1 || strings.Replace(asYAML, added, "", 1) != document {
		t.Errorf("the YAML differs in more than one server:\n%s", asYAML)
	}
	response, asJSON := send(t, h, "GET", "/openapi.json", nil)
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %q", got)
	}
	for format, text := range map[string]string{"YAML": asYAML, "JSON": asJSON} {
		loader := openapi3.NewLoader()
		loaded, err := loader.LoadFromData([]byte(text))
		if err != nil {
			t.Fatal(format, err)
		}
		if err := loaded.Validate(loader.Context); err != nil {
			t.Error(format, err)
		}
		if n := len(loaded.Servers); n < 2 || loaded.Servers[0].URL != "http://127.0.0.1:8080/api/v2" || loaded.Servers[0].Description != "This server" {
			t.Errorf("the %s contains %d servers, the first is %+v", format, n, loaded.Servers[0])
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	const servers, public = "servers:\n  - url: /v2\n", "http://127.0.0.1:8080"
	for name, test := range map[string]struct{ document, public, message string }{
		"no servers":                  {minimal, public, "no servers"},
		"an empty list of servers":    {minimal + "servers: []\n", public, "no servers"},
		"servers in flow style":       {minimal + "servers: [{url: /v2}]\n", public, "block style"},
		"an invalid server URL":       {minimal + "servers:\n  - url: 'http://a b/'\n", public, "first server"},
		"no public URL":               {minimal + servers, "", "public URL"},
		"a malformed public URL":      {minimal + servers, "http://a b/", "public URL"},
		"a public URL without a host": {minimal + servers, "http://", "public URL"},
		"a public URL without scheme": {minimal + servers, "127.0.0.1:8080", "public URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New([]byte(test.document), parse(t, test.document), test.public, slog.New(slog.DiscardHandler))
			if err == nil || !strings.HasPrefix(err.Error(), "reference: ") || !strings.Contains(err.Error(), test.message) {
				t.Errorf("New: %v, want an error with %q", err, test.message)
			}
		})
	}
	if _, err := New([]byte(minimal+servers), parse(t, minimal+servers), public, nil); err == nil {
		t.Error("New without a logger returns no error")
	}
}
