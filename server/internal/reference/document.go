package reference

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// document is an OpenAPI document to which servers can be added.
type document struct {
	parsed   *openapi3.T
	basePath string // the path of the first server, without a trailing slash
	// The YAML text before and after the position for additional servers, and the indentation of the list.
	before, after []byte
	indent        string
}

// serverList matches the beginning of the top-level list of servers in block style, up to its first item
// (group 1). Group 2 is the indentation of the items.
var serverList = regexp.MustCompile(`(?m)^servers:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*(( *)- )`)

// newDocument returns the document with this YAML text and content.
func newDocument(source []byte, parsed *openapi3.T) (*document, error) {
	if parsed == nil || len(parsed.Servers) == 0 {
		return nil, errors.New("reference: the document has no servers")
	}
	base, err := parsed.Servers.BasePath()
	if err != nil {
		return nil, fmt.Errorf("reference: the first server of the document: %w", err)
	}
	list := serverList.FindSubmatchIndex(source)
	if list == nil {
		return nil, errors.New("reference: the servers of the document must be a YAML list in block style, with one item per line")
	}
	place := list[2]
	return &document{
		parsed: parsed, basePath: strings.TrimSuffix(base, "/"),
		before: source[:place], after: source[place:], indent: string(source[list[4]:list[5]]),
	}, nil
}

// yaml returns the YAML text with additional servers at the beginning of the list.
func (d *document) yaml(servers openapi3.Servers) []byte {
	text := bytes.Clone(d.before)
	for _, s := range servers { // a URL is ASCII, which YAML and Go quote in the same way
		text = fmt.Appendf(text, "%s- url: %s\n%s  description: %s\n", d.indent, strconv.Quote(s.URL), d.indent, s.Description)
	}
	return append(text, d.after...)
}

// json returns the document with additional servers at the beginning of the list, for encoding as JSON.
func (d *document) json(servers openapi3.Servers) *openapi3.T {
	doc := *d.parsed
	doc.Servers = append(servers, doc.Servers...)
	return &doc
}
