package contract

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// responses are the responses that an operation declares.
type responses struct {
	operation string
	check     ResponseCheck
	logger    *slog.Logger
	declared  *openapi3.Responses
	byKey     map[string]*response // 200, 2XX or default
}

// response is a declared response.
type response struct {
	headers []string              // the required ones
	media   map[string]*validator // by media type; a nil validator allows everything. The map is nil if no body is declared
}

func (c *compiler) responses(op *openapi3.Operation, place string) (*responses, error) {
	r := &responses{operation: op.OperationID, check: c.responseCheck, logger: c.logger, declared: op.Responses, byKey: map[string]*response{}}
	for _, key := range sortedKeys(op.Responses.Map()) {
		declared := op.Responses.Value(key).Value
		compiled := &response{}
		for _, name := range sortedKeys(declared.Headers) {
			if declared.Headers[name].Value.Required {
				compiled.headers = append(compiled.headers, http.CanonicalHeaderKey(name))
			}
		}
		if len(declared.Content) > 0 {
			compiled.media = map[string]*validator{}
		}
		for _, name := range sortedKeys(declared.Content) {
			v, err := c.responseValidator(name, declared.Content[name], place+".responses."+key+".content."+name+".schema")
			if err != nil {
				return nil, err
			}
			compiled.media[mediaType(name)] = v
		}
		r.byKey[key] = compiled
	}
	return r, nil
}

// responseValidator returns the validator of a media type, nil if there is nothing to validate. Operations that
// share a schema share its validator.
func (c *compiler) responseValidator(name string, declared *openapi3.MediaType, place string) (*validator, error) {
	if declared.Schema == nil || kindOf(mediaType(name)) != kindJSON {
		return nil, nil
	}
	schema := declared.Schema.Value
	if v := c.validators[schema]; v != nil {
		return v, nil
	}
	v, err := compileValidator(schema, place, openapi3.VisitAsResponse())
	c.validators[schema] = v
	return v, err
}

// serve calls the handler, and sends its response if the document allows it.
func (r *responses) serve(ec echo.Context, next echo.HandlerFunc) error {
	if r.check == ResponsesUnchecked {
		if err := next(ec); err != nil {
			return err
		}
		if !ec.Response().Committed {
			return r.noResponse()
		}
		return nil
	}
	sent := ec.Response()
	direct := sent.Writer
	recorded := newRecorder(direct, r)
	sent.Writer = recorded
	complete := false
	defer func() { // also if the handler panics
		sent.Writer = direct
		if !complete && !recorded.streaming {
			// The error handler of echo sends another response.
			sent.Committed, sent.Status, sent.Size = false, http.StatusOK, 0
		}
		recorded.release()
	}()
	if err := next(ec); err != nil || recorded.streaming {
		return err
	}
	if recorded.status == 0 {
		return r.noResponse()
	}
	if err := r.validate(recorded, ec.Request().Method); err != nil {
		if r.check == ResponsesEnforced {
			return err
		}
		r.logger.ErrorContext(ec.Request().Context(), "the document does not allow a response", "error", err)
	}
	complete = true
	return recorded.send()
}

func (r *responses) noResponse() error {
	return &ResponseError{Operation: r.operation, Reason: "the handler sent no response"}
}

// validate returns a *ResponseError if the document does not allow the recorded response.
func (r *responses) validate(recorded *recorder, method string) error {
	declared, reason := r.find(recorded)
	if reason == "" {
		reason = declared.validate(recorded, method)
	}
	if reason != "" {
		return &ResponseError{Operation: r.operation, Status: recorded.status, Reason: reason}
	}
	return nil
}

// find returns the declared response for a recorded one, or the reason why the document does not allow its
// status or its headers.
func (r *responses) find(recorded *recorder) (declared *response, reason string) {
	key, _ := findResponse(r.declared, recorded.status)
	declared = r.byKey[key]
	if declared == nil {
		return nil, "the status is not documented"
	}
	for _, name := range declared.headers {
		if len(recorded.header[name]) == 0 {
			return nil, "the required header " + name + " is missing"
		}
	}
	return declared, ""
}

// validate returns the reason why the document does not allow the body, "" if it does.
func (r *response) validate(recorded *recorder, method string) (reason string) {
	body := recorded.body.Bytes()
	if r.media == nil {
		if len(body) > 0 {
			return "the response has a body, but none is documented"
		}
		return ""
	}
	if method == http.MethodHead {
		return ""
	}
	v, ok := r.media[recorded.mediaType]
	switch {
	case !ok:
		return "the media type " + strconv.Quote(recorded.mediaType) + " is not documented"
	case kindOf(recorded.mediaType) != kindJSON:
		return ""
	}
	if v != nil && v.fast.accepts(body) {
		return ""
	}
	value, err := decode(body, nil)
	if err != nil {
		return "the body is not one well-formed JSON value"
	}
	if v == nil {
		return ""
	}
	found, err := v.validate(value)
	if found != nil {
		return fmt.Sprintf("the body does not satisfy %s at %q", found.keyword, found.pointer())
	}
	if err != nil {
		return "the body does not satisfy its schema"
	}
	return ""
}
