package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// extension is where the document says which error code a failed check is answered with.
const extension = "x-error-codes"

// implementation is the key, below x-error-codes of an answer, of the codes that no check produces.
const implementation = "implementation"

var pathParameter = regexp.MustCompile(`\{[.;?]?([^{}*]+)\*?\}`)

// mediaJSON is the media type of every answer that this package gives.
const mediaJSON = "application/json"

// failure is an answer of the document for requests that fail, as a template: an object with one
// required member that holds either one of the document's codes or a sentence.
type failure struct {
	status   int
	place    string
	member   string
	codes    []string // the closed list of codes, nil when the member is free text
	produced map[string]bool
}

// body renders the answer's body.
func (f *failure) body(message string) []byte {
	text, err := json.Marshal(map[string]string{f.member: message})
	if err != nil {
		return []byte("{}") // cannot be: strings are always JSON
	}
	return text
}

// failures are the failing answers of one operation, by status, made when a check needs them.
type failures struct {
	operation *openapi3.Operation
	place     string
	byStatus  map[string]*failure
}

// answer prepares what a failed check is answered with. sentence is used when the answer's member
// is free text and there is no code.
func (f *failures) answer(status int, code, in, keyword, sentence, place string) (*Error, error) {
	template, err := f.find(status)
	if err != nil {
		return nil, err
	}
	switch {
	case code == "" && template.codes != nil:
		return nil, placed(place, "%q can fail and is answered with %d, whose codes are closed, but %s maps no code for it", keyword, status, extension)
	case code != "" && template.codes != nil && !slices.Contains(template.codes, code):
		return nil, placed(place+"."+extension, "%q maps to %q, which is not in the enum of the answer %d (%s)", keyword, code, status, template.place)
	}
	message := code
	if code == "" {
		message = sentence
	} else {
		template.produced[code] = true
	}
	return &Error{Status: status, Code: code, In: in, Keyword: keyword, Body: template.body(message)}, nil
}

// find looks a status up as OpenAPI says: the status itself, its class, the default.
func (f *failures) find(status int) (*failure, error) {
	key, response := findResponse(f.operation.Responses, status)
	if response == nil {
		return nil, placed(f.place+".responses", "a check can answer %d, but neither it nor default is documented", status)
	}
	if known := f.byStatus[key]; known != nil {
		return &failure{status, known.place, known.member, known.codes, known.produced}, nil
	}
	place := f.place + ".responses." + key
	media := response.Content[mediaJSON]
	if media == nil || media.Schema == nil {
		return nil, placed(place, "a failure is answered in %s, which this answer does not have", mediaJSON)
	}
	name, property, err := errorMember(media.Schema.Value)
	if err != nil {
		return nil, placed(place, "%v", err)
	}
	found := &failure{status: status, place: place, member: name, produced: map[string]bool{}}
	for _, value := range property.Enum {
		text, ok := value.(string)
		if !ok {
			return nil, placed(place, "the code %v is not a string", value)
		}
		found.codes = append(found.codes, text)
	}
	f.byStatus[key] = found
	return found, nil
}

// finish checks that every code of every failing answer is produced by a check, or is marked as the
// implementation's own. It is called when all checks are compiled.
func (f *failures) finish() error {
	for _, key := range sortedKeys(f.operation.Responses.Map()) {
		if strings.HasPrefix(key, "1") || strings.HasPrefix(key, "2") || strings.HasPrefix(key, "3") {
			continue
		}
		place := f.place + ".responses." + key
		_, own, err := readCodes(f.operation.Responses.Value(key).Value.Extensions, place)
		if err != nil {
			return err
		}
		status, err := strconv.Atoi(strings.ReplaceAll(key, "X", "0"))
		if err != nil {
			status = 500
		}
		answer, err := f.find(status)
		if err != nil {
			if len(own) > 0 {
				return err
			}
			continue // an answer of the implementation's own, with a shape of its own
		}
		for _, code := range own {
			if !slices.Contains(answer.codes, code) {
				return placed(place+"."+extension, "%q is marked as the implementation's own, but it is not in the answer's enum", code)
			}
		}
		for _, code := range answer.codes {
			if !answer.produced[code] && !slices.Contains(own, code) {
				return placed(place, "nothing produces the code %q; if the implementation does, list it in %s.%s", code, extension, implementation)
			}
		}
	}
	return nil
}

// findResponse returns the key and the response for a status, nil when there is none.
func findResponse(responses *openapi3.Responses, status int) (string, *openapi3.Response) {
	for _, key := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX", "default"} {
		if ref := responses.Value(key); ref != nil && ref.Value != nil {
			return key, ref.Value
		}
	}
	return "", nil
}

// errorMember returns the one member of a failing answer that says what failed.
func errorMember(schema *openapi3.Schema) (string, *openapi3.Schema, error) {
	if !schema.Type.Is(openapi3.TypeObject) || len(schema.Required) != 1 {
		return "", nil, fmt.Errorf("a failure is an object with exactly one required member, for its code or sentence")
	}
	name := schema.Required[0]
	property := schema.Properties[name]
	if property == nil || !property.Value.Type.Is(openapi3.TypeString) {
		return "", nil, fmt.Errorf("the required member %q of a failure is not a string", name)
	}
	return name, property.Value, nil
}

// readCodes reads x-error-codes of one place: the codes by what failed, and the implementation's own.
func readCodes(extensions map[string]any, place string) (codes map[string]string, own []string, err error) {
	value, ok := extensions[extension]
	if !ok {
		return nil, nil, nil
	}
	entries, ok := value.(map[string]any)
	if !ok {
		return nil, nil, placed(place+"."+extension, "it is not an object")
	}
	codes = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		switch entry := entries[key].(type) {
		case string:
			codes[key] = entry
		case []any:
			for _, item := range entry {
				code, ok := item.(string)
				if !ok || key != implementation {
					return nil, nil, placed(place+"."+extension, "%q is not a code", key)
				}
				own = append(own, code)
			}
		default:
			return nil, nil, placed(place+"."+extension, "%q is not a code", key)
		}
	}
	return codes, own, nil
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
