package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// operation is an operation of the document, with the responses that it promises on success.
type operation struct {
	method, path string // the path is below the server's URL and may contain {parameters}
	successes    []success
}

// success is a documented response of an operation that succeeds.
type success struct {
	status  int      // or its first digit, for a range such as 2XX
	json    bool     // whether its only media type is application/json
	members []member // of the JSON object, none where it is not one
}

// member is a declared member of a JSON object.
type member struct {
	name, kind string // kind is the OpenAPI type, several are separated by commas, "" is any
	required   bool
	nonEmpty   bool // its string must not be ""
	uri        bool // its string has the format uri
}

// checkSuccess checks a success by what the document promises of its operation. If the document does not
// contain the operation, it only checks that what is labelled as JSON is JSON.
func checkSuccess(promised []success, method string, resp *http.Response, body []byte) error {
	isEmpty := method == http.MethodHead || resp.StatusCode == http.StatusNoContent
	if len(promised) == 0 {
		if isJSON(resp) && !isEmpty && !wellFormed(body) {
			return errors.New("the response is not one JSON value")
		}
		return nil
	}
	i := slices.IndexFunc(promised, func(p success) bool { return p.status == resp.StatusCode || p.status == resp.StatusCode/100 })
	switch {
	case i < 0:
		return errors.New("the document does not contain this success")
	case isEmpty || !promised[i].json:
		return nil
	case !isJSON(resp):
		return errors.New("the response is not " + jsonType)
	case !wellFormed(body):
		return errors.New("the response is not one JSON value")
	case len(promised[i].members) == 0:
		return nil
	}
	return checkMembers(promised[i].members, body)
}

// find returns the successes of the operation that a request is for. As OpenAPI asks, a path without
// parameters goes before one with.
func find(operations []operation, method, path string) []success {
	var found operation
	for _, o := range operations {
		if o.method == method && matches(o.path, path) && (found.path == "" || parameters(o.path) < parameters(found.path)) {
			found = o
		}
	}
	return found.successes
}

func parameters(template string) int { return strings.Count(template, "{") }

func matches(template, path string) bool {
	if parameters(template) == 0 {
		return template == path
	}
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool {
		return w == g || (strings.Contains(w, "{") && g != "")
	})
}

// isJSON reports whether a response is labelled as JSON, in any case and with any parameters.
func isJSON(resp *http.Response) bool {
	sent := resp.Header.Get("Content-Type")
	if sent == jsonType {
		return true
	}
	media, _, err := mime.ParseMediaType(sent)
	return media == jsonType && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

func wellFormed(body []byte) bool {
	return json.Valid(body) && utf8.Valid(body)
}

// checkMembers checks the members of a JSON object. It refuses a name that differs from a declared one by
// case alone, because encoding/json would decode it in place of the declared one.
func checkMembers(declared []member, body []byte) error {
	if bytes.TrimSpace(body)[0] != '{' {
		return errors.New("the response is not a JSON object")
	}
	for _, m := range declared {
		there, alike := false, false
		for name, value := range members(body) {
			switch {
			case name != m.name:
				alike = alike || strings.EqualFold(name, m.name)
				continue
			case !isKind(value, m.kind):
				return fmt.Errorf("the response's member %q is not of the type %s", m.name, m.kind)
			case m.nonEmpty && value == `""`:
				return fmt.Errorf("the response's member %q is empty", m.name)
			case m.uri && value[0] == '"' && !isWebURL(unquote(value)):
				return fmt.Errorf("the response's member %q is not an absolute http or https URL", m.name)
			}
			there = true
		}
		switch {
		case m.required && !there:
			return fmt.Errorf("the response has no member %q", m.name)
		case alike:
			return fmt.Errorf("the response has a member that differs from %q by case alone", m.name)
		}
	}
	return nil
}

// isKind reports whether a JSON value is of one of the OpenAPI types, which a comma separates. Of ""
// are all values.
func isKind(value, types string) bool {
	if types == "" {
		return true
	}
	for kind := range strings.SplitSeq(types, ",") {
		var err error
		is := false
		switch kind {
		case "string":
			is = value[0] == '"'
		case "object":
			is = value[0] == '{'
		case "array":
			is = value[0] == '['
		case "boolean":
			is = value == "true" || value == "false"
		case "null":
			is = value == "null"
		case "integer":
			_, err = strconv.ParseInt(value, 10, 64)
			is = err == nil
		case "number":
			_, err = strconv.ParseFloat(value, 64)
			is = err == nil
		}
		if is {
			return true
		}
	}
	return false
}

// isWebURL reports whether a text is an absolute http or https URL that can be printed and opened: it
// has a host, and nothing that a terminal or a browser would act on.
func isWebURL(text string) bool {
	u, err := url.Parse(text)
	isHidden := func(r rune) bool { return !unicode.IsPrint(r) }
	return err == nil && !strings.ContainsFunc(text, isHidden) && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}
