package reference

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// address is where users reach the API.
type address struct {
	public   *url.URL
	basePath string
}

func newAddress(publicURL, basePath string) (address, error) {
	u, err := url.Parse(publicURL)
	switch {
	case err != nil:
		return address{}, fmt.Errorf("reference: the public URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return address{}, fmt.Errorf("reference: the public URL %q does not begin with http:// or https:// and a host", publicURL)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return address{}, fmt.Errorf("reference: the public URL %q has a user, a query or a fragment", u.Redacted())
	}
	return address{public: u, basePath: basePath}, nil
}

// servers returns this server's addresses, the one at which the request reached it first. The page
// may only send requests to its own origin, and that is the one in its user's address bar.
func (a address) servers(r *http.Request) openapi3.Servers {
	public := strings.TrimRight(a.public.String(), "/") + a.basePath
	if !validHost(r.Host) || a.isPublic(r.Host) {
		return openapi3.Servers{{URL: public, Description: "This server"}}
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return openapi3.Servers{
		{URL: scheme + r.Host + a.basePath, Description: "This server"},
		{URL: public, Description: "This server, at its public address"},
	}
}

// isPublic reports whether host is the public URL's. Browsers leave the scheme's own port out.
func (a address) isPublic(host string) bool {
	port := ":80"
	if a.public.Scheme == "https" {
		port = ":443"
	}
	return strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(a.public.Host, port))
}

// validHost reports whether the value of a Host header is a host name or an IP address, with or
// without a port. It allows less than RFC 3986, section 3.2.2, since what it lets through is shown to
// people as an address: letters, digits, dots, hyphens and underscores.
func validHost(host string) bool {
	const maxName = 253 // RFC 1035, section 2.3.4, as text
	name := host
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		port := host[colon+1:]
		name = host[:colon]
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 || len(port) > 5 {
			return false
		}
	}
	if literal, ok := strings.CutPrefix(name, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		ip, err := netip.ParseAddr(literal)
		return ok && err == nil && ip.Is6() && ip.Zone() == ""
	}
	return name != "" && len(name) <= maxName && strings.Trim(name, nameCharacters) == ""
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
