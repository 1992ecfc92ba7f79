package contract

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"
)

// answers are what an operation may answer.
type answers struct {
	operation string
	check     ResponseCheck
	byStatus  map[int]*answer
	byClass   [6]*answer // 4: of 4XX
	other     *answer    // by default
}

type answer struct {
	media   map[string]*checker // nil: any JSON, or nothing to check
	headers []string            // that must be there
}

func compileAnswers(op *openapi3.Operation, place string, settings settings) (*answers, error) {
	a := &answers{operation: op.OperationID, check: settings.answers, byStatus: map[int]*answer{}}
	for _, key := range sortedKeys(op.Responses.Map()) {
		response := op.Responses.Value(key).Value
		compiled := &answer{}
		for _, name := range sortedKeys(response.Headers) {
			if response.Headers[name].Value.Required {
				compiled.headers = append(compiled.headers, http.CanonicalHeaderKey(name))
			}
		}
		for _, name := range sortedKeys(response.Content) {
			if compiled.media == nil {
				compiled.media = map[string]*checker{}
			}
			base := mediaType(name)
			compiled.media[base] = nil
			if ref := response.Content[name].Schema; ref != nil && kindOf(base) == mediaIsJSON {
				c, err := settings.checkerOf(ref.Value, place+".responses."+key+".content."+name+".schema")
				if err != nil {
					return nil, err
				}
				compiled.media[base] = c
			}
		}
		switch status, err := strconv.Atoi(key); {
		case err == nil:
			a.byStatus[status] = compiled
		case key == "default":
			a.other = compiled
		case len(key) == 3 && key[1:] == "XX" && '1' <= key[0] && key[0] <= '5':
			a.byClass[key[0]-'0'] = compiled
		}
	}
	return a, nil
}

// checkerOf returns what checks answers by a schema, the same for all operations that share it.
func (s settings) checkerOf(schema *openapi3.Schema, place string) (*checker, error) {
	if c := s.checkers[schema]; c != nil {
		return c, nil
	}
	c, err := compileChecker(schema, place, openapi3.VisitAsResponse())
	if err != nil {
		return nil, err
	}
	s.checkers[schema] = &c
	return &c, nil
}

// find looks a status up as OpenAPI says: the status itself, its class, the default.
func (a *answers) find(status int) *answer {
	if found := a.byStatus[status]; found != nil {
		return found
	}
	if class := status / 100; 1 <= class && class <= 5 && a.byClass[class] != nil {
		return a.byClass[class]
	}
	return a.other
}

// serve calls the handler and sends its answer on when the document allows it.
func (a *answers) serve(ec echo.Context, next echo.HandlerFunc, settings *settings) error {
	response := ec.Response()
	if a.check == ResponsesUnchecked {
		if err := next(ec); err != nil {
			return err
		}
		if !response.Committed {
			return a.wrong(0, "the handler gave no answer")
		}
		return nil
	}
	r := recorders.Get().(*recorder)
	direct := response.Writer
	r.direct, r.answers = direct, a
	response.Writer = r
	sent := false
	defer func() { // also when the handler panics
		response.Writer = direct
		if !sent && !r.streaming {
			// What was recorded is dropped, so that the error handler can answer.
			response.Committed, response.Status, response.Size = false, http.StatusOK, 0
		}
		r.release()
	}()
	err := next(ec)
	if err == nil && !r.streaming {
		if wrong := a.verify(r, ec.Request().Method); wrong != nil {
			if a.check == ResponsesEnforced || r.status == 0 {
				err = wrong
			} else {
				settings.logger.ErrorContext(ec.Request().Context(), "the answer is not what the document allows", "error", wrong)
			}
		}
	}
	if err != nil || r.streaming {
		return err
	}
	sent = true
	return r.send()
}

func (a *answers) wrong(status int, reason string) error {
	return &ResponseError{Operation: a.operation, Status: status, Reason: reason}
}

// verifyHeader checks all of an answer but its body, and returns how its body is checked.
func (a *answers) verifyHeader(status int, header http.Header) (*answer, error) {
	declared := a.find(status)
	if declared == nil {
		return nil, a.wrong(status, "the status is not documented")
	}
	for _, name := range declared.headers {
		if len(header[name]) == 0 {
			return nil, a.wrong(status, "the required header "+name+" is missing")
		}
	}
	return declared, nil
}

func (a *answers) verify(r *recorder, method string) error {
	if r.status == 0 {
		return a.wrong(0, "the handler gave no answer")
	}
	declared, err := a.verifyHeader(r.status, r.header)
	if err != nil {
		return err
	}
	sent := r.body.Bytes()
	if declared.media == nil || method == http.MethodHead {
		if len(sent) > 0 && declared.media == nil {
			return a.wrong(r.status, "there is a body, but none is documented")
		}
		return nil
	}
	contentType := r.mediaType()
	check, ok := declared.media[contentType]
	if !ok {
		return a.wrong(r.status, "the media type "+strconv.Quote(contentType)+" is not documented")
	}
	if kindOf(contentType) != mediaIsJSON {
		return nil
	}
	var whole *shape
	if check != nil {
		if check.glance != nil && check.glance.accepts(r.decoder()) {
			return nil
		}
		whole = check.names
	}
	value, err := decode(r.decoder(), whole, nil)
	if err != nil {
		return a.wrong(r.status, "the body is not one well-formed JSON value")
	}
	if check == nil {
		return nil
	}
	switch f, err := check.find(value); {
	case f != nil:
		return a.wrong(r.status, "the body does not satisfy "+f.keyword+" at "+strconv.Quote(pointer(f.pointer)))
	case err != nil:
		return a.wrong(r.status, "the body does not satisfy its schema")
	}
	return nil
}

// recorder keeps an answer back until it is checked. A documented one that is not JSON passes through
// it: it may be a stream, and its body is not checked.
type recorder struct {
	direct    http.ResponseWriter
	answers   *answers
	header    http.Header
	status    int
	streaming bool
	body      bytes.Buffer
	source    bytes.Buffer
	json      jsontext.Decoder
}

var recorders = sync.Pool{New: func() any { return &recorder{header: http.Header{}} }}

func (r *recorder) release() {
	if r.body.Cap() > maxPooled {
		return
	}
	clear(r.header)
	r.body.Reset()
	r.source = bytes.Buffer{}
	r.direct, r.answers, r.status, r.streaming = nil, nil, 0, false
	recorders.Put(r)
}

// decoder reads what was recorded, from its beginning.
func (r *recorder) decoder() *jsontext.Decoder {
	r.source = *bytes.NewBuffer(r.body.Bytes())
	r.json.Reset(&r.source)
	return &r.json
}

// Header returns the answer's header, which is kept back like its body.
func (r *recorder) Header() http.Header {
	if r.streaming {
		return r.direct.Header()
	}
	return r.header
}

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write keeps a JSON body, and sends any other on.
func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if !r.streaming && r.body.Len() == 0 && r.streams() {
		r.sendHeader()
		r.streaming = true
	}
	if r.streaming {
		return r.direct.Write(data)
	}
	return r.body.Write(data)
}

// mediaType returns the answer's media type, "" when it says none.
func (r *recorder) mediaType() string {
	said := r.header["Content-Type"]
	if len(said) == 0 {
		return ""
	}
	return mediaType(said[0])
}

// streams says whether the answer is a documented one that is not JSON.
func (r *recorder) streams() bool {
	base := r.mediaType()
	if base == "" || kindOf(base) == mediaIsJSON {
		return false
	}
	declared, err := r.answers.verifyHeader(r.status, r.header)
	if err != nil {
		return false
	}
	_, ok := declared.media[base]
	return ok
}

// Flush sends a stream's buffered data.
func (r *recorder) Flush() {
	if flusher, ok := r.direct.(http.Flusher); ok && r.streaming {
		flusher.Flush()
	}
}

func (r *recorder) sendHeader() {
	to := r.direct.Header()
	for name, values := range r.header {
		to[name] = values
	}
	r.direct.WriteHeader(r.status)
}

func (r *recorder) send() error {
	r.sendHeader()
	if r.body.Len() == 0 {
		return nil
	}
	_, err := r.direct.Write(r.body.Bytes())
	return err
}
