package contract_test

import (
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/contract"
)

func TestExamplesMustSatisfyTheirSchema(t *testing.T) {
	t.Parallel()
	const reviews = "application/json: {schema: {type: object, additionalProperties: true}}"
	for _, row := range []struct {
		name string
		edit []string
		want string // "" if the document compiles
	}{
		{"a wrong type", []string{reviews, "application/json: {schema: {type: object, properties: {a: {type: integer}}}, examples: {odd: {value: {a: x}}}}"}, "example odd"},
		{"an integer of more than 64 bits", []string{reviews, "application/json: {schema: {type: object, properties: {a: {type: integer}}}, examples: {odd: {value: {a: 10000000000000000000}}}}"}, `paths./reviews.PUT.responses.200.content.application/json.examples.odd: the example does not satisfy its schema: type at "/a"`},
		{"an unnamed example", []string{reviews, "application/json: {schema: {type: object, properties: {a: {type: integer}}}, example: {a: 10000000000000000000}}"}, "content.application/json.example: "},
		{"a header", []string{"X-Total: {required: true, schema: {type: integer}}", "X-Total: {required: true, schema: {type: integer}, examples: {b: {value: 1}, a: {value: x}}}"}, "responses.200.headers.X-Total"},
		{"an example of the schema that does not satisfy it", []string{reviews, "application/json: {schema: {type: object, minProperties: 2, properties: {a: {type: integer, example: 1}}}}"}, ""},
		{"a schema that contains itself", []string{reviews, "application/json: {schema: {$ref: '#/components/schemas/Thing'}}", "properties:\n        id: {type: string, readOnly: true}", "properties:\n        part: {$ref: '#/components/schemas/Thing'}\n        id: {type: string, readOnly: true}"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := contract.Compile(loadLibrary(t, row.edit...), withReaders, contract.WithPrefer())
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}
