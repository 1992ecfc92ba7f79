package contract

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// preferences responds to the requests of one operation that select an example with the header Prefer.
type preferences struct {
	responses *openapi3.Responses
	keys      []string                     // of the responses that a final status can have, sorted
	examples  map[string]*responseExamples // by key
	refusal   *errorResponse               // for an example that the document does not have
	maxBody   int64
}

const (
	headerPrefer  = "Prefer"
	headerApplied = "Preference-Applied"

	preferredKey = "contract.preferred"
)

// PreferredExample returns the preferences that selected the response, such as "code=404, example=gone", and "" if
// the response is not an example. Call it after Middleware has returned.
func PreferredExample(ec echo.Context) string {
	applied, _ := ec.Get(preferredKey).(string)
	return applied
}

func compilePreferences(op *openapi3.Operation, place string, errorResponses *errorResponses, failure *errorResponse, maxBody int64) (*preferences, error) {
	p := &preferences{responses: op.Responses, examples: map[string]*responseExamples{}, refusal: failure, maxBody: maxBody}
	if own, err := errorResponses.find(http.StatusUnprocessableEntity); err == nil && own.codes == nil {
		p.refusal = own
	}
	for _, key := range sortedKeys(op.Responses.Map()) {
		status := statusOf(op.Responses, key)
		if status == 0 {
			continue
		}
		examples, err := compileExamples(op.Responses.Value(key).Value, place+".responses."+key)
		if err != nil {
			return nil, err
		}
		examples.status = status
		p.keys = append(p.keys, key)
		p.examples[key] = examples
	}
	return p, nil
}

// The statuses of final responses (RFC 9110, section 15).
const (
	minStatus = 200
	maxStatus = 599
)

// statusOf returns the status that a response is sent with if the request selects none: its own, the first of its
// class, 500 for the default response. If the document declares another response for this status, it is the next
// status that belongs to this response. It is 0 if no final status does.
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

// serve sends the example that the request selects. done is false if it selects none.
func (p *preferences) serve(ec echo.Context) (done bool, err error) {
	r, header := ec.Request(), ec.Response().Header()
	sent := r.Header[headerPrefer]
	if len(sent) > 0 || r.Method == http.MethodGet || r.Method == http.MethodHead {
		// Caches need it also for requests without the header (RFC 7240, section 2).
		header.Add(echo.HeaderVary, headerPrefer)
	}
	selected, ok := parsePrefer(sent)
	if !ok {
		return false, p.refuse("The header Prefer cannot be read. It is a list such as code=404, example=name.")
	}
	if selected.code == nil && selected.example == nil {
		return false, nil
	}
	status, examples, body, sentence := p.find(selected)
	if sentence != "" {
		return false, p.refuse(sentence)
	}
	if r.Body != nil && r.Header.Get("Expect") == "" {
		// If the connection closed before the client has sent its body, the client would lose the response.
		_, _ = io.CopyN(io.Discard, r.Body, p.maxBody)
	}
	maps.Copy(header, examples.headers)
	applied := selected.String()
	header.Set(headerApplied, applied)
	ec.Set(preferredKey, applied)
	if body.contentType == "" || status == http.StatusNoContent || status == http.StatusNotModified {
		return true, ec.NoContent(status)
	}
	return true, ec.Blob(status, body.contentType, body.body)
}

// find returns the selected example and its status. If the document does not have it, find returns a sentence
// that lists the existing ones: a typing error in a test must not select another response.
func (p *preferences) find(selected preference) (status int, examples *responseExamples, found *example, sentence string) {
	name := selected.example
	if selected.code == nil {
		for _, key := range p.keys {
			examples = p.examples[key]
			if found = examples.named[*name]; found != nil {
				return examples.status, examples, found, ""
			}
		}
		return 0, nil, nil, fmt.Sprintf("The document has no %s for this operation. %s", quoteSent("example", *name), enumerate(p.names()))
	}
	status, err := strconv.Atoi(*selected.code)
	if err != nil || len(*selected.code) != 3 || status < minStatus || status > maxStatus {
		return 0, nil, nil, fmt.Sprintf("The document has no %s: a code is a number from %d to %d. %s", quoteSent("response", *selected.code), minStatus, maxStatus, enumerate(p.codes()))
	}
	key, _ := findResponse(p.responses, status)
	examples = p.examples[key]
	switch {
	case examples == nil:
		sentence = fmt.Sprintf("The document has no response %d for this operation. %s", status, enumerate(p.codes()))
	case name == nil && examples.first == nil:
		sentence = fmt.Sprintf("The document has no example for the response %d of this operation. %s", status, enumerate(p.codes()))
	case name == nil:
		found = examples.first
	case examples.named[*name] == nil:
		sentence = fmt.Sprintf("The document has no %s for the response %d of this operation. %s", quoteSent("example", *name), status, enumerate(examples.names))
	default:
		found = examples.named[*name]
	}
	return status, examples, found, sentence
}

// codes returns the keys of the responses that have examples.
func (p *preferences) codes() []string {
	return slices.DeleteFunc(slices.Clone(p.keys), func(key string) bool { return p.examples[key].first == nil })
}

// names returns the names of all examples, without duplicates.
func (p *preferences) names() []string {
	var names []string
	for _, key := range p.keys {
		for _, name := range p.examples[key].names {
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

var shown = regexp.MustCompile(`^[ -~]{1,64}$`)

// quoteSent returns noun and what the client sent, without the latter if it is long or not printable.
func quoteSent(noun, sent string) string {
	if !shown.MatchString(sent) {
		return "such " + noun
	}
	return noun + " " + sent
}

func enumerate(names []string) string {
	if len(names) == 0 {
		return "None is available."
	}
	return "Available: " + strings.Join(names, ", ") + "."
}
