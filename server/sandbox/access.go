package sandbox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/contract"
)

// access decides which requests may use the control API and the journal page. With a token, a request
// must send the token. Without one, an open sandbox accepts local requests, and any other sandbox none.
type access struct {
	token string
	open  bool
	// scheme is the name of the security scheme of the token in the document of the control API.
	scheme string
}

func newAccess(s settings, document *openapi3.T) access {
	a := access{token: s.controlToken, open: s.openControl}
	for name := range document.Components.SecuritySchemes {
		a.scheme = name
	}
	return a
}

// Authenticate accepts the token; see contract.Authenticator.
func (a access) Authenticate(_ context.Context, credentials contract.Credentials) (any, error) {
	if !a.isToken(credentials.Value(a.scheme)) {
		return nil, contract.ErrNotAccepted
	}
	return "control", nil
}

// isToken compares a text with the token in constant time.
func (a access) isToken(text string) bool {
	got, want := sha256.Sum256([]byte(text)), sha256.Sum256([]byte(a.token)) // hashes have the same length
	return a.token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// refusal returns the status and the message of the response to a request that may not use the control
// API. It returns 0 for a request that may, and for all requests to a sandbox with a token: the contract
// checks the token.
func (a access) refusal(r *http.Request) (status int, message string) {
	switch {
	case a.token != "":
		return 0, ""
	case !a.open:
		return http.StatusNotFound, "The control API is off, because others can reach this sandbox. Start the sandbox with --control-token to turn it on."
	case proxied(r.Header):
		return http.StatusForbidden, "The request came through a proxy, so that its sender is not known. Start the sandbox with --control-token and send the token."
	case !loopbackHost(r.Host): // a page in the browser can use a name that points to this machine
		return http.StatusForbidden, "Without a control token, the address of the control API must be localhost or a loopback address. Use such an address, or start the sandbox with --control-token."
	case crossOrigin(r):
		return http.StatusForbidden, "The request came from a page of another site. Start the sandbox with --control-token and send the token."
	}
	return 0, ""
}

// guard refuses requests below a path.
func (a access) guard(base string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			if !below(ec.Request().URL.Path, base) {
				return next(ec)
			}
			status, message := a.refusal(ec.Request())
			if status == 0 {
				return next(ec)
			}
			body, err := json.Marshal(control.Failure{Message: message})
			if err != nil {
				return err
			}
			return &contract.Error{Status: status, In: "request", Keyword: "access", Body: body}
		}
	}
}

// below reports whether a path is base or below it.
func below(path, base string) bool {
	return path == base || strings.HasPrefix(path, base+"/")
}

// proxied reports whether the headers are those of a proxy.
func proxied(header http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(header[name]) > 0 { // an empty value counts too
			return true
		}
	}
	return false
}

// loopbackHost reports whether a Host header is localhost or a loopback address.
func loopbackHost(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// crossOrigin reports whether a browser sent the request for a page of another site.
func crossOrigin(r *http.Request) bool {
	checked := *r
	checked.Method = http.MethodPost // the check exempts GET, with which other sites could read the journal
	return http.NewCrossOriginProtection().Check(&checked) != nil
}
