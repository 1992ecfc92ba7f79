package contract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Authenticator checks credentials. The middleware calls it for each alternative of the operation's security
// requirements that a request presents, in the document's order, until one is accepted.
type Authenticator interface {
	// Authenticate returns the principal: the owner of the credentials, which Principal returns to handlers.
	// It returns an error that wraps ErrNotAccepted if the credentials are wrong, a *DeniedError if they are
	// right but their owner may not use the API, and any other error if it cannot check them. With a
	// *DeniedError it may return the principal, for middleware such as an access log.
	Authenticate(ctx context.Context, credentials Credentials) (principal any, err error)
}

// AuthenticatorFunc is a function that implements Authenticator.
type AuthenticatorFunc func(ctx context.Context, credentials Credentials) (any, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(ctx context.Context, credentials Credentials) (any, error) {
	return f(ctx, credentials)
}

// ErrNotAccepted means that credentials are unknown or wrong.
var ErrNotAccepted = errors.New("contract: credentials not accepted")

// DeniedError means that credentials are right, but that their owner may not use the API. Code is the reason: one
// of the codes that the document's 401 response lists in x-error-codes.implementation.
type DeniedError struct{ Code string }

// Error returns the code.
func (d *DeniedError) Error() string { return "contract: denied: " + d.Code }

// Credentials are the values that a request presents for one alternative of a security requirement. The values
// are secrets: package fmt prints only the names of the schemes.
type Credentials struct {
	schemes []scheme
	request *http.Request
}

// Value returns the value for a security scheme, by its name in the document: the value of an apiKey, the
// token of a bearer scheme, user:password of a basic scheme. It returns "" for a scheme that is not part of
// this alternative.
func (c Credentials) Value(scheme string) string {
	for i := range c.schemes {
		if c.schemes[i].name == scheme {
			value, _ := c.schemes[i].read(c.request)
			return value
		}
	}
	return ""
}

// presented reports whether the request has a value for every scheme, and whether one of them is ambiguous.
func (c Credentials) presented() (all, ambiguous bool) {
	for i := range c.schemes {
		value, differs := c.schemes[i].read(c.request)
		if value == "" {
			return false, false
		}
		ambiguous = ambiguous || differs
	}
	return true, ambiguous
}

// String returns the names of the schemes.
func (c Credentials) String() string {
	names := make([]string, len(c.schemes))
	for i, s := range c.schemes {
		names[i] = s.name
	}
	return "credentials(" + strings.Join(names, "+") + ")"
}

// Format prints String for every verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }
