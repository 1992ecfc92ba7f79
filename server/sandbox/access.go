package sandbox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/contract"
)

// access is who may steer a sandbox: whoever has the token, where there is one; else everybody on
// this machine, where the sandbox is open; else nobody.
type access struct {
	token string
	open  bool
	// scheme is what the document calls the token.
	scheme string
}

// newAccess makes the control API's document ask for the token, or for nothing where there is none.
func newAccess(s settings, document *openapi3.T) access {
	a := access{token: s.controlToken, open: s.openControl}
	for name := range document.Components.SecuritySchemes {
		a.scheme = name
	}
	if a.token == "" {
		document.Security = nil
	}
	return a
}

// Authenticate accepts the token.
func (a access) Authenticate(_ context.Context, credentials contract.Credentials) (any, error) {
	if !a.knows(credentials.Value(a.scheme)) {
		return nil, contract.ErrNotAccepted
	}
	return "control", nil
}

// knows compares a text with the token, in a time that says nothing of it.
func (a access) knows(text string) bool {
	got, want := sha256.Sum256([]byte(text)), sha256.Sum256([]byte(a.token)) // of one length
	return a.token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// refusal returns the status and the sentence for a request that may not steer the sandbox, 0 for one
// that may, or that shows a token, of which the contract decides.
func (a access) refusal(r *http.Request) (status int, sentence string) {
	switch {
	case a.token != "":
		return 0, ""
	case !a.open:
		return http.StatusNotFound, "The control API is off where others can reach the sandbox. Start it with a control token."
	case proxied(r.Header):
		return http.StatusForbidden, "The request came through a proxy, so that it may be anybody's. Start the sandbox with a control token."
	case !loopbackHost(r.Host):
		// A name that somebody else has pointed at this machine, for a page in its browser.
		return http.StatusForbidden, "Without a control token, the sandbox is steered at localhost or a loopback address only."
	case foreign(r):
		return http.StatusForbidden, "A page of another site may not steer the sandbox."
	}
	return 0, ""
}

// guard keeps others from the paths below base.
func (a access) guard(base string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			r := ec.Request()
			if r.URL.Path != base && !strings.HasPrefix(r.URL.Path, base+"/") {
				return next(ec)
			}
			status, sentence := a.refusal(r)
			if status == 0 {
				return next(ec)
			}
			body, err := json.Marshal(control.Failure{Message: sentence})
			if err != nil {
				return err
			}
			return &contract.Error{Status: status, In: "request", Keyword: "access", Body: body}
		}
	}
}

// proxied reports whether a proxy says that the request is somebody else's.
func proxied(header http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(header[name]) > 0 { // also an empty one, which hides those that follow it
			return true
		}
	}
	return false
}

// loopbackHost reports whether a Host header names this machine and no other.
func loopbackHost(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// foreign reports whether a browser says that the request comes from a page of another site.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		origin := r.Header.Get("Origin")
		if origin == "" {
			return false
		}
		from, err := url.Parse(origin)
		return err != nil || from.Host != r.Host
	}
	return true
}
