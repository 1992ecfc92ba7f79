package reference

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"path"

	"github.com/turbosmtp-go/billing/server/internal/page"
)

// asset is a file that the page loads.
type asset struct {
	contentType string
	content     []byte
	gzipped     bool
}

// loadAssets reads the script of the page from own, and the files of Swagger UI. style is the style sheet of
// the page. It returns the assets by name and their version, a hash of all contents.
func loadAssets(own, swagger fs.FS, style string) (assets map[string]asset, version string, err error) {
	const css, script = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
	assets = map[string]asset{"docs.css": {css, []byte(style), false}}
	hash := crc32.New(crc32.MakeTable(crc32.Castagnoli)) // it is quick, and only tells versions apart
	_, _ = hash.Write([]byte(style))                     // a hash never fails
	for _, file := range []struct {
		name, contentType string
		files             fs.FS
		path              string
	}{
		{"docs.js", script, own, "html/docs.js"},
		{"favicon-32x32.png", "image/png", swagger, "favicon-32x32.png"},
		{"swagger-ui.css", css, swagger, "swagger-ui.css.gz"},
		{"swagger-ui-bundle.js", script, swagger, "swagger-ui-bundle.js.gz"},
	} {
		content, err := fs.ReadFile(file.files, file.path)
		if err != nil {
			return nil, "", fmt.Errorf("reference: %w", err)
		}
		_, _ = hash.Write(content)
		assets[file.name] = asset{file.contentType, content, path.Ext(file.path) == ".gz"}
	}
	return assets, hex.EncodeToString(hash.Sum(nil)), nil
}

// serve writes the asset. If the request names the current version, clients can store the response
// permanently, because the page requests another version after a change.
func (a asset) serve(w http.ResponseWriter, r *http.Request, version string) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	if r.URL.RawQuery == "v="+version {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if !a.gzipped {
		page.WriteBytes(w, r, http.StatusOK, a.contentType, a.content)
		return
	}
	header.Set("Vary", "Accept-Encoding")
	if quality, _ := page.Quality(r.Header.Values("Accept-Encoding"), "gzip", "*"); quality > 0 {
		header.Set("Content-Encoding", "gzip")
		page.WriteBytes(w, r, http.StatusOK, a.contentType, a.content)
		return
	}
	header.Set("Content-Type", a.contentType)
	if plain, err := gzip.NewReader(bytes.NewReader(a.content)); err == nil && r.Method != http.MethodHead {
		_, _ = io.Copy(w, plain) //nolint:gosec // the file is embedded, and its size is known
	}
}
