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

// address returns the path and the query as they were sent, without secrets.
func (r *recorder) address() string {
	redact, address := r.journal.settings.Redact, r.path
	if !r.page {
		address = redact(r.request.URL.EscapedPath())
	}
	if r.request.URL.RawQuery != "" {
		parameters := strings.Split(r.request.URL.RawQuery, "&")
		for i, parameter := range parameters {
			name, _, _ := strings.Cut(parameter, "=")
			if unescaped, err := url.QueryUnescape(name); err == nil && r.journal.isSecret(unescaped) {
				parameters[i] = name + "=" + mask
			}
		}
		address += "?" + redact(strings.Join(parameters, "&"))
	}
	return validUTF8(address)
}

// validUTF8 replaces the bytes that JSON text cannot contain.
func validUTF8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
