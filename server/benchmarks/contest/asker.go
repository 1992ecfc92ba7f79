package contest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
)

// Asker asks a handler the same thing again and again, with next to no cost of its own.
type Asker struct {
	handler http.Handler
	of      peer.Case
	request *http.Request
	body    reader
	answer  discard
}

// NewAsker makes one for a handler and a request.
func NewAsker(handler http.Handler, path string, of peer.Case) *Asker {
	a := &Asker{handler: handler, of: of, request: httptest.NewRequest(http.MethodPost, path, nil)}
	a.request.Header.Set("Content-Type", "application/json")
	a.request.Header.Set(model.ConsumerKeyHeader, peer.Key)
	a.request.Header.Set(model.ConsumerSecretHeader, peer.Secret)
	a.request.ContentLength = int64(len(of.Body))
	a.answer.header = http.Header{}
	return a
}

// Do asks so many times. It fails when the answer's status is another one.
func (a *Asker) Do(times int) error {
	for range times {
		a.body.text.Reset(a.of.Body)
		a.request.Body = &a.body
		clear(a.answer.header)
		a.answer.status = http.StatusOK
		a.handler.ServeHTTP(&a.answer, a.request)
		if a.answer.status != a.of.Status {
			return fmt.Errorf("the request %s is answered with %d, not %d", a.of.Name, a.answer.status, a.of.Status)
		}
	}
	return nil
}

// reader is a body that is in memory, of which nobody knows it.
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
