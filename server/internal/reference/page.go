package reference

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/swaggest/swgui/v5/static"
)

// policy is the Content-Security-Policy of every answer. Nothing is inline, neither script nor style,
// and requests go to the page's own origin only: keys that are typed into it reach no other host.
// Swagger UI's style sheet holds its images as data, and the cells of a table in a description have
// one of three styles of their own, known by their hashes.
var policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes'" +
	sourceHash("text-align:left") + sourceHash("text-align:center") + sourceHash("text-align:right") +
	"; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func sourceHash(style string) string {
	hash := sha256.Sum256([]byte(style))
	return " 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

//go:embed page
var pageFiles embed.FS

// site is the page and its assets. They are the same for all documents.
type site struct {
	page    *template.Template
	assets  map[string]asset
	version string // changes when an asset does
}

// loadSite reads what is embedded, once, and when somebody looks at it: to reckon its version takes as long as
// a tenth of a server's start.
var loadSite = sync.OnceValues(func() (*site, error) { return newSite(pageFiles, static.FS) })

// newSite reads the page from this package's files, and its assets from them and from Swagger UI's.
func newSite(own, swagger fs.FS) (*site, error) {
	page, err := template.ParseFS(own, "page/page.html")
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	s := &site{page: page, assets: map[string]asset{}}
	hash := sha256.New()
	for _, a := range []struct {
		name        string
		contentType string
		from        fs.FS
		file        string
	}{
		{"swagger-ui.css", "text/css; charset=utf-8", swagger, "swagger-ui.css.gz"},
		{"swagger-ui-bundle.js", "text/javascript; charset=utf-8", swagger, "swagger-ui-bundle.js.gz"},
		{"favicon-32x32.png", "image/png", swagger, "favicon-32x32.png"},
		{"page.css", "text/css; charset=utf-8", own, "page/page.css"},
		{"page.js", "text/javascript; charset=utf-8", own, "page/page.js"},
	} {
		content, err := fs.ReadFile(a.from, a.file)
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		hash.Write(content)
		s.assets[a.name] = asset{contentType: a.contentType, content: content, zipped: strings.HasSuffix(a.file, ".gz")}
	}
	s.version = hex.EncodeToString(hash.Sum(nil)[:8])
	return s, nil
}

// pageView is what the page says by itself. The rest of it Swagger UI makes from the document.
type pageView struct {
	Title   string
	Home    string
	Version string // of the assets, in the links to them
}

func (h *Handler) servePage(w http.ResponseWriter, r *http.Request) {
	site, err := loadSite()
	if err != nil {
		failPage(w, r)
		return
	}
	var body bytes.Buffer // whole before the first byte leaves, so that no page breaks off in the middle
	view := pageView{Title: h.document.parsed.Info.Title, Home: h.home, Version: site.version}
	if err := site.page.Execute(&body, view); err != nil {
		failPage(w, r)
		return
	}
	write(w, r, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
}

// failPage answers when what is embedded cannot be read, which cannot be.
func failPage(w http.ResponseWriter, r *http.Request) {
	write(w, r, http.StatusInternalServerError, "application/json", []byte(`{"message":"The page cannot be shown."}`))
}

// redirectToPage leads to the one address of the page, by a relative path: its links are relative too,
// so that all of them hold behind a proxy that takes a prefix off.
func redirectToPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", ".."+pagePath)
	w.WriteHeader(http.StatusPermanentRedirect)
}
