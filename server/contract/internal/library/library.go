// Package library contains an OpenAPI document of a made-up API that has more features than the billing API. The
// tests of package contract serve it.
package library

import _ "embed"

// Document is the OpenAPI document, in YAML.
//
//go:embed library.yaml
var Document []byte
