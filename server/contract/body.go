package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"golang.org/x/sync/semaphore"
)

// requestBody is the compiled request body of an operation.
type requestBody struct {
	declared *openapi3.RequestBody
	media    []media
	maxBytes int64
	memory   *semaphore.Weighted

	unsupported *Error // 415
	tooLarge    *Error // 413
	late        *Error // 408
	unreadable  *Error // 400
}

func (c *compiler) requestBody(declared *openapi3.RequestBody, place string, responses *errorResponses) (*requestBody, error) {
	b := &requestBody{declared: declared, maxBytes: c.maxBody, memory: c.memory}
	codes, _, err := readCodes(declared.Extensions, place, "mediaType", "size", "time", keyUnreadable, keyInvalid)
	if err != nil {
		return nil, err
	}
	names := sortedKeys(declared.Content)
	list := strings.Join(names, " or ")
	for _, check := range []struct {
		target   **Error
		status   int
		keyword  string
		code     string
		sentence string
	}{
		{&b.unsupported, http.StatusUnsupportedMediaType, "mediaType", codes["mediaType"], "The body must be sent as " + list + ", without a content coding."},
		{&b.tooLarge, http.StatusRequestEntityTooLarge, "size", codes["size"], fmt.Sprintf("The body is larger than %d bytes.", c.maxBody)},
		{&b.late, http.StatusRequestTimeout, "time", codes["time"], "The body did not arrive in time."},
		{&b.unreadable, http.StatusBadRequest, keyUnreadable, codes.first(keyUnreadable, keyInvalid), "The body cannot be read as " + list + "."},
	} {
		e := Error{Status: check.status, Code: check.code, In: inBody, Keyword: check.keyword}
		if *check.target, err = responses.prepare(e, check.sentence, place); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		m, err := compileMedia(name, declared.Content[name], place+".content."+name, codes, responses)
		if err != nil {
			return nil, err
		}
		b.media = append(b.media, m)
	}
	return b, nil
}

const inBody = "body"

// read reads and checks the body of r. It replaces r.Body: by the decoded value for the Binder if the body is
// JSON, else by the bytes that were checked.
func (b *requestBody) read(r *http.Request) error {
	if !b.declared.Required && r.ContentLength == 0 {
		r.Body = &decodedBody{absent: true}
		return nil
	}
	m := b.find(r.Header)
	if m == nil {
		return b.unsupported
	}
	if r.ContentLength > b.maxBytes {
		return b.tooLarge
	}
	buffer := bodyBuffer{memory: b.memory}
	defer buffer.release()
	if err := buffer.fill(r.Body, r.ContentLength, b.maxBytes); err != nil {
		return b.readError(err)
	}
	switch {
	case len(buffer.data) == 0 && !b.declared.Required:
		r.Body = &decodedBody{absent: true}
		return nil
	case m.kind == kindJSON:
		return b.readJSON(r, m, buffer.data)
	case m.kind == kindForm:
		return b.readForm(r, m, buffer.data)
	}
	return b.readOther(r, m, buffer.data)
}

// find returns the media type of the request, nil if the document does not declare it, or the body has a
// content coding.
func (b *requestBody) find(header http.Header) *media {
	for _, coding := range header["Content-Encoding"] {
		if coding != "" {
			return nil
		}
	}
	sent := header["Content-Type"]
	if len(sent) == 0 {
		return nil
	}
	for _, other := range sent[1:] {
		if other != sent[0] {
			return nil
		}
	}
	for i := range b.media {
		m := &b.media[i]
		if sent[0] == m.name {
			return m
		}
		if mediaType(sent[0]) != mediaType(m.name) {
			continue
		}
		if len(b.media) > 1 {
			// Generated code compares the media type with the document's spelling.
			_, parameters, found := strings.Cut(sent[0], ";")
			header["Content-Type"] = []string{m.name}
			if found {
				header["Content-Type"][0] += ";" + parameters
			}
		}
		return m
	}
	return nil
}

// readError returns the error for a body that cannot be read from the connection.
func (b *requestBody) readError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errTooLarge) || errors.As(err, &tooLarge):
		return b.tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return b.late
	case errors.Is(err, ErrBusy):
		return err
	}
	return b.unreadable.with(err)
}

func (b *requestBody) readJSON(r *http.Request, m *media, data []byte) error {
	body := &decodedBody{shape: m.shape, unbindable: b.unreadable}
	r.Body = body
	if m.schema != nil && m.schema.fast.accepts(data) {
		body.text = data
		return nil
	}
	var err error
	if body.value, err = decode(data, m.shape); err != nil {
		return b.unreadable.with(err)
	}
	if m.schema == nil {
		return nil
	}
	return m.schema.check(body.value)
}

// readForm rejects a form that repeats a name that is not an array: decoders disagree on which value counts.
func (b *requestBody) readForm(r *http.Request, m *media, data []byte) error {
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return b.unreadable.with(err)
	}
	for name, values := range form {
		if len(values) > 1 && (m.schema == nil || !isArray(m.schema.schema.Properties[name])) {
			return b.unreadable.with(fmt.Errorf("the form has %d values for %q", len(values), name))
		}
	}
	if err := b.readOther(r, m, data); err != nil {
		return err
	}
	// Without this, net/http would add the parameters of the query to the form.
	r.Form, r.PostForm = form, form
	return nil
}

func isArray(property *openapi3.SchemaRef) bool {
	return property != nil && property.Value.Type.Is(openapi3.TypeArray)
}

// readOther checks a body that openapi3filter decodes.
func (b *requestBody) readOther(r *http.Request, m *media, data []byte) error {
	if len(data) == 0 {
		return b.unreadable
	}
	// The filter replaces the body, so that it receives a copy of the request.
	copied := r.Clone(context.WithoutCancel(r.Context()))
	copied.Body, copied.GetBody = io.NopCloser(bytes.NewReader(data)), nil
	err := openapi3filter.ValidateRequestBody(r.Context(), &openapi3filter.RequestValidationInput{
		Request: copied,
		Options: &openapi3filter.Options{SkipSettingDefaults: true},
	}, b.declared)
	if err == nil {
		r.Body = io.NopCloser(bytes.NewReader(data))
		return nil
	}
	if v := fromSchemaError(err); v != nil && m.schema != nil {
		return m.schema.error(v, err)
	}
	return b.unreadable.with(err)
}

// decodedBody replaces a JSON body after it was read. It contains the value that was checked.
type decodedBody struct {
	absent     bool // the request has no body
	value      any
	text       []byte // instead of value, if a fastSchema has accepted it
	shape      *shape
	unbindable *Error
}

// Read returns io.EOF, because the body was read.
func (*decodedBody) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (*decodedBody) Close() error { return nil }
