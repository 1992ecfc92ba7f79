package contract

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// security is the security requirement of an operation. A nil value requires no credentials.
type security struct {
	alternatives  [][]scheme // each requires all of its schemes
	optional      bool       // a request without credentials is accepted
	authenticator Authenticator
	missing       *Error
	invalid       *Error
	denied        map[string]*Error // by code
}

const inCredentials = "credentials"

func (c *compiler) security(op *openapi3.Operation, place string, responses *errorResponses) (*security, error) {
	requirements, where := c.doc.Security, "security"
	if op.Security != nil {
		requirements, where = *op.Security, place+".security"
	}
	s := &security{authenticator: c.authenticator}
	for _, requirement := range requirements {
		if len(requirement) == 0 {
			s.optional = true
			continue
		}
		var alternative []scheme
		for _, name := range sortedKeys(requirement) {
			compiled, err := compileScheme(name, c.doc.Components.SecuritySchemes[name].Value)
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
	if c.authenticator == nil {
		return nil, documentError(where, "the operation requires credentials, but there is no authenticator: use WithAuthenticator")
	}
	return s, s.prepareErrors(responses)
}

// prepareErrors prepares the errors for credentials that are not accepted.
func (s *security) prepareErrors(responses *errorResponses) error {
	key, response := findResponse(responses.operation.Responses, http.StatusUnauthorized)
	if response == nil {
		return documentError(responses.place+".responses", "the operation requires credentials: declare the response 401 or a default response")
	}
	place := responses.place + ".responses." + key
	codes, own, err := readCodes(response.Extensions, place, keyMissing, keyInvalid, keyImplementation)
	if err != nil {
		return err
	}
	prepare := func(keyword, code, sentence string) (*Error, error) {
		e := Error{Status: http.StatusUnauthorized, Code: code, In: inCredentials, Keyword: keyword}
		return responses.prepare(e, sentence, place)
	}
	if s.missing, err = prepare(keyMissing, codes[keyMissing], "Credentials are missing."); err != nil {
		return err
	}
	if s.invalid, err = prepare(keyInvalid, codes[keyInvalid], "The credentials are not accepted."); err != nil {
		return err
	}
	s.denied = map[string]*Error{}
	for _, code := range own {
		if s.denied[code], err = prepare("denied", code, ""); err != nil {
			return err
		}
	}
	return nil
}

// authenticate tries the alternatives that the request presents. It returns the principal, also with the error
// of a denied request.
func (s *security) authenticate(ctx context.Context, r *http.Request) (principal any, err error) {
	if s == nil {
		return nil, nil
	}
	refusal := error(s.missing)
	for _, alternative := range s.alternatives {
		credentials := Credentials{schemes: alternative, request: r}
		presented, ambiguous := credentials.presented()
		if !presented {
			continue
		}
		if refusal == s.missing { //nolint:errorlint // it is this value itself
			refusal = s.invalid
		}
		if ambiguous {
			continue
		}
		accepted, err := s.authenticator.Authenticate(ctx, credentials)
		var denied *DeniedError
		switch {
		case err == nil:
			return accepted, nil
		case errors.Is(err, ErrNotAccepted):
		case errors.As(err, &denied):
			e := s.denied[denied.Code]
			if principal, refusal = accepted, e; e == nil {
				refusal = fmt.Errorf("contract: the authenticator returned a DeniedError with the code %q: list it in %s.%s of the 401 response", denied.Code, extension, keyImplementation)
			}
		default:
			return nil, err
		}
	}
	if s.optional {
		return nil, nil
	}
	return principal, refusal
}

// scheme is a security scheme.
type scheme struct {
	name      string
	kind      string // "header", "query", "bearer" or "basic"
	parameter string // the canonical name of the header, or the name of the query parameter
}

func compileScheme(name string, declared *openapi3.SecurityScheme) (scheme, error) {
	switch kind := strings.ToLower(declared.Scheme); {
	case declared.Type == "apiKey" && declared.In == openapi3.ParameterInHeader:
		return scheme{name, "header", http.CanonicalHeaderKey(declared.Name)}, nil
	case declared.Type == "apiKey" && declared.In == openapi3.ParameterInQuery:
		return scheme{name, "query", declared.Name}, nil
	case declared.Type == "http" && (kind == "bearer" || kind == "basic"):
		return scheme{name, kind, echo.HeaderAuthorization}, nil
	}
	kind := strings.Join(strings.Fields(declared.Type+" "+declared.In+" "+declared.Scheme), " ")
	return scheme{}, documentError("components.securitySchemes."+name, "the scheme (%s) is not supported: use apiKey in header or query, http bearer or http basic", kind)
}

// read returns the value of the scheme in a request, "" if there is none. It is ambiguous if the request
// contains different values.
func (s *scheme) read(r *http.Request) (value string, ambiguous bool) {
	sent := r.Header[s.parameter]
	if s.kind == "query" {
		sent = r.URL.Query()[s.parameter]
	}
	for _, v := range sent {
		ambiguous = ambiguous || v != sent[0]
		if value == "" {
			value = v
		}
	}
	if s.kind == "bearer" || s.kind == "basic" {
		value = withoutScheme(value, s.kind)
	}
	if s.kind == "basic" {
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return "", ambiguous
		}
		value = string(decoded)
	}
	return value, ambiguous
}

// withoutScheme returns the credentials after the authentication scheme (RFC 9110, section 11.4), "" if the value
// has another scheme.
func withoutScheme(value, scheme string) string {
	name, rest, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(name, scheme) {
		return ""
	}
	return strings.TrimLeft(rest, " ")
}
