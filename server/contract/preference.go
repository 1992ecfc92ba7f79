package contract

import "strings"

// preference is what the header Prefer (RFC 7240) selects. A nil value was not sent.
type preference struct{ code, example *string }

// String returns the value of Preference-Applied (RFC 7240, section 3).
func (p preference) String() string {
	var parts []string
	if p.code != nil {
		parts = append(parts, "code="+*p.code)
	}
	if p.example != nil {
		word := *p.example
		if !isToken(word) {
			word = `"` + quotedPairs.Replace(word) + `"`
		}
		parts = append(parts, "example="+word)
	}
	return strings.Join(parts, ", ")
}

var quotedPairs = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// parsePrefer reads the headers, and returns false if they are malformed. Several headers are one list, the first
// of a repeated preference counts, a preference without a value has an empty one. Other preferences and
// all parameters are ignored (RFC 7240, section 2).
func parsePrefer(headers []string) (p preference, ok bool) {
	for _, rest := range headers {
		for more := true; more; {
			var element string
			element, rest, more = cutUnquoted(rest, ',')
			element, _, _ = cutUnquoted(element, ';')
			if element = trimSpace(element); element == "" {
				continue // RFC 9110, section 5.6.1.2: empty elements are ignored
			}
			name, word, _ := cutUnquoted(element, '=')
			name = trimSpace(name)
			value, ok := unquote(trimSpace(word))
			if !ok || !isToken(name) {
				return preference{}, false
			}
			switch {
			case p.code == nil && strings.EqualFold(name, "code"):
				p.code = &value
			case p.example == nil && strings.EqualFold(name, "example"):
				p.example = &value
			}
		}
	}
	return p, true
}

func trimSpace(s string) string { return strings.Trim(s, " \t") }

// cutUnquoted is strings.Cut at the first separator outside of a quoted string.
func cutUnquoted(s string, separator byte) (before, after string, found bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// unquote returns the content of a quoted string (RFC 9110, section 5.6.4), and any other value unchanged. It returns
// false if a quote does not begin or end the value.
func unquote(s string) (value string, ok bool) {
	if !strings.Contains(s, `"`) {
		return s, true
	}
	if s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] == '"' {
			return b.String(), i == len(s)-1
		}
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return "", false
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	isOther := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	}
	return s != "" && !strings.ContainsFunc(s, isOther)
}
