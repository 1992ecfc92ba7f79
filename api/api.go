// Package api holds the OpenAPI document that everything else in this module is made from, and
// loads it. Nothing in it is written in Go a second time.
package api

import (
	_ "embed"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var document []byte

// YAML returns a copy of the document as it was written.
func YAML() []byte {
	return append([]byte(nil), document...)
}

// Load parses the document and resolves its references. Each call returns a new value, which the
// caller may change. It fails only when the embedded document is not well-formed OpenAPI.
func Load() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("api: load the OpenAPI document: %w", err)
	}
	return doc, nil
}
