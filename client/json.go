package client

import (
	"encoding/json"
	"iter"
	"strings"
)

// members returns the names and the values, as they are written, of the members of a JSON object. body
// must be one, and well-formed: so nothing is checked here, and nothing copied.
func members(body []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		text := string(body)
		for i := strings.IndexByte(text, '{') + 1; ; {
			i += spaces(text[i:])
			if text[i] == '}' {
				return
			}
			name := text[i : i+length(text[i:])]
			i += len(name)
			i += spaces(text[i:])
			value := text[i : i+length(text[i:])]
			i += len(value)
			if !yield(unquote(name), value) {
				return
			}
		}
	}
}

// spaces is the length of what is between names and values.
func spaces(text string) int {
	return len(text) - len(strings.TrimLeft(text, " \t\r\n:,"))
}

// length is the length of the value that text begins with.
func length(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of what the value is in
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// unquote returns what a JSON string stands for.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(quoted), &text) // it is well-formed
	return text
}
