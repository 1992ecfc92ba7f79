package reference

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// asset is a file that the page loads.
type asset struct {
	contentType string
	content     []byte
	zipped      bool // the content is compressed with gzip
}

// serve answers with the asset. A request that names the version of the assets may keep the answer
// for good, since the page asks for another one when they change.
func (a asset) serve(w http.ResponseWriter, r *http.Request, version string) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	if r.URL.RawQuery == "v="+version {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if !a.zipped {
		write(w, r, http.StatusOK, a.contentType, a.content)
		return
	}
	header.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		write(w, r, http.StatusOK, a.contentType, a.content)
		return
	}
	header.Set("Content-Type", a.contentType)
	if r.Method == http.MethodHead {
		return
	}
	if plain, err := gzip.NewReader(bytes.NewReader(a.content)); err == nil {
		_, _ = io.Copy(w, plain) //nolint:gosec // it is embedded, and unpacks to what is known
	}
}

// acceptsGzip reports whether the values of a request's Accept-Encoding headers (RFC 9110, section
// 12.5.3) allow gzip. What they say of it by name counts more than what they say of everything.
func acceptsGzip(values []string) bool {
	any := false
	for _, element := range strings.Split(strings.Join(values, ","), ",") {
		coding, parameter, _ := strings.Cut(element, ";")
		wanted := true
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
			quality, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			wanted = err == nil && quality > 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip":
			return wanted
		case "*":
			any = wanted
		}
	}
	return any
}
