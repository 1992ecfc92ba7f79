package contract

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// Authenticator decides on credentials. It is called once for each alternative of the operation's
// security requirements that a request presents, in the document's order, until one is accepted.
type Authenticator interface {
	// Authenticate returns who the credentials belong to, which handlers find by Principal. It
	// returns an error that wraps ErrNotAccepted for credentials that are wrong, a *DeniedError for those
	// that are right but not let in, with who that is where it should be known to a middleware, and any
	// other error when it cannot tell.
	Authenticate(ctx context.Context, credentials Credentials) (principal any, err error)
}

// AuthenticatorFunc is a function that is an Authenticator.
type AuthenticatorFunc func(ctx context.Context, credentials Credentials) (any, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(ctx context.Context, credentials Credentials) (any, error) {
	return f(ctx, credentials)
}

// ErrNotAccepted says that credentials are unknown or wrong.
var ErrNotAccepted = errors.New("contract: credentials not accepted")

// DeniedError says that credentials are right but that their owner is not let in, for the reason that
// Code names: one of the codes of the document's 401 answer.
type DeniedError struct{ Code string }

// Error names the code.
func (d *DeniedError) Error() string { return "contract: denied: " + d.Code }

// Credentials are one alternative of a security requirement, as a request presents it. Their values
// are secrets: Credentials print as their schemes' names alone.
type Credentials struct {
	schemes []scheme
	values  [2]string // of the first schemes, which mostly are all: looking them up again costs more
	header  http.Header
	query   url.Values // only where a scheme is found there
}

// Value returns what was sent for a security scheme, by the scheme's name in the document: the value
// of an apiKey, the token of a bearer scheme, user:password of a basic one. It returns "" for a
// scheme that is not part of this alternative.
func (c Credentials) Value(scheme string) string {
	for i := range c.schemes {
		if c.schemes[i].name == scheme {
			if i < len(c.values) {
				return c.values[i]
			}
			value, _ := c.schemes[i].read(c.header, c.query)
			return value
		}
	}
	return ""
}

// read looks the schemes' values up. They are whole when none is missing, and clear when none is a conflict.
func (c *Credentials) read(r *http.Request) (whole, clear bool) {
	clear = true
	for i := range c.schemes {
		if c.schemes[i].in == inQuery && c.query == nil {
			c.query = r.URL.Query()
		}
		value, conflict := c.schemes[i].read(c.header, c.query)
		if value == "" {
			return false, false
		}
		clear = clear && !conflict
		if i < len(c.values) {
			c.values[i] = value
		}
	}
	return true, clear
}

// String lists the names of the schemes, and none of their values.
func (c Credentials) String() string {
	names := make([]string, len(c.schemes))
	for i, s := range c.schemes {
		names[i] = s.name
	}
	return "credentials(" + strings.Join(names, "+") + ")"
}

// Format writes what String returns, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// security is what an operation asks for: any one alternative, each with all of its schemes.
type security struct {
	alternatives  []([]scheme)
	anonymous     bool
	authenticator Authenticator
	missing       *Error
	invalid       *Error
	denied        map[string]*Error
}

// scheme is where a security scheme's value is found in a request.
type scheme struct {
	name   string
	in     schemeKind
	header string // in its canonical form, for all but query
	query  string
}

type schemeKind int

const (
	inHeader schemeKind = iota
	inQuery
	asBearer
	asBasic
)

func compileSecurity(doc *openapi3.T, op *openapi3.Operation, place string, authenticator Authenticator) (*security, error) {
	requirements, where := doc.Security, "security"
	if op.Security != nil {
		requirements, where = *op.Security, place+".security"
	}
	s := &security{authenticator: authenticator}
	for _, requirement := range requirements {
		if len(requirement) == 0 {
			s.anonymous = true
			continue
		}
		var alternative []scheme
		for _, name := range slices.Sorted(maps.Keys(requirement)) {
			compiled, err := compileScheme(doc, name)
			if err != nil {
				return nil, err
			}
			alternative = append(alternative, compiled)
		}
		s.alternatives = append(s.alternatives, alternative)
	}
	if len(s.alternatives) == 0 {
		return nil, nil
	}
	if authenticator == nil {
		return nil, placed(where, "credentials are asked for, but there is no authenticator")
	}
	return s, nil
}

func compileScheme(doc *openapi3.T, name string) (scheme, error) {
	declared := doc.Components.SecuritySchemes[name].Value
	place := "components.securitySchemes." + name
	switch {
	case declared.Type == "apiKey" && declared.In == openapi3.ParameterInHeader:
		return scheme{name: name, in: inHeader, header: http.CanonicalHeaderKey(declared.Name)}, nil
	case declared.Type == "apiKey" && declared.In == openapi3.ParameterInQuery:
		return scheme{name: name, in: inQuery, query: declared.Name}, nil
	case declared.Type == "http" && strings.EqualFold(declared.Scheme, "bearer"):
		return scheme{name: name, in: asBearer, header: echo.HeaderAuthorization}, nil
	case declared.Type == "http" && strings.EqualFold(declared.Scheme, "basic"):
		return scheme{name: name, in: asBasic, header: echo.HeaderAuthorization}, nil
	}
	kind := declared.Type
	if declared.In != "" {
		kind += " in " + declared.In
	}
	if declared.Scheme != "" {
		kind += " " + declared.Scheme
	}
	return scheme{}, placed(place, "%s cannot be enforced: only apiKey in a header or the query, and http bearer and basic can", kind)
}

// compileAnswers prepares what refused credentials are answered with.
func (s *security) compileAnswers(f *failures) error {
	const status = http.StatusUnauthorized
	key, response := findResponse(f.operation.Responses, status)
	if response == nil {
		return placed(f.place+".responses", "credentials are asked for, but neither %d nor default is documented", status)
	}
	place := f.place + ".responses." + key
	codes, own, err := readCodes(response.Extensions, place)
	if err != nil {
		return err
	}
	if s.missing, err = f.answer(status, codes["missing"], "credentials", "missing", "Credentials are needed.", place); err != nil {
		return err
	}
	if s.invalid, err = f.answer(status, codes["invalid"], "credentials", "invalid", "The credentials are not accepted.", place); err != nil {
		return err
	}
	s.denied = map[string]*Error{}
	for _, code := range own {
		if s.denied[code], err = f.answer(status, code, "credentials", "denied", "", place); err != nil {
			return err
		}
	}
	return nil
}

// check returns who the request comes from, also when an error says that it is denied.
func (s *security) check(ctx context.Context, r *http.Request) (any, error) {
	credentials := Credentials{header: r.Header}
	var denied *DeniedError
	var who any // was denied
	presented := false
	for _, alternative := range s.alternatives {
		credentials.schemes = alternative
		whole, clear := credentials.read(r)
		if !whole {
			continue
		}
		presented = true
		if !clear {
			continue
		}
		principal, err := s.authenticator.Authenticate(ctx, credentials)
		if err == nil {
			return principal, nil
		}
		if errors.Is(err, ErrNotAccepted) {
			continue
		}
		var d *DeniedError
		if !errors.As(err, &d) {
			return nil, err
		}
		denied, who = d, principal
	}
	switch {
	case s.anonymous:
		return nil, nil
	case denied != nil:
		if answer := s.denied[denied.Code]; answer != nil {
			return who, answer
		}
		return who, &undocumentedCodeError{code: denied.Code}
	case presented:
		return nil, s.invalid
	}
	return nil, s.missing
}

// read returns the value that a request has for the scheme, "" when it has none. Several values
// that are not all the same are a conflict: which of them counts is anyone's guess.
func (s *scheme) read(header http.Header, query url.Values) (value string, conflict bool) {
	sent := header[s.header]
	if s.in == inQuery {
		sent = query[s.query]
	}
	for i, v := range sent {
		if i > 0 && v != sent[0] {
			conflict = true
		}
		if value == "" {
			value = v
		}
	}
	switch s.in {
	case inHeader, inQuery:
	case asBearer:
		value = afterScheme(value, "bearer")
	case asBasic:
		decoded, err := base64.StdEncoding.DecodeString(afterScheme(value, "basic"))
		if err != nil {
			return "", conflict
		}
		value = string(decoded)
	}
	return value, conflict
}

// afterScheme returns what follows the authentication scheme (RFC 9110, section 11.4), "" when the
// value has another one.
func afterScheme(value, scheme string) string {
	name, rest, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(name, scheme) {
		return ""
	}
	return strings.TrimLeft(rest, " ")
}

// undocumentedCodeError is a DeniedError whose code the document's 401 answer does not have.
type undocumentedCodeError struct{ code string }

func (e *undocumentedCodeError) Error() string {
	return "contract: the authenticator denied with the code " + e.code + ", which the document's 401 answer does not have"
}
