// Package gen generates code from the documents in api. From openapi.yaml it makes package model
// (schemas), httpclient, httpserver, and of package client the operations with their types; from
// sandbox.yaml package control. Change a document, then run go generate ./...
package gen

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config model.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config httpclient.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config httpserver.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config client.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config control.yaml ../api/sandbox.yaml
//go:generate go run ./documentgen model ../api/openapi.yaml model/document.gen.go
//go:generate go run ./documentgen client ../api/openapi.yaml ../client/document.gen.go
//go:generate go run ./documentgen alias model ../client/model.gen.go
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config ../server/contract/internal/library/config.yaml ../server/contract/internal/library/library.yaml
