package api_test

import (
	"bytes"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/api"
)

func TestDocument(t *testing.T) {
	t.Parallel()
	document, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	text := api.YAML()
	if !bytes.HasPrefix(text, []byte("openapi: 3.0.3\n")) {
		t.Errorf("the document begins with %.20q", text)
	}
	text[0] = 'x'
	if api.YAML()[0] != 'o' {
		t.Error("a caller can change the document")
	}
}

// TestExamples: each response has an example, and each error code has an example of its name and a description.
func TestExamples(t *testing.T) {
	t.Parallel()
	document, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				testExamples(t, method+" "+path+" "+status, response.Value.Content["application/json"])
			}
		}
	}
}

func testExamples(t *testing.T, response string, media *openapi3.MediaType) {
	t.Helper()
	if media == nil || len(media.Examples) == 0 {
		t.Errorf("%s has no example", response)
		return
	}
	message := media.Schema.Value.Properties["message"]
	if message == nil {
		return
	}
	described, _ := message.Value.Extensions["x-enumDescriptions"].(map[string]any)
	for _, code := range message.Value.Enum {
		if media.Examples[code.(string)] == nil {
			t.Errorf("%s has no example of %s", response, code)
		}
		if described[code.(string)] == nil {
			t.Errorf("%s has no description", code)
		}
	}
}
