package reference

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"
)

// handler returns a Handler of a document that is reached at http://127.0.0.1:8080.
func handler(t testing.TB, document string, options ...Option) *Handler {
	t.Helper()
	h, err := New([]byte(document), "http://127.0.0.1:8080", options...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// billing is the document of this module, which is larger than any that is made up here.
func billing(t testing.TB) string {
	t.Helper()
	document, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// minimal is what a document needs besides its servers.
const minimal = "openapi: 3.0.3\ninfo: {title: Shelves, version: 1.0.0}\npaths: {}\n"

func TestTheYAMLGetsNothingButServers(t *testing.T) {
	t.Parallel()
	const url, description = `url: "http://127.0.0.1:8080/v2"`, "description: This server"
	for name, test := range map[string]struct{ before, after, added string }{
		"indented": {
			minimal + "servers: # ours\n", "  - url: https://example.com/v2\n    description: 'Production'\n# end\n",
			"  - " + url + "\n    " + description + "\n",
		},
		"not indented": {minimal + "servers:\n", "- url: https://example.com/v2\n", "- " + url + "\n  " + description + "\n"},
		"a comment before the first": {
			minimal + "servers:\n\n  # Production\n  # is here\n", "  - url: https://example.com/v2\n",
			"  - " + url + "\n    " + description + "\n",
		},
		"at the top": {"servers:\n", "- url: /v2/\n" + minimal, "- " + url + "\n  " + description + "\n"},
		"no path":    {minimal + "servers:\n", "- url: https://example.com\n", "- url: \"http://127.0.0.1:8080\"\n  " + description + "\n"},
		"variables": {
			minimal + "servers:\n", "- url: https://{region}.example.com/v{n}\n  variables: {region: {default: eu}, n: {default: '2'}}\n",
			"- " + url + "\n  " + description + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := handler(t, test.before+test.after)
			_, got := ask(t, h, "GET", "/openapi.yaml", nil)
			if want := test.before + test.added + test.after; got != want {
				t.Errorf("served\n%s\nwant\n%s", got, want)
			}
			equalForms(t, h)
		})
	}
}

// equalForms fails when the YAML and the JSON that are served are not the same document.
func equalForms(t *testing.T, h *Handler) {
	t.Helper()
	_, asYAML := ask(t, h, "GET", "/openapi.yaml", nil)
	_, asJSON := ask(t, h, "GET", "/openapi.json", nil)
	var fromYAML, fromJSON any
	if err := yaml.Load([]byte(asYAML), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(asJSON), &fromJSON); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fromYAML) // numbers of all types become one
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

func TestTheDocumentOfThisModule(t *testing.T) {
	t.Parallel()
	document := billing(t)
	h := handler(t, document)
	equalForms(t, h)
	response, asYAML := ask(t, h, "GET", "/openapi.yaml", nil)
	if got := response.Header.Get("Content-Type"); got != "application/yaml" {
		t.Errorf("Content-Type = %q", got)
	}
	added := "  - url: \"http://127.0.0.1:8080/api/v2\"\n    description: This server\n"
	if strings.Count(asYAML, added) != 1 || strings.Replace(asYAML, added, "", 1) != document {
		t.Errorf("more than a server was changed:\n%s", asYAML)
	}
	response, asJSON := ask(t, h, "GET", "/openapi.json", nil)
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %q", got)
	}
	for form, text := range map[string]string{"YAML": asYAML, "JSON": asJSON} {
		loader := openapi3.NewLoader()
		loaded, err := loader.LoadFromData([]byte(text))
		if err != nil {
			t.Fatal(form, err)
		}
		if err := loaded.Validate(loader.Context); err != nil {
			t.Error(form, err)
		}
		if n := len(loaded.Servers); n < 2 || loaded.Servers[0].URL != "http://127.0.0.1:8080/api/v2" || loaded.Servers[0].Description != "This server" {
			t.Errorf("the %s has %d servers, the first is %+v", form, n, loaded.Servers[0])
		}
	}
}

func TestTheServersLeadWithWhereTheRequestCame(t *testing.T) {
	t.Parallel()
	public := []string{"http://127.0.0.1:8080/v2"}
	long := strings.Repeat("a", 254)
	for host, own := range map[string][]string{
		"127.0.0.1:8080":          public,
		"localhost:8080":          append([]string{"http://localhost:8080/v2"}, public...),
		"localhost":               append([]string{"http://localhost/v2"}, public...),
		"127.0.0.1":               append([]string{"http://127.0.0.1/v2"}, public...),
		"[::1]:8080":              append([]string{"http://[::1]:8080/v2"}, public...),
		"my-host_1.example:65535": append([]string{"http://my-host_1.example:65535/v2"}, public...),
		"":                        public,
		":8080":                   public,
		"localhost:":              public,
		"localhost:0":             public,
		"localhost:65536":         public,
		"localhost:+80":           public,
		"localhost:000080":        public,
		"localhost:80:80":         public,
		"::1":                     public,
		"[::1":                    public,
		"[::1]x":                  public,
		"[fe80::1%25eth0]":        public,
		"[127.0.0.1]":             public,
		"[]":                      public,
		"a/b":                     public,
		"user@example.com":        public,
		"a\"b":                    public,
		"a\nb":                    public,
		"a b":                     public,
		"<b>":                     public,
		"{x}":                     public,
		"bücher.example":          public,
		long:                      public,
		long[1:]:                  append([]string{"http://" + long[1:] + "/v2"}, public...),
	} {
		h := handler(t, minimal+"servers:\n  - url: https://example.com/v2\n")
		want := append(append([]string{}, own...), "https://example.com/v2")
		for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
			_, body := ask(t, h, "GET", path, func(r *http.Request) { r.Host = host })
			if got := serverURLs(t, body); !reflect.DeepEqual(got, want) {
				t.Errorf("%s at %q has the servers %q, want %q", path, host, got, want)
			}
		}
	}
}

func serverURLs(t *testing.T, document string) []string {
	t.Helper()
	var read struct {
		Servers []struct{ URL, Description string }
	}
	if err := yaml.Load([]byte(document), &read); err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, s := range read.Servers {
		urls = append(urls, s.URL)
	}
	return urls
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	const servers = "servers:\n  - url: /v2\n"
	const public = "http://127.0.0.1:8080"
	for name, test := range map[string]struct{ document, public, why string }{
		"no YAML":                      {"openapi: [", public, "read the document"},
		"a text":                       {"a\n", public, "read the document"},
		"no title":                     {"openapi: 3.0.3\npaths: {}\n" + servers, public, "no title"},
		"no servers":                   {minimal, public, "no servers"},
		"an empty list of servers":     {minimal + "servers: []\n", public, "no servers"},
		"servers in one line":          {minimal + "servers: [{url: /v2}]\n", public, "an item a line"},
		"a URL that is none":           {minimal + "servers:\n  - url: 'http://a b/'\n", public, "first server"},
		"no public URL":                {minimal + servers, "", "public URL"},
		"a public URL without host":    {minimal + servers, "http://", "public URL"},
		"a public URL with a port":     {minimal + servers, "127.0.0.1:8080", "public URL"},
		"a public URL of another kind": {minimal + servers, "ftp://example.com", "public URL"},
		"a public URL with a user":     {minimal + servers, "http://me:secret@example.com", "public URL"},
		"a public URL with a query":    {minimal + servers, "http://example.com?a", "public URL"},
		"a public URL with half one":   {minimal + servers, "http://example.com?", "public URL"},
		"a public URL with a fragment": {minimal + servers, "http://example.com#a", "public URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New([]byte(test.document), test.public)
			if err == nil || !strings.HasPrefix(err.Error(), "reference: ") || !strings.Contains(err.Error(), test.why) {
				t.Errorf("New: %v, want an error with %q", err, test.why)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("New tells a secret: %v", err)
			}
		})
	}
}
