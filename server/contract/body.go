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
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// body is what an operation wants of a request's body.
type body struct {
	declared *openapi3.RequestBody
	media    []media
	max      int64
	bodies   *budget

	unsupported *Error // 415
	tooLarge    *Error // 413
	late        *Error // 408
	unreadable  *Error // 400
}

// media is one media type that the body may have.
type media struct {
	name   string // as the document writes it
	kind   mediaKind
	schema *schema // nil: anything
	shape  *shape
	plain  *plainType // that handlers bind to
}

type mediaKind int

const (
	mediaIsJSON mediaKind = iota
	mediaIsForm
	mediaIsOther
)

const mediaForm = "application/x-www-form-urlencoded"

func compileBody(declared *openapi3.RequestBody, place string, max int64, bodies *budget, f *failures) (*body, error) {
	b := &body{declared: declared, max: max, bodies: bodies}
	codes, _, err := readCodes(declared.Extensions, place)
	if err != nil {
		return nil, err
	}
	names := sortedKeys(declared.Content)
	for _, check := range []struct {
		answer            **Error
		status            int
		code              string
		keyword, sentence string
	}{
		{&b.unsupported, http.StatusUnsupportedMediaType, codes["mediaType"], "mediaType", "The body must be sent as " + strings.Join(names, " or ") + ", without a content coding."},
		{&b.tooLarge, http.StatusRequestEntityTooLarge, codes["size"], "size", fmt.Sprintf("The body is larger than %d bytes.", max)},
		{&b.late, http.StatusRequestTimeout, codes["time"], "time", "The body did not arrive in time."},
		{&b.unreadable, http.StatusBadRequest, firstCode(codes, "unreadable", "invalid"), "unreadable", "The body cannot be read as " + strings.Join(names, " or ") + "."},
	} {
		if *check.answer, err = f.answer(check.status, check.code, "body", check.keyword, check.sentence, place); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		where := place + ".content." + name
		if strings.ContainsAny(name, "*,") {
			return nil, placed(where, "a range of media types cannot be enforced")
		}
		m := media{name: name, kind: kindOf(name), plain: new(plainType)}
		if m.kind == mediaIsOther && openapi3filter.RegisteredBodyDecoder(strings.ToLower(name)) == nil {
			return nil, placed(where, "this media type cannot be enforced: nothing decodes it")
		}
		if ref := declared.Content[name].Schema; ref != nil {
			if m.schema, err = compileSchema(ref.Value, where+".schema", "body", codes, f); err != nil {
				return nil, err
			}
			m.shape = compileShape(ref.Value, map[*openapi3.Schema]*shape{})
		}
		b.media = append(b.media, m)
	}
	return b, nil
}

func kindOf(name string) mediaKind {
	if name == mediaJSON {
		return mediaIsJSON
	}
	switch base := mediaType(name); {
	case base == mediaJSON || strings.HasSuffix(base, "+json"):
		return mediaIsJSON
	case base == mediaForm:
		return mediaIsForm
	}
	return mediaIsOther
}

// mediaType returns a Content-Type's media type without its parameters, in lower case.
func mediaType(contentType string) string {
	if contentType == mediaJSON {
		return mediaJSON
	}
	base, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.Trim(base, " \t"))
}

// read checks the body of r and puts in its place what the handler may see of it: seen, for JSON.
func (b *body) read(r *http.Request, seen *content) error {
	if !b.declared.Required && r.ContentLength == 0 {
		seen.absent, r.Body = true, seen
		return nil
	}
	m := b.find(r.Header)
	if m == nil {
		return b.unsupported
	}
	if r.ContentLength > b.max {
		return b.tooLarge
	}
	buffer := buffers.Get().(*buffer)
	buffer.bodies = b.bodies
	defer buffer.release()
	if err := buffer.fill(r.Body, r.ContentLength, b.max); err != nil {
		return b.refuse(err)
	}
	if len(buffer.data) == 0 && !b.declared.Required {
		seen.absent, r.Body = true, seen
		return nil
	}
	switch m.kind {
	case mediaIsJSON:
		return b.readJSON(r, seen, m, buffer)
	case mediaIsForm:
		return b.readForm(r, m, buffer.data)
	case mediaIsOther:
	}
	return b.readOther(r, m, bytes.Clone(buffer.data))
}

// find returns the media type that the request's body has, nil when the document has none such or
// the body has a content coding on top.
func (b *body) find(header http.Header) *media {
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
	base := sent[0]
	for i := range b.media {
		if base == b.media[i].name {
			return &b.media[i]
		}
	}
	base = mediaType(base)
	for i := range b.media {
		if strings.EqualFold(base, mediaType(b.media[i].name)) {
			if len(b.media) > 1 {
				header["Content-Type"] = []string{b.media[i].name + parametersOf(sent[0])}
			}
			return &b.media[i]
		}
	}
	return nil
}

// parametersOf returns a Content-Type from its first semicolon on. Generated code tells media types
// apart by their spelling in the document, so that spelling is put before it.
func parametersOf(contentType string) string {
	if i := strings.IndexByte(contentType, ';'); i >= 0 {
		return contentType[i:]
	}
	return ""
}

func (b *body) refuse(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errTooLarge) || errors.As(err, &tooLarge):
		return b.tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return b.late
	case errors.Is(err, ErrBusy):
		return err
	}
	return because(b.unreadable, err)
}

func because(answer *Error, err error) *Error {
	caused := *answer
	caused.Cause = err
	return &caused
}

func (b *body) readJSON(r *http.Request, seen *content, m *media, buffer *buffer) error {
	object := objects.Get().(map[string]any)
	value, err := decode(buffer.decoder(), m.shape, object)
	*seen, r.Body = content{value: value, object: object, plain: m.plain, unbindable: b.unreadable}, seen
	if err != nil {
		return because(b.unreadable, err)
	}
	if m.schema != nil {
		if failed := m.schema.check(value); failed != nil {
			if failed.Cause != nil {
				seen.object = nil // as kin-openapi's errors hold the value
			}
			return failed
		}
	}
	return nil
}

// readForm takes a form in which every name that is no list stands once: whoever reads it sees the
// same value.
func (b *body) readForm(r *http.Request, m *media, data []byte) error {
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return because(b.unreadable, err)
	}
	for name, values := range form {
		if len(values) > 1 && (m.schema == nil || !takesList(m.schema.schema, name)) {
			return because(b.unreadable, fmt.Errorf("the name %q stands %d times", name, len(values)))
		}
	}
	if err := b.readOther(r, m, bytes.Clone(data)); err != nil {
		return err
	}
	// The query string is not part of the body: echo and net/http would mix it in.
	r.Form, r.PostForm = form, form
	return nil
}

func takesList(s *openapi3.Schema, name string) bool {
	property := s.Properties[name]
	return property != nil && property.Value.Type.Is(openapi3.TypeArray)
}

// readOther leaves the decoding to openapi3filter, and the bytes that it decoded to the handler.
func (b *body) readOther(r *http.Request, m *media, data []byte) error {
	if len(data) == 0 {
		return b.unreadable
	}
	trial := r.Clone(context.WithoutCancel(r.Context()))
	trial.Body, trial.GetBody = io.NopCloser(bytes.NewReader(data)), nil
	err := openapi3filter.ValidateRequestBody(r.Context(), &openapi3filter.RequestValidationInput{
		Request: trial,
		Options: &openapi3filter.Options{SkipSettingDefaults: true},
	}, b.declared)
	if err != nil {
		if m.schema != nil {
			if found := fromSchemaError(err); found != nil {
				return m.schema.answer(found, err)
			}
		}
		return because(b.unreadable, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// content takes the place of a JSON body that was read: it holds the value that was validated, and
// nothing to decode again.
type content struct {
	value      any
	object     map[string]any // to give back; nil: there is none, or somebody holds it
	plain      *plainType
	unbindable *Error
	absent     bool
	released   bool
}

// objects are for the members of bodies. Handlers never get one: binding copies.
var objects = sync.Pool{New: func() any { return map[string]any{} }}

// maxPooledMembers is how many members an object may have that is kept for the next request.
const maxPooledMembers = 64

// release gives back what was made for the body. Nothing can be bound any more.
func (c *content) release() {
	if c.object != nil && len(c.object) <= maxPooledMembers {
		clear(c.object)
		objects.Put(c.object)
	}
	c.value, c.object, c.released = nil, nil, true
}

// HasRead reports whether a request's body was read whole, for who looks at the request afterwards.
func HasRead(r *http.Request) bool {
	_, ok := r.Body.(*content)
	return ok
}

// Read finds the body at its end: it has been read.
func (c *content) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (c *content) Close() error { return nil }
