package contract

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// preferences answer the requests of one operation that choose their answer by the header Prefer
// (RFC 7240), as mock servers know it: code=404, example=name, or both.
type preferences struct {
	responses *openapi3.Responses
	keys      []string            // of the responses that have a status, in order
	samples   map[string]*samples // by key
	refusal   *failure            // for what the document does not have
	maxBody   int64
}

const (
	headerPrefer  = "Prefer"
	headerApplied = "Preference-Applied"

	preferredKey = "contract.preferred"
)

// varyByPrefer is the value of Vary where nobody else has set one. It is shared, so that it costs a
// request nothing; its capacity is its length, so that nobody adds to it in place.
var varyByPrefer = []string{headerPrefer}

// Preferred returns the preferences that a request was answered by, such as "code=404, example=gone",
// and "" when it was answered in any other way. It knows after the middleware has run.
func Preferred(ec echo.Context) string {
	applied, _ := ec.Get(preferredKey).(string)
	return applied
}

func compilePreferences(op *openapi3.Operation, place string, f *failures, unexpected *failure, maxBody int64) (*preferences, error) {
	p := &preferences{responses: op.Responses, samples: map[string]*samples{}, refusal: unexpected, maxBody: maxBody}
	if own, err := f.find(http.StatusUnprocessableEntity); err == nil && own.codes == nil {
		p.refusal = own
	}
	for _, key := range sortedKeys(op.Responses.Map()) {
		status := statusOf(op.Responses, key)
		if status == 0 {
			continue
		}
		s, err := compileSamples(op.Responses.Value(key).Value, place+".responses."+key)
		if err != nil {
			return nil, err
		}
		s.status = status
		p.keys = append(p.keys, key)
		p.samples[key] = s
	}
	return p, nil
}

// statusOf returns the status that a response is sent with when a request names none: its own, the
// first of its class, 500 for the default one; or the next that finds this response, where that one
// finds another. It is 0 for a response that no final status finds.
func statusOf(responses *openapi3.Responses, key string) int {
	start := http.StatusInternalServerError
	if n, err := strconv.Atoi(strings.ReplaceAll(key, "X", "0")); err == nil {
		start = n
	}
	if start < minStatus || start > maxStatus {
		return 0
	}
	for i := range maxStatus - minStatus + 1 {
		status := minStatus + (start-minStatus+i)%(maxStatus-minStatus+1)
		if found, _ := findResponse(responses, status); found == key {
			return status
		}
	}
	return 0
}

// The statuses of final answers (RFC 9110, section 15). One below 200 would leave the client waiting.
const (
	minStatus = 200
	maxStatus = 599
)

// serve answers a request that prefers an example, and says whether it has.
func (p *preferences) serve(ec echo.Context) (done bool, err error) {
	r, header := ec.Request(), ec.Response().Header()
	sent := r.Header[headerPrefer]
	if len(sent) == 0 {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			// A cache must know of the header also when it was not sent (RFC 7240, section 2).
			vary(header)
		}
		return false, nil
	}
	vary(header)
	code, name, readable := readPrefer(sent)
	switch {
	case !readable:
		return false, p.refuse("The header Prefer cannot be read. It is a list such as code=404, example=name.")
	case code == nil && name == nil:
		return false, nil
	}
	status, found, sample, sentence := p.choose(code, name)
	if sentence != "" {
		return false, p.refuse(sentence)
	}
	if r.Body != nil && r.Header.Get("Expect") == "" {
		// A client that is still sending when its connection closes would lose the answer.
		_, _ = io.CopyN(io.Discard, r.Body, p.maxBody)
	}
	for _, h := range found.headers {
		header.Set(h.name, h.value)
	}
	applied := appliedText(code, name)
	header.Set(headerApplied, applied)
	ec.Set(preferredKey, applied)
	if sample.mediaType == "" || status == http.StatusNoContent || status == http.StatusNotModified {
		return true, ec.NoContent(status)
	}
	return true, ec.Blob(status, sample.mediaType, sample.body)
}

func vary(header http.Header) {
	if header[echo.HeaderVary] == nil {
		header[echo.HeaderVary] = varyByPrefer
		return
	}
	header.Add(echo.HeaderVary, headerPrefer)
}

// choose finds the example that code and name, of which one may be nil, ask for. Where there is none,
// it returns a sentence that says what there is: a test that is mistyped must not do something else.
func (p *preferences) choose(code, name *string) (status int, found *samples, chosen *sample, sentence string) {
	if code == nil {
		for _, key := range p.keys {
			found = p.samples[key]
			if chosen = found.named[*name]; chosen != nil {
				return found.status, found, chosen, ""
			}
		}
		return 0, nil, nil, fmt.Sprintf("The document has no %s for this operation. %s", called("example", *name), has(p.names()))
	}
	status, err := strconv.Atoi(*code)
	if err != nil || len(*code) != 3 || status < minStatus || status > maxStatus {
		return 0, nil, nil, fmt.Sprintf("The document has no %s: a code is a number from %d to %d. %s", called("answer", *code), minStatus, maxStatus, has(p.codes()))
	}
	key, _ := findResponse(p.responses, status)
	found = p.samples[key]
	if found == nil {
		return 0, nil, nil, fmt.Sprintf("The document has no answer %d for this operation. %s", status, has(p.codes()))
	}
	switch {
	case name == nil && found.first == nil:
		return 0, nil, nil, fmt.Sprintf("The document has no example for the answer %d of this operation. %s", status, has(p.codes()))
	case name == nil:
		return status, found, found.first, ""
	case found.named[*name] == nil:
		return 0, nil, nil, fmt.Sprintf("The document has no %s for the answer %d of this operation. %s", called("example", *name), status, has(found.names))
	}
	return status, found, found.named[*name], ""
}

// codes are those that can be asked for, as the document writes them.
func (p *preferences) codes() []string {
	return slices.DeleteFunc(slices.Clone(p.keys), func(key string) bool { return p.samples[key].first == nil })
}

// names are those of all examples, each once.
func (p *preferences) names() []string {
	var names []string
	for _, key := range p.keys {
		for _, name := range p.samples[key].names {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (p *preferences) refuse(sentence string) error {
	return &Error{Status: http.StatusUnprocessableEntity, In: "header Prefer", Keyword: "prefer", Body: p.refusal.body(sentence)}
}

// called names what a client has sent, where that is short and harmless to read.
func called(noun, sent string) string {
	const maxShown = 64
	unprintable := func(c rune) bool { return c < ' ' || c > '~' }
	if sent == "" || len(sent) > maxShown || strings.ContainsFunc(sent, unprintable) {
		return "such " + noun
	}
	return noun + " " + sent
}

func has(names []string) string {
	if len(names) == 0 {
		return "It has none."
	}
	return "It has: " + strings.Join(names, ", ") + "."
}

// appliedText is the value of Preference-Applied (RFC 7240, section 3).
func appliedText(code, name *string) string {
	var parts []string
	if code != nil {
		parts = append(parts, "code="+*code)
	}
	if name != nil {
		word := *name
		if !isToken(word) {
			word = `"` + quotedPairs.Replace(word) + `"`
		}
		parts = append(parts, "example="+word)
	}
	return strings.Join(parts, ", ")
}

var quotedPairs = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// readPrefer returns the values of the preferences code and example, nil for one that was not sent.
// Several headers are one list, the first of a repeated preference counts, a preference without a
// value has an empty one, and other preferences and all parameters are passed over (RFC 7240,
// section 2).
func readPrefer(sent []string) (code, example *string, readable bool) {
	for _, rest := range sent {
		for more := true; more; {
			var one string
			one, rest, more = cutUnquoted(rest, ',')
			one, _, _ = cutUnquoted(one, ';')
			if one = trim(one); one == "" {
				continue // an empty element of a list means nothing (RFC 9110, section 5.6.1.2)
			}
			name, word, _ := cutUnquoted(one, '=')
			value, ok := unquote(trim(word))
			if name = trim(name); !ok || !isToken(name) {
				return nil, nil, false
			}
			switch {
			case code == nil && strings.EqualFold(name, "code"):
				code = &value
			case example == nil && strings.EqualFold(name, "example"):
				example = &value
			}
		}
	}
	return code, example, true
}

func trim(s string) string { return strings.Trim(s, " \t") }

// cutUnquoted is strings.Cut at the first separator that is not in a quoted string.
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

// unquote returns what a quoted string (RFC 9110, section 5.6.4) holds, and everything else as it is.
// It is not ok when there is a quote that is not a whole string's.
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

// isToken says whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	strange := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	}
	return s != "" && !strings.ContainsFunc(s, strange)
}
