package reference

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document is an OpenAPI document, ready to be served in both of its forms.
type document struct {
	title    string
	basePath string // of the first server, without a slash at its end
	yaml     text
	json     text
}

// text is one form of the document, cut at the place where servers are added.
type text struct {
	before, after []byte
	entry         func(server) string // how a server is written there
}

// with returns the text with servers before its own.
func (t text) with(servers []server) []byte {
	all := append([]byte(nil), t.before...)
	for _, s := range servers {
		all = append(all, t.entry(s)...)
	}
	return append(all, t.after...)
}

func parseDocument(source []byte) (*document, error) {
	if !utf8.Valid(source) { // YAML may be in UTF-16, in which places are found otherwise
		return nil, errors.New("reference: the document is not in UTF-8")
	}
	var file yaml.Node
	if err := yaml.Load(source, &file); err != nil {
		return nil, fmt.Errorf("reference: read the document: %w", err)
	}
	if file.Kind != yaml.DocumentNode || len(file.Content) != 1 || file.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("reference: the document is not an object")
	}
	root := file.Content[0]
	servers := member(root, "servers")
	if servers == nil || servers.Kind != yaml.SequenceNode || len(servers.Content) == 0 {
		return nil, errors.New("reference: the document has no list of servers")
	}
	d := &document{title: value(member(root, "info"), "title")}
	if d.title == "" {
		d.title = "API"
	}
	var err error
	if d.basePath, err = basePath(servers.Content[0]); err != nil {
		return nil, err
	}
	if d.yaml, err = cutYAML(source, servers); err != nil {
		return nil, err
	}
	d.json, err = cutJSON(root, servers)
	return d, err
}

// basePath returns the path of a server's URL, in which variables have their defaults.
func basePath(server *yaml.Node) (string, error) {
	address := value(server, "url")
	if variables := resolve(member(server, "variables")); variables != nil && variables.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(variables.Content); i += 2 {
			name := variables.Content[i].Value
			address = strings.ReplaceAll(address, "{"+name+"}", value(variables.Content[i+1], "default"))
		}
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", fmt.Errorf("reference: the document's first server: %w", err)
	case address == "" || u.Opaque != "":
		return "", fmt.Errorf("reference: the document's first server has the URL %q, in which there is no path", address)
	}
	path := strings.Trim(u.EscapedPath(), "/")
	if path == "" {
		return "", nil
	}
	return "/" + path, nil
}

// member returns the value of a mapping's member, or nil. An alias of the list of servers is not
// followed: its text is elsewhere.
func member(mapping *yaml.Node, name string) *yaml.Node {
	mapping = resolve(mapping)
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// value returns the value of a mapping's member that is a scalar, or nothing.
func value(mapping *yaml.Node, name string) string {
	if v := resolve(member(mapping, name)); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// resolve returns what an alias stands for, and any other node as it is.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
