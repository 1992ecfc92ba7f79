package reference

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// errServersForm is for a list of servers whose place in the text cannot be told for sure.
var errServersForm = errors.New("reference: the document's servers are not written as a plain list")

// cutYAML cuts the source where its list of servers begins. It edits the text and not the tree: a
// tree that is written again loses the writer's line breaks, blank lines and quotes.
func cutYAML(source []byte, servers *yaml.Node) (text, error) {
	first := servers.Content[0]
	at := offset(source, first.Line, first.Column)
	if at < 0 {
		return text{}, errServersForm
	}
	if servers.Style&yaml.FlowStyle != 0 {
		return text{before: source[:at], after: source[at:], entry: flowEntry}, nil
	}
	// A list in block style: a dash stands before the item, and nothing but spaces before that.
	above := bytes.TrimSuffix(bytes.TrimRight(source[:at], " \t\r\n"), []byte("-"))
	line := bytes.LastIndexByte(above, '\n') + 1
	indent := above[line:]
	if len(bytes.Trim(indent, " ")) != 0 {
		return text{}, errServersForm
	}
	line = aboveComments(source, line)
	return text{before: source[:line], after: source[line:], entry: blockEntry(string(indent), lineBreak(source))}, nil
}

// flowEntry writes a server into a list such as [{url: …}]. A URL is printable ASCII, which JSON and
// YAML quote like Go.
func flowEntry(s server) string {
	return `{"url": ` + strconv.Quote(s.url) + `, "description": ` + strconv.Quote(s.description) + `}, `
}

// blockEntry writes a server into a list that has an item a line.
func blockEntry(indent, lineBreak string) func(server) string {
	return func(s server) string {
		return indent + "- url: " + strconv.Quote(s.url) + lineBreak +
			indent + "  description: " + s.description + lineBreak
	}
}

// aboveComments moves the beginning of a line up over the comments and the blank lines before it: a
// comment belongs to what follows it.
func aboveComments(source []byte, line int) int {
	for line > 0 {
		previous := bytes.LastIndexByte(source[:line-1], '\n') + 1
		content := bytes.TrimSpace(source[previous:line])
		if len(content) != 0 && content[0] != '#' {
			break
		}
		line = previous
	}
	return line
}

// lineBreak returns how the source ends its first line.
func lineBreak(source []byte) string {
	if end := bytes.IndexByte(source, '\n'); end > 0 && source[end-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// offset returns where in the source a line and a column are, both counted from 1 and in characters,
// or -1. Lines end as in YAML 1.1, section 4.1.4, which is how the parser counts them.
func offset(source []byte, line, column int) int {
	for at := 0; at < len(source); {
		if line == 1 && column == 1 {
			return at
		}
		r, size := utf8.DecodeRune(source[at:])
		at += size
		switch {
		case r == '\r' && at < len(source) && source[at] == '\n':
			// The line ends with the next character.
		case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			line--
		case line == 1 && r != '\ufeff': // a byte-order mark has no column
			column--
		}
	}
	return -1
}
