package journal

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// maxBody is how many bytes of a body the Journal keeps.
const maxBody = 4 << 10

// Middleware records each request before its response leaves the server, so that a client that has
// received the response finds the entry. It turns errors into responses.
func (j *Journal) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		if j.settings.Skip(ec.Request().URL.Path) {
			return next(ec)
		}
		r := j.start(ec)
		err := next(ec)
		if err != nil {
			ec.Error(err)
		}
		r.finish(err)
		return nil
	}
}

// recorder records one request while it is handled.
type recorder struct {
	journal      *Journal
	ec           echo.Context
	started      time.Time
	entry        Entry
	requestBody  excerpt
	responseBody excerpt
	finished     bool
}

// start lets the bodies of a request and its response pass through a recorder.
func (j *Journal) start(ec echo.Context) *recorder {
	request := ec.Request()
	path, page := j.path(request.URL)
	r := &recorder{journal: j, ec: ec, started: time.Now(), entry: Entry{
		Time: j.settings.Now().UTC(), Method: request.Method, Path: path, Page: page,
		RequestHeaders: j.headers(request.Header), ResponseHeaders: map[string]string{},
	}}
	if !page {
		r.requestBody.free, r.responseBody.free = maxBody, maxBody
	}
	// A copy: net/http checks the type of the original's body when it ends the response.
	copied := request.WithContext(request.Context())
	copied.Body = &requestBody{request.Body, &r.requestBody}
	ec.SetRequest(copied)
	ec.Response().Writer = &responseWriter{ec.Response().Writer, r}
	return r
}

// finish adds the entry to the journal, once. err is the error that the response was created from.
func (r *recorder) finish(err error) {
	if r.finished {
		return
	}
	r.finished = true
	response := r.ec.Response()
	r.entry.Duration = time.Since(r.started).Round(time.Microsecond)
	r.entry.RequestID = response.Header().Get(echo.HeaderXRequestID)
	r.entry.RequestBody = r.journal.settings.Redact(r.requestBody.String())
	if response.Committed {
		r.entry.Status = response.Status
		r.entry.ResponseHeaders = r.journal.headers(response.Header())
		r.entry.ResponseBody = r.responseBody.String()
	}
	r.journal.settings.Explain(r.ec, &r.entry, err)
	r.journal.add(r.entry)
}

// excerpt is the beginning of a body.
type excerpt struct {
	data []byte
	free int // how many bytes may be added
}

func (e *excerpt) add(data []byte) {
	n := min(e.free, len(data))
	e.data, e.free = append(e.data, data[:n]...), e.free-n
}

func (e *excerpt) String() string { return validUTF8(string(e.data)) }

// requestBody copies the bytes that a handler reads.
type requestBody struct {
	io.ReadCloser
	excerpt *excerpt
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.excerpt.add(p[:n])
	return n, err
}

// responseWriter copies the bytes that a handler writes, and finishes the entry before bytes can leave the
// server: when the body is longer than the copy, when it is flushed, and when the connection is hijacked.
type responseWriter struct {
	http.ResponseWriter
	recorder *recorder
}

func (w *responseWriter) Write(p []byte) (int, error) {
	if w.recorder.responseBody.add(p); w.recorder.responseBody.free == 0 {
		w.recorder.finish(nil)
	}
	return w.ResponseWriter.Write(p)
}

// FlushError, Hijack and Unwrap are the methods that http.ResponseController calls.
func (w *responseWriter) FlushError() error {
	w.recorder.finish(nil)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.recorder.finish(nil)
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
