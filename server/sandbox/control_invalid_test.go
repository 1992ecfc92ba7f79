package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

func TestInvalidControlRequests(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	settle := "/purchases/" + r.buy(t, "sandbox-active-token") + "/status"
	for _, row := range []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"GET", "/journal?limit=0", "", 400, "minimum"},
		{"GET", "/journal?limit=1001", "", 400, "maximum"},
		{"GET", "/journal?limit=ten", "", 400, ""},
		{"GET", "/journal?limit=1.5", "", 400, ""},
		{"GET", "/journal?limit=", "", 400, ""},
		{"GET", "/journal?limit=1&limit=2", "", 400, ""},
		{"GET", "/journal?limit=1;before=2", "", 400, ""},
		{"GET", "/journal?before=0", "", 400, "minimum"},
		{"GET", "/journal?before=-1", "", 400, "minimum"},
		{"GET", "/journal?before=x", "", 400, ""},
		{"GET", "/purchases?limit=0", "", 400, "minimum"},
		{"GET", "/purchases?limit=1001", "", 400, "maximum"},
		{"GET", "/purchases?before=x", "", 400, "before"},
		{"GET", "/purchases?before=" + strings.Repeat("a", 40), "", 400, "before"},
		{"GET", "/purchases?account=a&account=b", "", 400, ""},
		{"PUT", settle, `{"status":"pending"}`, 400, "enum"},
		{"PUT", settle, `{"status":"expired"}`, 400, "enum"},
		{"PUT", settle, `{"status":null}`, 400, ""},
		{"PUT", settle, `{}`, 400, "required"},
		{"PUT", settle, `{"status":"paid","amount":1}`, 400, "additionalProperties"},
		{"PUT", settle, `{"status":"paid","status":"paid"}`, 400, ""},
		{"PUT", settle, ``, 400, ""},
		{"PUT", "/purchases/x/status", `{"status":"paid"}`, 404, "purchase"},
		{"PUT", "/purchases/" + strings.Repeat("a", 40) + "/status", `{"status":"cancelled"}`, 404, "purchase"},
		{"DELETE", "/faults/77", "", 404, "fault"},
		{"DELETE", "/faults/x", "", 404, "fault"},
		{"POST", "/clock", `{"seconds":0}`, 400, "minimum"},
		{"POST", "/clock", `{"seconds":-1}`, 400, "minimum"},
		{"POST", "/clock", `{"seconds":31622401}`, 400, "maximum"},
		{"POST", "/clock", `{"seconds":1.5}`, 400, "type"},
		{"POST", "/clock", `{"seconds":"1"}`, 400, "type"},
		{"POST", "/clock", `{"seconds":1,"minutes":1}`, 400, "additionalProperties"},
		{"POST", "/clock", `{}`, 400, "required"},
		{"GET", "/nowhere", "", 404, "Path not found"},
		{"GET", "", "", 404, "Path not found"},
		{"GET", "/", "", 404, "Path not found"},
		{"GET", "/reset", "", 405, "method"},
		{"PATCH", "/faults", "", 405, "method"},
		{"OPTIONS", "/clock", "", 405, "method"},
	} {
		response, body := r.request(t, row.method, controlPath+row.path, row.body, asJSON...)
		isFailure(t, row.method+" "+row.path+" "+row.body, response, body, row.status, row.part)
	}
	response, body := r.request(t, "POST", controlPath+"/clock", `{"seconds":1}`, "Content-Type", "text/plain")
	isFailure(t, "another media type", response, body, 415, "application/json")
	if p := r.purchases(t); len(p) != 1 || p[0].Status != "pending" {
		t.Errorf("the purchases are %v", p)
	}
}

// TestInvalidFaults adds faults that are out of range, and every field to every kind that does not have it.
func TestInvalidFaults(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	rows := map[string]string{
		`{}`:                                    "required",
		`{"kind":"nonsense"}`:                   "enum",
		`{"kind":null}`:                         "",
		`{"kind":"status","colour":"red"}`:      "additionalProperties",
		`{"kind":"status","Status":503}`:        "additionalProperties",
		`{"kind":"status","status":399}`:        "minimum",
		`{"kind":"status","status":600}`:        "maximum",
		`{"kind":"status","status":"503"}`:      "type",
		`{"kind":"status","status":503.0}`:      "type",
		`{"kind":"status","retry_after":0}`:     "minimum",
		`{"kind":"status","retry_after":86401}`: "maximum",
		`{"kind":"delay","delay_ms":0}`:         "minimum",
		`{"kind":"delay","delay_ms":30001}`:     "maximum",
		`{"kind":"delay"}`:                      "delay_ms",
		`{"kind":"status","times":0}`:           "minimum",
		`{"kind":"status","times":-1}`:          "minimum",
		`{"kind":"status","every":0}`:           "minimum",
		`{"kind":"status","account":""}`:        "minLength",
		`{"kind":"unknown_code","code":""}`:     "minLength",
		`{"kind":"unknown_code","code":"` + strings.Repeat("x", 101) + `"}`: "maxLength",
		`{"kind":"status","kind":"status"}`:                                 "",
	}
	document, err := api.LoadSandbox()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{"status": "503", "retry_after": "1", "code": `"x"`}
	has := map[any][]string{"status": {"status", "retry_after"}, "html": {"status", "retry_after"}, "unknown_code": {"status", "code"}}
	for _, kind := range document.Components.Schemas["FaultKind"].Value.Enum {
		for field, value := range fields {
			body := fmt.Sprintf(`{"kind":%q,"delay_ms":1,%q:%s}`, kind, field, value)
			if !slices.Contains(has[kind], field) {
				rows[body] = "has no " + field
			} else if response, text := r.request(t, "POST", controlPath+"/faults", body, asJSON...); response.StatusCode != 201 {
				t.Errorf("%s: %d %s", body, response.StatusCode, text)
			}
		}
	}
	before := len(r.Faults())
	for body, part := range rows {
		response, text := r.request(t, "POST", controlPath+"/faults", body, asJSON...)
		isFailure(t, body, response, text, 400, part)
	}
	// The limits hold for Go programs, too.
	for field, fault := range map[string]control.Fault{
		"kind":        {Kind: "nonsense"},
		"status":      {Kind: control.FailStatus, Status: -1},
		"retry_after": {Kind: control.FailStatus, RetryAfter: 86401},
		"delay_ms":    {Kind: control.FailDelay, DelayMs: 30001},
		"times":       {Kind: control.FailStatus, Times: -1},
		"every":       {Kind: control.FailStatus, Every: -1},
		"code":        {Kind: control.FailUnknownCode, Code: strings.Repeat("x", 101)},
		"has no code": {Kind: control.FailStatus, Code: "x"},
	} {
		if _, err := r.Fail(fault); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%+v: %v, want %s", fault, err, field)
		}
	}
	if n := len(r.Faults()); n != before {
		t.Errorf("%d faults were added", n-before)
	}
}
