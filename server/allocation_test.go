//go:build !race

package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// TestAllocations has a budget of allocations for each way through the server, so that a slower one is
// noticed without timing anything. The race detector allocates as well, so it is not run with it.
//
//nolint:paralleltest // others' allocations would be counted
func TestAllocations(t *testing.T) {
	unchecked := newServer(t, server.WithResponseCheck(contract.ResponsesUnchecked)).Handler()
	checked := newServer(t).Handler()
	for _, row := range []struct {
		name, body string
		key        string
		handler    http.Handler
		status     int
		budget     float64
	}{
		{"a purchase", `{"amount":320}`, benchKey, unchecked, http.StatusOK, 22},
		{"its answer checked", `{"amount":320}`, benchKey, checked, http.StatusOK, 24},
		{"members that are not declared", `{"note":"x","amount":320,"list":[1,{"a":"b"},null]}`, benchKey, checked, http.StatusOK, 43},
		{"too large an amount", `{"amount":99999}`, benchKey, checked, http.StatusBadRequest, 46},
		{"no amount", `{}`, benchKey, checked, http.StatusBadRequest, 39},
		{"no JSON", `{"amount":`, benchKey, checked, http.StatusBadRequest, 31},
		{"no credentials", `{"amount":320}`, "", checked, http.StatusUnauthorized, 19},
	} {
		a := newAsker(row.body)
		a.request.Header.Set("consumerKey", row.key)
		if got := testing.AllocsPerRun(200, func() { a.ask(t, row.handler, row.status) }); got > row.budget {
			t.Errorf("%s: %v allocations, more than %v", row.name, got, row.budget)
		} else {
			t.Logf("%s: %v allocations", row.name, got)
		}
	}
}

// asker asks a handler the same thing again and again, with next to no cost of its own.
type asker struct {
	request *http.Request
	text    string
	body    *strings.Reader
	answer  discard
}

func newAsker(body string) *asker {
	a := &asker{request: httptest.NewRequest(http.MethodPost, "/api/v2/billing/buy_emailvalidation_credits", nil), text: body, body: strings.NewReader("")}
	a.request.Header.Set("Content-Type", "application/json")
	a.request.Header.Set("consumerKey", benchKey)
	a.request.Header.Set("consumerSecret", benchSecret)
	a.request.ContentLength = int64(len(body))
	a.answer.header = http.Header{}
	return a
}

func (a *asker) ask(b testing.TB, handler http.Handler, status int) {
	a.body.Reset(a.text)
	a.request.Body = io.NopCloser(a.body)
	clear(a.answer.header)
	a.answer.status = 0
	handler.ServeHTTP(&a.answer, a.request)
	if a.answer.status != status {
		b.Fatalf("status %d, want %d", a.answer.status, status)
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
