package reference

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// servers returns the addresses of the API on this server. The first one has the origin that the request
// was sent to, because the page can send requests to its own origin only.
func (h *Handler) servers(r *http.Request) openapi3.Servers {
	public := h.BaseURL()
	if !validHost(r.Host) || h.isPublic(r.Host) {
		return openapi3.Servers{{URL: public, Description: "This server"}}
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return openapi3.Servers{
		{URL: scheme + r.Host + h.document.basePath, Description: "This server"},
		{URL: public, Description: "This server, at its public address"},
	}
}

// isPublic reports whether the host is the one of the public URL. The default port of the scheme is optional.
func (h *Handler) isPublic(host string) bool {
	port := ":80"
	if h.public.Scheme == "https" {
		port = ":443"
	}
	return strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(h.public.Host, port))
}

// hostPattern matches a host name of at most 253 characters (RFC 1035, section 2.3.4) or an IPv6 address
// in brackets, with an optional port (group 1).
var hostPattern = regexp.MustCompile(`^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::([1-9][0-9]{0,4}))?$`)

// validHost reports whether a Host header is a host name or an IP address with an optional port. It accepts
// less than RFC 3986, section 3.2.2, because users see the host in the document.
func validHost(host string) bool {
	match := hostPattern.FindStringSubmatch(host)
	if match == nil {
		return false
	}
	_, err := url.Parse("http://" + host) // checks the IPv6 address
	port, _ := strconv.Atoi(match[1])
	return err == nil && port <= 65535
}
