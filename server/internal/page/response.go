package page

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Failure is the JSON body of a failed request. The API's own failures have the same form.
type Failure struct {
	Message string `json:"message"`
}

// SetHeaders sets the security headers. Call it before any response of the package is written. By
// default no response can be stored, framed or indexed.
func (p *Pages) SetHeaders(header http.Header) {
	header.Set("Content-Security-Policy", p.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
}

// ReadOnly sets the security headers, passes GET and HEAD requests to next, and responds to other
// methods with 405.
func (p *Pages) ReadOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.SetHeaders(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			p.WriteJSON(w, r, http.StatusMethodNotAllowed, Failure{"The method is not allowed for this path. Use GET or HEAD."})
			return
		}
		next(w, r)
	})
}

// WriteJSON writes a value as JSON. If the value cannot be encoded, it logs the error and responds
// with 500.
func (p *Pages) WriteJSON(w http.ResponseWriter, r *http.Request, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		p.logger.ErrorContext(r.Context(), "page: encoding a response failed", "error", err)
		status, body = http.StatusInternalServerError, []byte(`{"message":"The response cannot be encoded. Try again later."}`)
	}
	WriteBytes(w, r, status, "application/json", body)
}

// WriteBytes writes a body with its length. The response to HEAD has the same headers and no body.
func WriteBytes(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails only if the client has closed the connection
	}
}
