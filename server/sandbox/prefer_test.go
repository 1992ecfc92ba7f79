package sandbox_test

import (
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestPrefer chooses answers by the header Prefer, with good credentials, a good body and none.
func TestPrefer(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	for i, row := range []struct {
		prefer, body string
		headers      []string
		status       int
		answer       string // a part
		keyword      string
		why          string
	}{
		{"code=401", `{"amount":320}`, active, 401, incomplete, "", "Prefer: code=401."},
		{"code=200", ``, nil, 200, "https://billing.example.com/checkout/", "", "Prefer: code=200."},
		{"example=account_is_inactive", `{"amount":320}`, active, 401, inactive, "", "example=account_is_inactive"},
		{"code=400, example=" + noPlan, `{"amount":1}`, active, 400, noPlan, "", "code=400, example=" + noPlan},
		{"code=503", ``, nil, 503, "No such path", "", "code=503"},
		{"code=999", `{"amount":320}`, active, 422, "999", "prefer", "an example that the document does not have"},
		{"example=nonsense", `{"amount":320}`, active, 422, "nonsense", "prefer", "an example that the document does not have"},
	} {
		response, body := ask(t, r, "POST", path, row.body, append([]string{"Prefer", row.prefer}, row.headers...)...)
		applied := response.Header.Get("Preference-Applied")
		if response.StatusCode != row.status || !strings.Contains(body, row.answer) || (applied == row.prefer) != (row.keyword == "") {
			t.Errorf("%s: %d %s, applied %q", row.prefer, response.StatusCode, body, applied)
		}
		entry := newest(t, r, row.prefer, int64(i))
		if entry.Status != row.status || entry.Why.In != "header Prefer" || entry.Why.Keyword != row.keyword || !strings.Contains(entry.Why.Text, row.why) || entry.AnswerBody != body {
			t.Errorf("%s: the journal has %+v", row.prefer, entry)
		}
	}
	if n := len(purchases(t, r)); n != 0 {
		t.Errorf("%d were bought", n)
	}
	// What prefers something else is bought, and the control API does not look at the header.
	if response, body := ask(t, r, "POST", path, `{"amount":320}`, append([]string{"Prefer", "return=minimal"}, active...)...); response.StatusCode != 200 || len(purchases(t, r)) != 1 {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if response, body := ask(t, r, "GET", steering+"/clock", "", "Prefer", "code=400"); response.StatusCode != 200 {
		t.Errorf("the control API: %d %s", response.StatusCode, body)
	}
}

func TestWithoutPrefer(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithoutPrefer())
	for i, prefer := range []string{"code=401", "example=account_is_inactive", "code=999"} {
		response, body := ask(t, r, "POST", path, `{"amount":320}`, append([]string{"Prefer", prefer}, active...)...)
		if response.StatusCode != 200 || response.Header.Get("Preference-Applied") != "" || len(purchases(t, r)) != i+1 {
			t.Errorf("%s: %d %s", prefer, response.StatusCode, body)
		}
		if entry := newest(t, r, prefer, int64(i)); entry.Why.In != "" || entry.RequestHeaders["Prefer"] != prefer {
			t.Errorf("%s: the journal has %+v", prefer, entry)
		}
	}
}
