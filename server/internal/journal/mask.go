package journal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// mask replaces a secret value.
const mask = "[masked]"

// isSecret reports whether the values of a header or a query parameter are masked.
func (j *Journal) isSecret(name string) bool {
	return slices.Contains(j.settings.Secrets, http.CanonicalHeaderKey(name))
}

// headers joins the values of each header and masks the secret ones.
func (j *Journal) headers(header http.Header) map[string]string {
	headers := make(map[string]string, len(header))
	for name, values := range header {
		headers[name] = j.settings.Redact(validUTF8(strings.Join(values, ", ")))
		if j.isSecret(name) {
			headers[name] = mask
		}
	}
	return headers
}

// path returns the path and the query as they were sent, without secrets. page reports whether the path
// contains a secret token.
func (j *Journal) path(u *url.URL) (path string, page bool) {
	path = j.settings.Redact(u.Path)
	if page = path != u.Path; !page {
		path = j.settings.Redact(u.EscapedPath())
	}
	if u.RawQuery != "" {
		parameters := strings.Split(u.RawQuery, "&")
		for i, parameter := range parameters {
			name, _, _ := strings.Cut(parameter, "=")
			if unescaped, err := url.QueryUnescape(name); err == nil && j.isSecret(unescaped) {
				parameters[i] = name + "=" + mask
			}
		}
		path += "?" + j.settings.Redact(strings.Join(parameters, "&"))
	}
	return validUTF8(path), page
}

// validUTF8 replaces the bytes that JSON text cannot contain.
func validUTF8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
