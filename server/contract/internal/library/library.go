// Package library is a second API, larger than the project's own and made up, that the tests of
// package contract serve: the contract must hold for any document.
package library

import _ "embed"

// Document is the OpenAPI document of the API.
//
//go:embed library.yaml
var Document []byte
