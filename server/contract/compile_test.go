package contract_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/server/contract"
)

// TestCompileRejectsWhatItCannotEnforce changes one place of the library's document per case. The error must name it.
func TestCompileRejectsWhatItCannotEnforce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		edit []string
		want []string
	}{
		{"OpenAPI 3.1", []string{"openapi: 3.0.3", "openapi: 3.1.0"}, []string{"openapi", "3.1.0"}},
		{"an invalid document", []string{"info: {title: Library, version: 1.0.0}", "info: {title: Library}"}, []string{"not valid", "version"}},
		{"cookie credentials", []string{"key: {type: apiKey, in: query, name: key}", "key: {type: apiKey, in: cookie, name: key}"}, []string{"components.securitySchemes.key", "cookie"}},
		{"OAuth credentials", []string{"token: {type: http, scheme: bearer}", "token: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.example/t', scopes: {}}}}"}, []string{"components.securitySchemes.token", "oauth2"}},
		{"OpenID credentials", []string{"token: {type: http, scheme: bearer}", "token: {type: openIdConnect, openIdConnectUrl: 'https://a.example/t'}"}, []string{"components.securitySchemes.token", "openIdConnect"}},
		{"digest credentials", []string{"user: {type: http, scheme: basic}", "user: {type: http, scheme: digest}"}, []string{"components.securitySchemes.user", "digest"}},
		{"credentials that are not declared", []string{"security: [{}, {token: []}]", "security: [{nobody: []}]"}, []string{"not valid", "nobody"}},
		{"no operationId", []string{"operationId: get-book", "description: x"}, []string{"paths./books/{id}.GET", "operationId"}},
		{"an operation's own server", []string{"operationId: get-book", "operationId: get-book\n      servers: [{url: 'https://b.example'}]"}, []string{"paths./books/{id}.GET", "servers"}},
		{"a path's own server", []string{"  /reviews:\n", "  /reviews:\n    servers: [{url: 'https://b.example'}]\n"}, []string{"paths./reviews", "servers"}},
		{"a code outside the 400 enum, on a schema", []string{"minimum: pages_too_few", "minimum: pages_wrong"}, []string{"pages_wrong", "paths./books.POST", "enum"}},
		{"a code outside the 400 enum, for an unused keyword", []string{"enum: kind_unknown}", "enum: kind_unknown, maxLength: odd}"}, []string{`"odd"`, "enum"}},
		{"a code outside the 400 enum, on the body", []string{"unreadable: unreadable", "unreadable: no_body"}, []string{"no_body", "requestBody"}},
		{"a code outside the 401 enum", []string{"missing: who_are_you", "missing: who"}, []string{`"who"`, "responses.401"}},
		{"an implementation's code outside the enum", []string{"implementation: [duplicate]", "implementation: [twice]"}, []string{"twice", "responses.400"}},
		{"a code that no check produces", []string{"implementation: [duplicate]", "implementation: []"}, []string{"duplicate", "responses.400", "no check produces"}},
		{"a code whose keyword the schema does not have", []string{"minimum: 1, x-error-codes: {minimum: pages_too_few}", "x-error-codes: {minimum: pages_too_few}"}, []string{"pages_too_few", "no check produces"}},
		{"a keyword without a code", []string{"unreadable: unreadable, invalid: invalid", "unreadable: unreadable"}, []string{"needs a code", "paths./books.POST"}},
		{"a body without a code", []string{"x-error-codes: {unreadable: unreadable, invalid: invalid}", "description: x"}, []string{"unreadable", "needs a code", "requestBody"}},
		{"a 401 without a code", []string{"missing: who_are_you, ", ""}, []string{"missing", "responses.401"}},
		{"codes that are not an object", []string{"x-error-codes: {enum: kind_unknown}", "x-error-codes: [kind_unknown]"}, []string{"x-error-codes", "kind"}},
		{"a code that is not a string", []string{"enum: kind_unknown}", "enum: 7}"}, []string{"x-error-codes", "kind"}},
		{"a list of codes in the wrong place", []string{"enum: kind_unknown}", "enum: [kind_unknown]}"}, []string{"x-error-codes", "kind"}},
		{"an unknown key on a schema", []string{"enum: kind_unknown}", "enum: kind_unknown, enums: kind_unknown}"}, []string{`unknown key "enums"`, "kind", "additionalProperties"}},
		{"an unknown key on a body", []string{"unreadable: unreadable, invalid", "unreadable: unreadable, typo: invalid, invalid"}, []string{`unknown key "typo"`, "requestBody", "mediaType"}},
		{"an unknown key on a response", []string{"implementation: [duplicate]", "implementations: [duplicate]"}, []string{`unknown key "implementations"`, "responses.400"}},
		{"no default response", []string{"        '204': {description: Gone.}\n        default: {$ref: '#/components/responses/Failure'}", "        '204': {description: Gone.}"}, []string{"paths./books/{id}.DELETE.responses", "500"}},
		{"an error response that is not JSON", []string{"      content:\n        application/json:\n          schema:\n            type: object\n            required: [detail]", "      content:\n        text/plain:\n          schema:\n            type: object\n            required: [detail]"}, []string{"responses.default", "application/json"}},
		{"an error response without a required member", []string{"required: [detail]", "required: []"}, []string{"responses.default", "exactly one required member"}},
		{"an error response with a number", []string{"detail: {type: string}", "detail: {type: integer}"}, []string{"responses.default", "not a string"}},
		{"a default response with an enum of codes", []string{"detail: {type: string}", "detail: {type: string, enum: [failed]}"}, []string{"remove the enum"}},
		{"a range of media types", []string{"text/plain: {schema: {type: string, maxLength: 20}}", "text/*: {schema: {type: string}}"}, []string{"requestBody.content.text/*", "range"}},
		{"a media type without a decoder", []string{"text/plain: {schema: {type: string, maxLength: 20}}", "application/x-unknown: {schema: {type: string}}"}, []string{"requestBody.content.application/x-unknown"}},
		{"a limit that a float64 does not keep", []string{"stars: {type: integer, format: int32}", "stars: {type: integer, maximum: 9007199254740993}"}, []string{"properties.stars", "2^53"}},
		{"a value that a float64 does not keep", []string{"stars: {type: integer, format: int32}", "stars: {type: integer, enum: [1, 9007199254740993]}"}, []string{"properties.stars", "2^53"}},
		{"an integer under not", []string{"stars: {type: integer, format: int32}", "stars: {not: {items: {type: integer}}}"}, []string{"properties.stars.not.items", "not"}},
		{"a limit in a response that a float64 does not keep", []string{"schema: {type: object, additionalProperties: true}", "schema: {type: object, properties: {n: {type: integer, minimum: -9007199254740993}}}"}, []string{"responses.200", "2^53"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := contract.Compile(loadLibrary(t, row.edit...), withReaders)
			if err == nil {
				t.Fatal("it compiles")
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error %q does not contain %q", err, part)
				}
			}
		})
	}
}

// withReaders accepts the readers of the library.
var withReaders = contract.WithAuthenticator(contract.AuthenticatorFunc(authenticate))

func TestCompileChecksItsOptions(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]contract.Option{
		"authenticator": nil,
		"bytes":         {withReaders, contract.WithMaxBody(0)},
		"time limit":    {withReaders, contract.WithTimeLimit(0)},
		"ResponseCheck": {withReaders, contract.WithResponseCheck(9)},
		"logger":        {withReaders, contract.WithLogger(nil)},
	} {
		if _, err := contract.Compile(loadLibrary(t), options...); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := contract.Compile(nil); err == nil {
		t.Error("no document compiles")
	}
	if _, err := contract.Compile(&openapi3.T{OpenAPI: "3.0.3", Info: &openapi3.Info{Title: "x", Version: "1"}, Paths: openapi3.NewPaths()}); err == nil || !strings.Contains(err.Error(), "no operation") {
		t.Errorf("no operations: %v", err)
	}
	if _, err := contract.Compile(loadLibrary(t), withReaders, contract.WithLogger(slog.Default())); err != nil {
		t.Error(err)
	}
}
