package contract

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// media is a media type of a request body.
type media struct {
	name   string // as the document writes it
	kind   mediaKind
	schema *requestSchema // nil if the document has no schema
	shape  *shape
}

// mediaKind is how a media type is decoded.
type mediaKind int

const (
	kindJSON mediaKind = iota
	kindForm
	kindOther
)

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

func compileMedia(name string, declared *openapi3.MediaType, place string, codes errorCodes, responses *errorResponses) (media, error) {
	m := media{name: name, kind: kindOf(mediaType(name))}
	if strings.ContainsAny(name, "*,") {
		return m, documentError(place, "a range of media types is not supported: list the media types")
	}
	if m.kind == kindOther && openapi3filter.RegisteredBodyDecoder(strings.ToLower(name)) == nil {
		return m, documentError(place, "the media type has no decoder: register one with openapi3filter.RegisterBodyDecoder")
	}
	if declared.Schema == nil {
		return m, nil
	}
	var err error
	m.schema, err = compileRequestSchema(declared.Schema.Value, place+".schema", inBody, codes, responses)
	m.shape = compileShape(declared.Schema.Value, map[*openapi3.Schema]*shape{})
	return m, err
}

// kindOf returns the kind of what mediaType returns.
func kindOf(mediaType string) mediaKind {
	switch {
	case mediaType == mediaJSON || strings.HasSuffix(mediaType, "+json"):
		return kindJSON
	case mediaType == mediaForm:
		return kindForm
	}
	return kindOther
}

// mediaType returns the media type of a Content-Type without its parameters, in lower case.
func mediaType(contentType string) string {
	base, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(base))
}
