package contest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
)

// Asker sends one request to a handler repeatedly, with almost no cost of its own.
type Asker struct {
	handler  http.Handler
	of       peer.Case
	request  *http.Request
	body     reader
	response discard
}

// NewAsker returns an Asker that sends the request of a case to a handler.
func NewAsker(handler http.Handler, path string, of peer.Case) *Asker {
	a := &Asker{handler: handler, of: of, request: httptest.NewRequest(http.MethodPost, path, nil)}
	a.request.Header.Set("Content-Type", "application/json")
	a.request.Header.Set(model.ConsumerKeyHeader, peer.Key)
	a.request.Header.Set(model.ConsumerSecretHeader, peer.Secret)
	a.request.ContentLength = int64(len(of.Body))
	a.response.header = http.Header{}
	return a
}

// Do sends the request n times. It fails if a response has another status than the case.
func (a *Asker) Do(times int) error {
	for range times {
		a.body.text.Reset(a.of.Body)
		a.request.Body = &a.body
		clear(a.response.header)
		a.response.status = http.StatusOK
		a.handler.ServeHTTP(&a.response, a.request)
		if a.response.status != a.of.Status {
			return fmt.Errorf("contest: request %s got status %d, want %d", a.of.Name, a.response.status, a.of.Status)
		}
	}
	return nil
}

// reader is a body in memory that hides its type, so that no handler takes a shortcut for bytes.Reader.
type reader struct{ text strings.Reader }

func (r *reader) Read(p []byte) (int, error) { return r.text.Read(p) }
func (*reader) Close() error                 { return nil }

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
