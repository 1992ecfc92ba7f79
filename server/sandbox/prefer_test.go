package sandbox_test

import (
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestPrefer selects responses with the header Prefer: nothing is bought, and the journal has the reason.
// Package contract tests the selection.
func TestPrefer(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	for i, row := range []struct {
		prefer  string
		headers []string
		status  int
		body    string // a part
		keyword string
		reason  string // a part
	}{
		{"code=401", active, 401, incomplete, "", "Prefer: code=401."},
		{"code=200", nil, 200, "https://billing.example.com/checkout/", "", "Prefer: code=200."},
		{"code=400, example=" + noPlan, active, 400, noPlan, "", "code=400, example=" + noPlan},
		{"example=nonsense", active, 422, "nonsense", "prefer", "an example that the document does not contain"},
	} {
		response, body := r.request(t, "POST", path, validOrder, append([]string{"Prefer", row.prefer}, row.headers...)...)
		if response.StatusCode != row.status || !strings.Contains(body, row.body) || (response.Header.Get("Preference-Applied") == row.prefer) != (row.keyword == "") {
			t.Errorf("%s: %d %s", row.prefer, response.StatusCode, body)
		}
		entry := r.newest(t, row.prefer, int64(i)+1)
		if entry.Status != row.status || entry.Reason.In != "header Prefer" || entry.Reason.Keyword != row.keyword || !strings.Contains(entry.Reason.Text, row.reason) || entry.ResponseBody != body {
			t.Errorf("%s: the entry of the journal is %+v", row.prefer, entry)
		}
	}
	if n := len(r.purchases(t)); n != 0 {
		t.Errorf("%d purchases", n)
	}
	if response, body := r.request(t, "GET", controlPath+"/clock", "", "Prefer", "code=400"); response.StatusCode != 200 {
		t.Errorf("the control API: %d %s", response.StatusCode, body)
	}
}

func TestWithoutPrefer(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithoutPrefer())
	response, body := r.request(t, "POST", path, validOrder, append([]string{"Prefer", "code=401"}, active...)...)
	if entry := r.newest(t, "Prefer", 1); response.StatusCode != 200 || response.Header.Get("Preference-Applied") != "" || len(r.purchases(t)) != 1 || entry.Reason.In != "" {
		t.Errorf("%d %s, the entry of the journal is %+v", response.StatusCode, body, entry)
	}
}
