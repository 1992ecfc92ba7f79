package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// document is an OpenAPI document, ready to be served in both of its forms.
type document struct {
	parsed   *openapi3.T
	basePath string // of the first server, without a slash at its end
	// The YAML as it was written, cut where its list of servers begins, and how items are indented there.
	before, after []byte
	indent        string
}

// serverList finds the top-level list of servers, one a line. Its second group is what its items are
// indented by.
var serverList = regexp.MustCompile(`(?m)^servers:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*(( *)- )`)

// parseDocument makes a document of its source, which says what parsed does where that is not nil.
func parseDocument(source []byte, parsed *openapi3.T) (*document, error) {
	if parsed == nil {
		var err error
		if parsed, err = openapi3.NewLoader().LoadFromData(source); err != nil {
			return nil, fmt.Errorf("reference: read the document: %w", err)
		}
	}
	if parsed.Info == nil || len(parsed.Servers) == 0 {
		return nil, errors.New("reference: the document has no title, or no servers")
	}
	base, err := parsed.Servers.BasePath()
	if err != nil {
		return nil, fmt.Errorf("reference: the document's first server: %w", err)
	}
	list := serverList.FindSubmatchIndex(source)
	if list == nil {
		return nil, errors.New("reference: the document's servers are not written as a list with an item a line")
	}
	cut := list[2]
	return &document{
		parsed: parsed, basePath: strings.TrimSuffix(base, "/"),
		before: source[:cut:cut], after: source[cut:], indent: string(source[list[4]:list[5]]),
	}, nil
}

// yaml returns the document as it was written, with servers before its own.
func (d *document) yaml(servers openapi3.Servers) []byte {
	text := bytes.Clone(d.before)
	for _, s := range servers { // a URL is printable ASCII, which YAML quotes like Go
		text = fmt.Appendf(text, "%s- url: %s\n%s  description: %s\n", d.indent, strconv.Quote(s.URL), d.indent, s.Description)
	}
	return append(text, d.after...)
}

// json returns the document in JSON, with servers before its own.
func (d *document) json(servers openapi3.Servers) ([]byte, error) {
	doc := *d.parsed
	doc.Servers = append(servers, doc.Servers...)
	return json.MarshalIndent(&doc, "", "  ")
}
