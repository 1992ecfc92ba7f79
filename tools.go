//go:build tools

// Package tools pins, in go.mod, the generator that go generate runs.
package tools

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
