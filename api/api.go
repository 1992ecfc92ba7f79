// Package api embeds and loads the OpenAPI documents of this module: the billing API and the sandbox's control API. They
// are the only source of paths, limits, header names and error codes.
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

// Document returns the document of the billing API. It is parsed once and shared: do not change it. The errors are those
// of Load.
func Document() (*openapi3.T, error) { return readDocument() }

// SandboxDocument is Document for the sandbox's control API.
func SandboxDocument() (*openapi3.T, error) { return readSandboxDocument() }

// YAML returns a copy of the source of the billing API's document.
func YAML() []byte {
	return append([]byte(nil), document...)
}

// Load parses the document of the billing API and resolves its references. Each call returns a new value, which the
// caller may change. It returns an error only if the embedded document is not well-formed OpenAPI.
func Load() (*openapi3.T, error) {
	return load(document)
}

// LoadSandbox is Load for the sandbox's control API.
func LoadSandbox() (*openapi3.T, error) {
	return load(sandboxDocument)
}

// SandboxYAML is YAML for the sandbox's control API.
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
