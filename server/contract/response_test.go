package contract_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

func TestResponsesAreChecked(t *testing.T) {
	t.Parallel()
	name := "x"
	for _, row := range []struct {
		name     string
		response any
		reason   string // "" if the document allows the response
	}{
		{"good", library.GetBook200JSONResponse{Title: "a", Pages: 1}, ""},
		{"documented by its class", library.GetBook4XXJSONResponse{StatusCode: 404, Body: library.Failure{Detail: "gone"}}, ""},
		{"documented by default", library.GetBookdefaultJSONResponse{StatusCode: 503, Body: library.Failure{Detail: "later"}}, ""},
		{"none", nil, "sent no response"},
		{"out of its limits", library.GetBook200JSONResponse{Title: "a", Pages: 0}, `minimum at \"/pages\"`},
		{"too long", library.GetBook200JSONResponse{Title: strings.Repeat("x", 41), Pages: 1}, "maxLength"},
		{"unknown value", library.GetBook200JSONResponse{Title: "a", Pages: 1, Kind: (*library.BookKind)(&name)}, "enum"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, check := range []contract.ResponseCheck{contract.ResponsesEnforced, contract.ResponsesLogged, contract.ResponsesUnchecked} {
				var log strings.Builder
				send := serveLibrary(t, &shelf{response: row.response}, contract.WithResponseCheck(check), contract.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				w := send(request{method: "GET", path: "/books/a-1"}.build())
				refused := row.reason != "" && (check == contract.ResponsesEnforced || row.response == nil)
				if refused != (w.Code == 500) || refused && !strings.Contains(w.Body.String(), row.reason) {
					t.Errorf("check %d: %d %s", check, w.Code, w.Body)
				}
				if w.Header().Get("Content-Type") != "application/json" || w.Body.Len() == 0 {
					t.Errorf("check %d: media type %q, %d bytes", check, w.Header().Get("Content-Type"), w.Body.Len())
				}
				if logged := strings.Contains(log.String(), "GetBook") || strings.Contains(log.String(), "get-book"); logged != (check == contract.ResponsesLogged && row.reason != "" && row.response != nil) {
					t.Errorf("check %d: the log is %q", check, log.String())
				}
			}
		})
	}
}

// raw is a response that the generated code sends unchanged.
type raw struct {
	status  int
	headers []string
	body    string
}

func (r raw) VisitListBooksResponse(w http.ResponseWriter) error {
	for i := 0; i+1 < len(r.headers); i += 2 {
		w.Header().Set(r.headers[i], r.headers[i+1])
	}
	w.WriteHeader(r.status)
	_, err := io.WriteString(w, r.body)
	return err
}

func TestHeadersAndBodiesOfResponsesAreChecked(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		response raw
		reason   string
	}{
		{raw{200, []string{"Content-Type", "application/json; charset=utf-8", "X-Total", "0"}, "[]"}, ""},
		{raw{200, []string{"Content-Type", "Application/JSON", "X-Total", "0"}, "[]"}, ""},
		{raw{200, []string{"Content-Type", "application/json"}, "[]"}, "X-Total is missing"},
		{raw{200, []string{"Content-Type", "text/html", "X-Total", "0"}, "<p>"}, "media type"},
		{raw{200, []string{"X-Total", "0"}, "[]"}, "media type"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, ""}, "well-formed"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, "[] []"}, "well-formed"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, `[{"title":"a","title":"b","pages":1}]`}, "well-formed"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, `[{"title":"a","pages":1.0}]`}, "type"},
		{raw{200, []string{"Content-Type", "application/json", "X-Total", "0"}, `{}`}, "type"},
		{raw{418, []string{"Content-Type", "application/json"}, `{"detail":7}`}, "type"},
	} {
		send := serveLibrary(t, &shelf{response: row.response})
		w := send(request{method: "GET", path: "/books"}.build())
		if row.reason == "" && (w.Code != row.response.status || w.Body.String() != row.response.body) ||
			row.reason != "" && (w.Code != 500 || !strings.Contains(w.Body.String(), row.reason)) {
			t.Errorf("%+v: %d %s, want %q", row.response, w.Code, w.Body, row.reason)
		}
		if row.reason != "" && w.Header().Get("X-Total") != "" {
			t.Errorf("%+v: a refused response has set a header", row.response)
		}
	}
}

// TestStatusMustBeDocumented has a document without a default response.
func TestStatusMustBeDocumented(t *testing.T) {
	t.Parallel()
	document := loadLibrary(t, "        4XX: {$ref: '#/components/responses/Failure'}\n        default:", "        4XX: {$ref: '#/components/responses/Failure'}\n        5XX:")
	for status, reason := range map[int]string{404: "gone", 502: "gone", 302: "not documented", 201: "not documented"} {
		response := library.GetBookdefaultJSONResponse{StatusCode: status, Body: library.Failure{Detail: "gone"}}
		w := serveDocument(t, document, &shelf{response: response})(request{method: "GET", path: "/books/a-1"}.build())
		if refused := reason != "gone"; refused != (w.Code == 500) || !strings.Contains(w.Body.String(), reason) {
			t.Errorf("%d: %d %s", status, w.Code, w.Body)
		}
	}
}
