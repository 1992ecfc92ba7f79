package journal

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/contract"
)

// TestReasons explains each kind of answer.
func TestReasons(t *testing.T) {
	t.Parallel()
	small := string(model.AmountShouldNotBeLessThan15)
	noPlan := string(model.CanNotBuyExtraCreditWithoutActivePlan)
	for name, test := range map[string]struct {
		status int
		err    error
		body   string
		want   control.Why
	}{
		"success":        {200, nil, "", control.Why{Text: "as the document has it"}},
		"no path":        {404, echo.ErrNotFound, "", control.Why{Text: "no such path"}},
		"no method":      {405, echo.ErrMethodNotAllowed, "", control.Why{Text: "not take the method BREW"}},
		"a failure":      {500, io.ErrUnexpectedEOF, "", control.Why{Text: "its log says how"}},
		"a wrong answer": {500, &contract.ResponseError{Reason: "the status is not documented"}, "", control.Why{Text: "does not allow: the status is not documented."}},
		"cut":            {0, nil, "", control.Why{Text: "The connection was cut."}},
		"by the rules":   {400, nil, `{"message":"` + noPlan + `"}`, control.Why{Text: "no active plan", In: "account", Code: noPlan}},
		"by a sentence":  {503, nil, `{"message":"Not now."}`, control.Why{Text: "Not now."}},
		"by nothing":     {503, nil, `x`, control.Why{Text: "refused it"}},
		"a keyword": {400, &contract.Error{In: "body", Keyword: "minimum", Pointer: "/amount", Code: small}, "",
			control.Why{Text: "The value at /amount of the body is below the document's minimum. The amount is below the smallest order.", In: "body", Keyword: "minimum", Pointer: "/amount", Code: small}},
		"a whole body": {413, &contract.Error{In: "body", Keyword: "size"}, "", control.Why{Text: "The body is too large (size).", In: "body", Keyword: "size"}},
	} {
		ec := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), "BREW", "/", nil), httptest.NewRecorder())
		got := explain(ec, test.status, test.err, test.body)
		if !strings.Contains(got.Text, test.want.Text) || !strings.HasSuffix(got.Text, ".") {
			t.Errorf("%s: %s", name, got.Text)
		}
		got.Text = test.want.Text
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		AddWhy(ec, control.Why{Text: "It waited.", Fault: "7"})
		added := explain(ec, test.status, test.err, test.body)
		if !strings.HasPrefix(added.Text, "It waited. ") || !strings.Contains(added.Text, test.want.Text) || added.Fault != "7" || added.Keyword != test.want.Keyword || added.Code != test.want.Code {
			t.Errorf("%s, added: %+v", name, added)
		}
		Explain(ec, test.status, test.err, test.body)
		if again := explain(ec, http.StatusOK, nil, ""); again != added {
			t.Errorf("%s, explained before: %+v", name, again)
		}
		SetWhy(ec, control.Why{Text: "So it is."})
		if set := explain(ec, test.status, test.err, test.body); set != (control.Why{Text: "So it is."}) {
			t.Errorf("%s, set: %+v", name, set)
		}
	}
}

// TestPredicates has words for each check, and for each keyword the document's name of it.
func TestPredicates(t *testing.T) {
	t.Parallel()
	for _, keyword := range []string{
		"required", "type", "nullable", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "enum", "pattern", "additionalProperties",
		"unreadable", "mediaType", "size", "time", "invalid", "prefer",
	} {
		got := refusal(&contract.Error{In: "body", Keyword: keyword})
		if !strings.HasPrefix(got, "The body ") || !strings.Contains(got, keyword) || !strings.HasSuffix(got, ".") {
			t.Errorf("%s: %s", keyword, got)
		}
	}
	for _, keyword := range []string{"missing", "invalid", "denied"} {
		if got := refusal(&contract.Error{In: "credentials", Keyword: keyword}); !strings.Contains(got, "("+keyword+")") || !strings.Contains(got, "credentials") {
			t.Errorf("%s: %s", keyword, got)
		}
	}
}

func TestPageReasons(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method string
		status int
		want   string
	}{
		{"GET", 200, "asked for"},
		{"HEAD", 200, "asked for"},
		{"POST", 303, "carried out"},
		{"POST", 200, "carried out"},
		{"GET", 404, "no such purchase"},
		{"POST", 404, "no such purchase"},
		{"PUT", 405, "PUT"},
		{"POST", 403, "cookie"},
		{"POST", 409, "expired"},
		{"POST", 400, "form"},
		{"POST", 413, "form"},
		{"POST", 415, "form"},
		{"GET", 500, "log"},
	} {
		if got := explainPage(row.method, row.status).Text; !strings.Contains(got, row.want) || !strings.HasSuffix(got, ".") {
			t.Errorf("%s %d: %s", row.method, row.status, got)
		}
	}
}
