// Package api holds the OpenAPI documents that everything else in this module is made from, and loads
// them: the API's own and, beside it, the one of the sandbox's control. Nothing in them is written in
// Go a second time.
package api

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	//go:embed openapi.yaml
	document []byte
	//go:embed sandbox.yaml
	sandboxDocument []byte
)

var (
	readDocument        = sync.OnceValues(Load)
	readSandboxDocument = sync.OnceValues(LoadSandbox)
)

// Document returns what Load does, but always the same value, which nobody may change. It is read at the
// first call. It fails as Load does.
func Document() (*openapi3.T, error) { return readDocument() }

// SandboxDocument does with the document of the sandbox's control what Document does with the API's.
func SandboxDocument() (*openapi3.T, error) { return readSandboxDocument() }

// YAML returns a copy of the API's document as it was written.
func YAML() []byte {
	return append([]byte(nil), document...)
}

// Load parses the API's document and resolves its references. Each call returns a new value, which
// the caller may change. It fails only when the embedded document is not well-formed OpenAPI.
func Load() (*openapi3.T, error) {
	return load(document)
}

// LoadSandbox does with the document of the sandbox's control what Load does with the API's.
func LoadSandbox() (*openapi3.T, error) {
	return load(sandboxDocument)
}

// SandboxYAML returns a copy of the document of the sandbox's control as it was written.
func SandboxYAML() []byte {
	return append([]byte(nil), sandboxDocument...)
}

func load(document []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("api: load an OpenAPI document: %w", err)
	}
	return doc, nil
}
