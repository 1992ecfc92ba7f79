package contract

import (
	"bytes"
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"
)

// recorder records a response until it is validated. A documented response that is not JSON may be a stream:
// the recorder sends it at once, and its body is not validated.
type recorder struct {
	direct    http.ResponseWriter
	responses *responses
	header    http.Header
	status    int    // 0 until the handler responds
	mediaType string // "" if the response has no Content-Type
	body      bytes.Buffer
	streaming bool
}

// Header returns the header of the response.
func (r *recorder) Header() http.Header {
	if r.streaming {
		return r.direct.Header()
	}
	return r.header
}

// WriteHeader records the status and the media type.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.mediaType = status, mediaType(r.header.Get(echo.HeaderContentType))
	}
}

// Write records data, or sends it if the response is a stream.
func (r *recorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if !r.streaming && r.body.Len() == 0 && r.isStream() {
		r.sendHeader()
		r.streaming = true
	}
	if r.streaming {
		return r.direct.Write(data)
	}
	return r.body.Write(data)
}

// isStream reports whether the response is a documented one that is not JSON.
func (r *recorder) isStream() bool {
	if r.mediaType == "" || kindOf(r.mediaType) == kindJSON {
		return false
	}
	declared, reason := r.responses.find(r)
	if reason != "" {
		return false
	}
	_, ok := declared.media[r.mediaType]
	return ok
}

// Flush sends the buffered data of a stream.
func (r *recorder) Flush() {
	if flusher, ok := r.direct.(http.Flusher); ok && r.streaming {
		flusher.Flush()
	}
}

// send sends the recorded response.
func (r *recorder) send() error {
	r.sendHeader()
	if r.body.Len() == 0 {
		return nil
	}
	_, err := r.direct.Write(r.body.Bytes())
	return err
}

func (r *recorder) sendHeader() {
	maps.Copy(r.direct.Header(), r.header)
	r.direct.WriteHeader(r.status)
}
