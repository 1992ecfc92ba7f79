// Package reference is the API reference of an OpenAPI document: the document itself, as YAML and as
// JSON, and a page where people read it and try its operations out. The page is Swagger UI, all of
// which is in the program: nothing is loaded from another host. It knows no API in particular.
package reference

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

const (
	pagePath = "/docs"
	yamlPath = "/openapi.yaml"
	jsonPath = "/openapi.json"
)

// Paths returns where a Handler is to be mounted, in echo's syntax.
func Paths() []string {
	return []string{pagePath, pagePath + "/*", yamlPath, jsonPath}
}

// Handler answers GET and HEAD at Paths.
//
// The document is served as it was written, but for its servers: the address at which the request
// reached this server leads them, so that the page tries operations out on the server that it came
// from. A Host header that is no host, or the public URL's, leads to the public URL.
//
// Another path is answered with 404 and another method with 405, in JSON. No answer may be framed or
// indexed, and only the page's assets may be stored.
type Handler struct {
	document *document
	address  address
	home     string
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler for document, which is OpenAPI 3 in YAML. publicURL is how users reach the
// server, such as http://127.0.0.1:8080. The API is below it, at the path of the document's first
// server.
//
// It fails when the document cannot be read, or has no list of servers, an item a line, that an
// address can be added to, and when publicURL is not an http or https URL.
func New(document []byte, publicURL string, options ...Option) (*Handler, error) {
	s := defaultSettings()
	for _, option := range options {
		option(&s)
	}
	parsed, err := parseDocument(bytes.Clone(document), s.parsed)
	if err != nil {
		return nil, err
	}
	address, err := newAddress(publicURL, parsed.basePath)
	if err != nil {
		return nil, err
	}
	return &Handler{document: parsed, address: address, home: s.home}, nil
}

// ServeHTTP answers with what is at the request's path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard(w.Header())
	serve := h.find(r.URL.Path)
	switch {
	case serve == nil:
		write(w, r, http.StatusNotFound, "application/json", []byte(`{"message":"No such path."}`))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		write(w, r, http.StatusMethodNotAllowed, "application/json", []byte(`{"message":"This path can only be read."}`))
	default:
		serve(w, r)
	}
}

// find returns what answers at a path, or nil.
func (h *Handler) find(path string) http.HandlerFunc {
	switch path {
	case pagePath:
		return h.servePage
	case pagePath + "/":
		return redirectToPage
	case yamlPath:
		return func(w http.ResponseWriter, r *http.Request) {
			write(w, r, http.StatusOK, "application/yaml", h.document.yaml(h.address.servers(r)))
		}
	case jsonPath:
		return h.serveJSON
	}
	name, below := strings.CutPrefix(path, pagePath+"/")
	if !below {
		return nil
	}
	site, err := loadSite()
	if err != nil {
		return failPage
	}
	if a, ok := site.assets[name]; ok {
		return func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, site.version) }
	}
	return nil
}

func (h *Handler) serveJSON(w http.ResponseWriter, r *http.Request) {
	text, err := h.document.json(h.address.servers(r))
	if err != nil { // cannot be: it was read from a text
		write(w, r, http.StatusInternalServerError, "application/json", []byte(`{"message":"The document cannot be shown."}`))
		return
	}
	write(w, r, http.StatusOK, "application/json", text)
}

// guard sets the headers of every answer.
func guard(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
}

func write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone away is told nothing more
	}
}
