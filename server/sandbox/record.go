package sandbox

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// journalSize is how many requests the journal keeps: those of a long test, in a few megabytes.
const journalSize = 1000

// docsPath is where the reference is; see reference.Paths.
const docsPath = "/docs"

// quiet are the paths whose requests are not kept in the journal: they are not the API's, and asked
// for again and again.
var quiet = map[string]bool{
	startPath: true, journalPath: true, controlYAML: true, "/favicon.ico": true, "/livez": true, "/readyz": true,
	docsPath: true, "/openapi.yaml": true, "/openapi.json": true,
}

// secretHeaders are the headers that credentials and cookies come in: those of the document and those
// that everybody knows.
func secretHeaders(document *openapi3.T) []string {
	names := []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"}
	for _, scheme := range document.Components.SecuritySchemes {
		if scheme.Value.In == openapi3.ParameterInHeader {
			names = append(names, http.CanonicalHeaderKey(scheme.Value.Name))
		}
	}
	return names
}

// AccountID names who was authenticated, by the principal of contract.Principal: "" when that is no account.
// It is for middleware.
func AccountID(principal any) string {
	account, ok := principal.(billing.Account)
	if !ok {
		return ""
	}
	return account.ID
}

// shortener returns a function that cuts the token in the path of a payment page, and in the address of
// one wherever it stands in a text, escaped or not.
func shortener(prefix string) func(text string) string {
	link := regexp.MustCompile("(?i)(" + strings.ReplaceAll(regexp.QuoteMeta(prefix), "/", `\\?(?:/|%2f)`) + `)([^\s"'<>?#&]+)`)
	name := strings.ToLower(strings.Trim(prefix, "/"))
	return func(text string) string {
		if !strings.Contains(strings.ToLower(text), name) { // most texts: looking for the whole pattern costs more
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
