package sandbox

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// secretHeaders returns the canonical names of the headers that contain secrets: credentials, cookies, and
// the Location of a payment page.
func secretHeaders(document *openapi3.T) []string {
	names := []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "Location"}
	for _, scheme := range document.Components.SecuritySchemes {
		if scheme.Value.In == openapi3.ParameterInHeader {
			names = append(names, http.CanonicalHeaderKey(scheme.Value.Name))
		}
	}
	return names
}

// newRedactor returns a function that shortens the token in the path of a payment page, and in the address
// of a payment page anywhere in a text, escaped or not.
func newRedactor(prefix string) func(text string) string {
	link := regexp.MustCompile("(?i)(" + strings.ReplaceAll(regexp.QuoteMeta(prefix), "/", `\\?(?:/|%2f)`) + `)([^\s"'<>?#&]+)`)
	name := strings.ToLower(strings.Trim(prefix, "/"))
	return func(text string) string {
		if !strings.Contains(strings.ToLower(text), name) { // most texts; the pattern is slower
			return text
		}
		if token, ok := strings.CutPrefix(text, prefix); ok {
			return prefix + billing.ShortToken(token)
		}
		return link.ReplaceAllStringFunc(text, func(address string) string {
			parts := link.FindStringSubmatch(address)
			return parts[1] + billing.ShortToken(parts[2])
		})
	}
}
