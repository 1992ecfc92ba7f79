// Package gen holds the code that is generated from api/openapi.yaml, in one package for each kind:
// model (schemas), httpclient and httpserver. Change the document, then run go generate ./...
package gen

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config model.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config httpclient.yaml ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config httpserver.yaml ../api/openapi.yaml
//go:generate go run ./documentgen -package model -output model/document.gen.go ../api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config ../server/contract/internal/library/config.yaml ../server/contract/internal/library/library.yaml
