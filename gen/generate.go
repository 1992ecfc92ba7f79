// Package gen holds the code that is generated from the documents in api: of openapi.yaml one package
// for each kind, model (schemas), httpclient and httpserver; of sandbox.yaml one for all, control.
// Change a document, then run go generate ./...
package gen

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config model.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config httpclient.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config httpserver.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config control.yaml ../api/sandbox.yaml
//go:generate go run ./documentgen -package model -output model/document.gen.go ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config ../server/contract/internal/library/config.yaml ../server/contract/internal/library/library.yaml
