package reference

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/turbosmtp-go/billing/server/internal/page"
)

// assets are the files that the page loads. The files are the keys of the map, in a FS that contains the
// embedded files of this package and of Swagger UI.
type assets struct {
	byName map[string]asset
	// version is a hash of all contents. It is part of the assets' addresses.
	version string
}

type asset struct {
	contentType string
	content     []byte
	gzipped     bool
}

// loadAssets reads the files of Swagger UI and of this package. style is the style sheet of the page.
func loadAssets(own, swagger fs.FS, style string) (*assets, error) {
	a := &assets{byName: map[string]asset{"docs.css": {"text/css; charset=utf-8", []byte(style), false}}}
	hash := sha256.New()
	hash.Write([]byte(style))
	for _, file := range []struct {
		name, contentType string
		files             fs.FS
		path              string
		gzipped           bool
	}{
		{"docs.js", "text/javascript; charset=utf-8", own, "html/docs.js", false},
		{"favicon-32x32.png", "image/png", swagger, "favicon-32x32.png", false},
		{"swagger-ui.css", "text/css; charset=utf-8", swagger, "swagger-ui.css.gz", true},
		{"swagger-ui-bundle.js", "text/javascript; charset=utf-8", swagger, "swagger-ui-bundle.js.gz", true},
	} {
		content, err := fs.ReadFile(file.files, file.path)
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		hash.Write(content)
		a.byName[file.name] = asset{file.contentType, content, file.gzipped}
	}
	a.version = hex.EncodeToString(hash.Sum(nil)[:8])
	return a, nil
}

// serve writes an asset. If the request names the current version, clients can store the response
// permanently, because the page requests another version after a change.
func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string) {
	file, header := a.byName[name], w.Header()
	header.Set("Cache-Control", "no-cache")
	if r.URL.RawQuery == "v="+a.version {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if !file.gzipped {
		page.WriteBytes(w, r, http.StatusOK, file.contentType, file.content)
		return
	}
	header.Set("Vary", "Accept-Encoding")
	if quality, _ := page.Quality(r.Header.Values("Accept-Encoding"), "gzip", "*"); quality > 0 {
		header.Set("Content-Encoding", "gzip")
		page.WriteBytes(w, r, http.StatusOK, file.contentType, file.content)
		return
	}
	header.Set("Content-Type", file.contentType)
	if plain, err := gzip.NewReader(bytes.NewReader(file.content)); err == nil && r.Method != http.MethodHead {
		_, _ = io.Copy(w, plain) //nolint:gosec // the file is embedded, and its size is known
	}
}
