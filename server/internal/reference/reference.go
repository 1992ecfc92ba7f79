// Package reference serves the API reference of an OpenAPI document: the document in YAML and JSON, and a
// page with Swagger UI, where users read it and send requests. All files are embedded: the page loads
// nothing from other hosts.
package reference

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggest/swgui/v5/static"

	"github.com/turbosmtp-go/billing/server/internal/page"
)

//go:embed html
var files embed.FS

const (
	pagePath = "/docs"
	yamlPath = "/openapi.yaml"
	jsonPath = "/openapi.json"
)

// Paths returns the paths that a Handler serves, in echo's syntax.
func Paths() []string {
	return []string{pagePath, pagePath + "/*", yamlPath, jsonPath}
}

// sources are the Content-Security-Policy directives of the page. Scripts and styles are files of this
// server, and the page sends requests to its own origin only: no other host receives the keys that users
// type. Swagger UI's style sheet contains images as data URLs. Markdown tables in the document have one
// of three style attributes, which the policy identifies by their hashes: text-align:left, center and right.
const sources = "script-src 'self'; style-src 'self' 'unsafe-hashes'" +
	" 'sha256-De7agAeYqm6ANIVvRRW6HFWi52AJW8inhFE0gSdgXnI='" +
	" 'sha256-kFAIUwypIt04FgLyVU63Lcmp2AQimPh/TdYjy04Flxs='" +
	" 'sha256-XzJlZKVo+ff9ozww9Sr2p/2TbJXITZuaWMZ9p53zN1U='" +
	"; img-src 'self' data:; connect-src 'self'"

// Handler serves GET and HEAD requests for Paths. Other paths get 404 and other methods 405, in JSON.
//
// The document is served as it was written, with one addition: the list of servers begins with the address
// that the request was sent to, so that the page sends requests to its own origin. If the Host header
// is malformed, the list begins with the public URL.
type Handler struct {
	document *document
	public   *url.URL
	pages    *page.Pages
	routes   map[string]http.HandlerFunc
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler for an OpenAPI document: source is its YAML text, and parsed its content. Neither
// may be changed afterwards. publicURL is the address of this server, such as http://127.0.0.1:8080. The
// base URL of the API is publicURL with the path of the document's first server.
//
// New returns an error if the document has no list of servers in block style, or if publicURL has no host.
func New(source []byte, parsed *openapi3.T, publicURL string, logger *slog.Logger) (*Handler, error) {
	document, err := newDocument(source, parsed)
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(publicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("reference: the public URL must be absolute, such as http://127.0.0.1:8080")
	}
	pages, err := page.New(page.Config{Files: files, Sources: sources, Logger: logger})
	if err != nil {
		return nil, err
	}
	assets, version, err := loadAssets(files, static.FS, pages.Style())
	if err != nil {
		return nil, err
	}
	h := &Handler{document: document, public: public, pages: pages}
	h.routes = map[string]http.HandlerFunc{
		pagePath: func(w http.ResponseWriter, r *http.Request) {
			pages.Write(w, r, http.StatusOK, "docs", version)
		},
		pagePath + "/": func(w http.ResponseWriter, _ *http.Request) {
			// The address is relative, so that it also works behind a proxy that removes a path prefix.
			w.Header().Set("Location", ".."+pagePath)
			w.WriteHeader(http.StatusPermanentRedirect)
		},
		yamlPath: func(w http.ResponseWriter, r *http.Request) {
			page.WriteBytes(w, r, http.StatusOK, "application/yaml", document.yaml(h.servers(r)))
		},
		jsonPath: func(w http.ResponseWriter, r *http.Request) {
			pages.WriteJSON(w, r, http.StatusOK, document.json(h.servers(r)))
		},
	}
	for name, asset := range assets {
		h.routes[pagePath+"/"+name] = func(w http.ResponseWriter, r *http.Request) { asset.serve(w, r, version) }
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve, ok := h.routes[r.URL.Path]
	if !ok {
		h.pages.SetHeaders(w.Header())
		h.pages.WriteJSON(w, r, http.StatusNotFound, page.Failure{Message: "Path not found."})
		return
	}
	h.pages.ReadOnly(serve).ServeHTTP(w, r)
}

// BaseURL returns the public base URL of the API.
func (h *Handler) BaseURL() string {
	return strings.TrimRight(h.public.String(), "/") + h.document.basePath
}
