package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// extension is the name of the document's extension that maps failed checks to error codes.
const extension = "x-error-codes"

// Keys of the extension that are no keywords of a schema.
const (
	keyImplementation = "implementation"
	keyInvalid        = "invalid"
	keyMissing        = "missing"
	keyRequired       = "required"
	keyUnreadable     = "unreadable"
)

// errorResponse is a response of the document for failed requests: an object with one required string member
// that contains either a code or a sentence.
type errorResponse struct {
	place    string
	member   string
	codes    []string        // nil if the member contains a sentence
	produced map[string]bool // the codes that checks produce
}

// body returns the JSON body with message as the value of the member.
func (r *errorResponse) body(message string) []byte {
	body, err := json.Marshal(map[string]string{r.member: message})
	if err != nil {
		return []byte("{}") // a map of strings is always valid JSON
	}
	return body
}

// checkCode returns an error if the response has an enum of codes without code, which stands at place.
func (r *errorResponse) checkCode(code, key, place string) error {
	if r.codes == nil || slices.Contains(r.codes, code) {
		return nil
	}
	return documentError(place+"."+extension, "the code %q of %q is not in the enum of %s: add it there, or map another code", code, key, r.place)
}

// errorResponses are the error responses of one operation.
type errorResponses struct {
	operation *openapi3.Operation
	place     string
	byKey     map[string]*errorResponse // 400, 4XX or default
}

func newErrorResponses(operation *openapi3.Operation, place string) *errorResponses {
	return &errorResponses{operation: operation, place: place, byKey: map[string]*errorResponse{}}
}

// prepare completes e, the error of a check at place, with its body: e.Code, or sentence if the document
// has no codes for the status.
func (r *errorResponses) prepare(e Error, sentence, place string) (*Error, error) {
	response, err := r.find(e.Status)
	if err != nil {
		return nil, err
	}
	if e.Code == "" {
		if response.codes != nil {
			return nil, documentError(place, "the check %q fails with %d, which needs a code: map one in %s", e.Keyword, e.Status, extension)
		}
		e.Body = response.body(sentence)
		return &e, nil
	}
	if err := response.checkCode(e.Code, e.Keyword, place); err != nil {
		return nil, err
	}
	response.produced[e.Code] = true
	e.Body = response.body(e.Code)
	return &e, nil
}

// find returns the error response for a status.
func (r *errorResponses) find(status int) (*errorResponse, error) {
	key, declared := findResponse(r.operation.Responses, status)
	if declared == nil {
		return nil, documentError(r.place+".responses", "a check fails with %d: declare this response or a default response", status)
	}
	if known := r.byKey[key]; known != nil {
		return known, nil
	}
	place := r.place + ".responses." + key
	media := declared.Content[mediaJSON]
	if media == nil || media.Schema == nil {
		return nil, documentError(place, "an error response needs a schema for %s", mediaJSON)
	}
	name, property, err := errorMember(media.Schema.Value)
	if err != nil {
		return nil, documentError(place, "%v", err)
	}
	response := &errorResponse{place: place, member: name, produced: map[string]bool{}}
	for _, value := range property.Enum {
		code, ok := value.(string)
		if !ok {
			return nil, documentError(place, "the code %v is not a string", value)
		}
		response.codes = append(response.codes, code)
	}
	r.byKey[key] = response
	return response, nil
}

// checkCodes returns an error if a code of an error response is neither produced by a check nor listed as the
// implementation's. All checks of the operation must have been prepared before.
func (r *errorResponses) checkCodes() error {
	for _, key := range sortedKeys(r.operation.Responses.Map()) {
		if key[0] < '4' {
			continue // no error response
		}
		place := r.place + ".responses." + key
		_, own, err := readCodes(r.operation.Responses.Value(key).Value.Extensions, place, keyMissing, keyInvalid, keyImplementation)
		if err != nil {
			return err
		}
		status, err := strconv.Atoi(strings.ReplaceAll(key, "X", "0"))
		if err != nil {
			status = 500 // default
		}
		response, err := r.find(status)
		if err == nil {
			err = response.checkProduced(own)
		} else if len(own) == 0 {
			continue // only the implementation sends it, and its schema may be any
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkProduced compares the codes of the response with those that checks produce and own, the implementation's.
func (r *errorResponse) checkProduced(own []string) error {
	for _, code := range own {
		if !slices.Contains(r.codes, code) {
			return documentError(r.place+"."+extension, "the code %q of %q is not in the enum of the response: add it there", code, keyImplementation)
		}
	}
	for _, code := range r.codes {
		if !r.produced[code] && !slices.Contains(own, code) {
			return documentError(r.place, "no check produces the code %q: map it, or list it in %s.%s if the implementation produces it", code, extension, keyImplementation)
		}
	}
	return nil
}

// findResponse returns the key and the response for a status, as OpenAPI defines it: the status itself, its
// class, the default. It returns nil if the document declares none of them.
func findResponse(responses *openapi3.Responses, status int) (string, *openapi3.Response) {
	key := strconv.Itoa(status)
	if responses.Value(key) == nil {
		key = key[:1] + "XX"
	}
	if responses.Value(key) == nil {
		key = "default"
	}
	if ref := responses.Value(key); ref != nil {
		return key, ref.Value
	}
	return "", nil
}

// errorMember returns the member of an error response that contains its code or sentence.
func errorMember(schema *openapi3.Schema) (string, *openapi3.Schema, error) {
	if !schema.Type.Is(openapi3.TypeObject) || len(schema.Required) != 1 {
		return "", nil, fmt.Errorf("an error response must be an object with exactly one required member, for its code or sentence")
	}
	name := schema.Required[0]
	property := schema.Properties[name]
	if property == nil || !property.Value.Type.Is(openapi3.TypeString) {
		return "", nil, fmt.Errorf("the required member %q of an error response is not a string", name)
	}
	return name, property.Value, nil
}

// errorCodes maps failed checks to codes.
type errorCodes map[string]string

// first returns the code of the first key that has one, else "".
func (c errorCodes) first(keys ...string) string {
	for _, key := range keys {
		if c[key] != "" {
			return c[key]
		}
	}
	return ""
}

// readCodes reads the extension at place, in which only the given keys are allowed. own are the codes of
// the key implementation.
func readCodes(extensions map[string]any, place string, allowed ...string) (codes errorCodes, own []string, err error) {
	value, ok := extensions[extension]
	if !ok {
		return nil, nil, nil
	}
	place += "." + extension
	entries, ok := value.(map[string]any)
	if !ok {
		return nil, nil, documentError(place, "the extension must be an object")
	}
	codes = errorCodes{}
	for _, key := range sortedKeys(entries) {
		if !slices.Contains(allowed, key) {
			return nil, nil, documentError(place, "unknown key %q: use %s", key, strings.Join(allowed, ", "))
		}
		if key == keyImplementation {
			if own, ok = stringsOf(entries[key]); !ok {
				return nil, nil, documentError(place, "the value of %q must be a list of codes", key)
			}
			continue
		}
		if codes[key], ok = entries[key].(string); !ok {
			return nil, nil, documentError(place, "the value of %q must be a code", key)
		}
	}
	return codes, own, nil
}

func stringsOf(value any) (list []string, ok bool) {
	items, ok := value.([]any)
	for _, item := range items {
		text, isString := item.(string)
		list, ok = append(list, text), ok && isString
	}
	return list, ok
}
