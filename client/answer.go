package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/turbosmtp-go/billing/gen/model"
)

// answers are the documented answers of all operations, to check a success against.
type answers []model.Answer

const (
	jsonType = "application/json"
	// maxBody bounds what is read of an answer, in bytes: a payment link needs a few hundred.
	maxBody = 1 << 20
	// maxKept bounds what an Error keeps of it.
	maxKept = 4 << 10
)

var errTooLarge = errors.New("the answer is larger than 1 MiB")

// readBody reads an answer's body and closes it. It returns what it got also where it fails.
func readBody(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	_ = resp.Body.Close() // All that counts has been read.
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	if err != nil {
		return body, fmt.Errorf("the answer was not read whole: %w", err)
	}
	return body, nil
}

// checkSuccess returns what is wrong with a success by what the document promises of its operation, nil
// if nothing is. Where it promises no JSON, it asks only that what says that it is JSON is JSON.
func checkSuccess(promised []model.Answer, resp *http.Response, body []byte) error {
	if len(promised) == 0 {
		if isJSON(resp) && resp.StatusCode != http.StatusNoContent && !wellFormed(body) {
			return errors.New("the answer is not one JSON value")
		}
		return nil
	}
	i := slices.IndexFunc(promised, func(p model.Answer) bool { return p.Status == resp.StatusCode })
	switch {
	case i < 0:
		return errors.New("the document has no such success")
	case !isJSON(resp):
		return errors.New("the answer is not " + jsonType)
	case !wellFormed(body):
		return errors.New("the answer is not one JSON value")
	case len(promised[i].Members) == 0:
		return nil
	}
	return checkMembers(promised[i].Members, body)
}

// find returns the answers of the operation that a request is for. As OpenAPI asks, a path without
// parameters goes before one with.
func (a answers) find(method, path string) []model.Answer {
	var found []model.Answer
	for _, answer := range a {
		if answer.Method != method || !matches(answer.Path, path) {
			continue
		}
		if len(found) > 0 && answer.Path != found[0].Path {
			if strings.Count(answer.Path, "{") > strings.Count(found[0].Path, "{") {
				continue
			}
			found = nil
		}
		found = append(found, answer)
	}
	return found
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool {
		return w == g || (strings.Contains(w, "{") && g != "")
	})
}

// isJSON reports whether an answer says that it is JSON, in any case and with any parameters.
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

// checkMembers checks the members of a JSON object. Names are compared to the letter. The decoder
// behind it is not so strict, so a name that differs from a declared one by case alone is refused:
// it would take the other's place.
func checkMembers(declared []model.Member, body []byte) error {
	if bytes.TrimSpace(body)[0] != '{' {
		return errors.New("the answer is not a JSON object")
	}
	for _, m := range declared {
		there, alike := false, false
		for name, value := range members(body) {
			switch {
			case name != m.Name:
				alike = alike || strings.EqualFold(name, m.Name)
				continue
			case !isKind(value, m.Type):
				return fmt.Errorf("the answer's member %q is not of the type %s", m.Name, m.Type)
			case m.NonEmpty && value == `""`:
				return fmt.Errorf("the answer's member %q is empty", m.Name)
			}
			there = true
		}
		switch {
		case m.Required && !there:
			return fmt.Errorf("the answer has no member %q", m.Name)
		case alike:
			return fmt.Errorf("the answer has a member that differs from %q by case alone", m.Name)
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
