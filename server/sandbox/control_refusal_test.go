package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

const (
	controlToken = "0123456789abcdef"
	asControl    = "Bearer " + controlToken
)

// sentence holds an answer against what all refusals have: the status, JSON, and one member that says
// why.
func sentence(t testing.TB, what string, response *http.Response, body string, status int, part string) {
	t.Helper()
	var object map[string]string
	err := json.Unmarshal([]byte(body), &object)
	if response.StatusCode != status || err != nil || len(object) != 1 || len(object["message"]) < 10 || !strings.Contains(object["message"], part) ||
		response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %q %s, want %d %s", what, response.StatusCode, response.Header.Get("Content-Type"), body, status, part)
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	token := order(t, r, "sandbox-active-token")
	settle := "/purchases/" + token + "/status"
	asJSON := []string{"Content-Type", "application/json"}
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
		{"PUT", settle, `{"status":"paid","status":"paid"}`, 400, "read"},
		{"PUT", settle, ``, 400, "read"},
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
		{"GET", "/nowhere", "", 404, "path"},
		{"GET", "", "", 404, "path"},
		{"GET", "/", "", 404, "path"},
		{"GET", "/reset", "", 405, "method"},
		{"PATCH", "/faults", "", 405, "method"},
		{"OPTIONS", "/clock", "", 405, "method"},
	} {
		what := row.method + " " + row.path + " " + row.body
		response, body := ask(t, r, row.method, steering+row.path, row.body, asJSON...)
		sentence(t, what, response, body, row.status, row.part)
	}
	response, body := ask(t, r, "POST", steering+"/clock", `{"seconds":1}`, "Content-Type", "text/plain")
	sentence(t, "another media type", response, body, 415, "application/json")
	if p := purchases(t, r); len(p) != 1 || p[0].Status != "pending" {
		t.Errorf("something was done: %v", p)
	}
}

// TestControlRefusesFaults sends faults that cannot be: one that is out of range, and every member to
// every kind that does not have it.
func TestControlRefusesFaults(t *testing.T) {
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
		`{"kind":"status","kind":"status"}`:                                 "read",
	}
	has := map[string][]string{"status": {"status", "retry_after"}, "html": {"status", "retry_after"}, "unknown_code": {"status", "code"}}
	members := map[string]string{"status": "503", "retry_after": "1", "code": `"x"`}
	kinds := []string{"status", "delay", "reset_before", "reset_after", "cut_body", "html", "html_after", "unknown_code"}
	for _, kind := range kinds {
		for member, value := range members {
			body := fmt.Sprintf(`{"kind":%q,"delay_ms":1,%q:%s}`, kind, member, value)
			if !strings.Contains(strings.Join(has[kind], " "), member) {
				rows[body] = "has no " + member
				continue
			}
			if response, answer := ask(t, r, "POST", steering+"/faults", body, "Content-Type", "application/json"); response.StatusCode != 201 {
				t.Errorf("%s: %d %s", body, response.StatusCode, answer)
			}
		}
	}
	before := len(r.Faults())
	for body, part := range rows {
		response, answer := ask(t, r, "POST", steering+"/faults", body, "Content-Type", "application/json")
		sentence(t, body, response, answer, 400, part)
	}
	if n := len(r.Faults()); n != before {
		t.Errorf("%d faults were added", n-before)
	}
}

// operation is one of the control API's.
type operation struct{ method, path string }

// operations are all of the document's.
func operations(t testing.TB) []operation {
	t.Helper()
	document, err := api.LoadSandbox()
	if err != nil {
		t.Fatal(err)
	}
	var list []operation
	for template, item := range document.Paths.Map() {
		for method := range item.Operations() {
			list = append(list, operation{method, steering + strings.NewReplacer("{id}", "1", "{token}", "x").Replace(template)})
		}
	}
	if len(list) < 11 {
		t.Fatalf("the document has the operations %v", list)
	}
	return list
}

// TestControlToken shows no token, a wrong one and the right one to every operation.
func TestControlToken(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]sandbox.Option{
		"token": {sandbox.WithControlToken(controlToken)},
		"both":  {sandbox.WithOpenControl(), sandbox.WithControlToken(controlToken)},
	} {
		r := start(t, options...)
		for _, o := range operations(t) {
			for _, headers := range [][]string{
				nil,
				{"Authorization", ""},
				{"Authorization", controlToken},
				{"Authorization", "Bearer "},
				{"Authorization", "Bearer wrong-wrong-wrong"},
				{"Authorization", asControl + "x"},
				{"Authorization", "Bearer 0123456789abcde"},
				{"Authorization", "Bearer 0123456789ABCDEF"},
				{"Authorization", "Basic MDEyMzQ1Njc4OWFiY2RlZg=="},
				{"Authorization", "Bearer wrong-wrong-wrong", "Authorization", asControl},
				{"Authorization", "sandbox-active-token"},
				{"Cookie", "Authorization=" + controlToken},
			} {
				response, body := ask(t, r, o.method, o.path+"?access_token="+controlToken, "", headers...)
				sentence(t, fmt.Sprint(name, o, headers), response, body, 401, "")
			}
			for _, right := range []string{asControl, "bearer " + controlToken, "BEARER   " + controlToken} {
				if response, body := ask(t, r, o.method, o.path, "", "Authorization", right); response.StatusCode == 401 || response.StatusCode >= 500 {
					t.Errorf("%s: %v: %d %s", name, o, response.StatusCode, body)
				}
			}
		}
		response, body := ask(t, r, "GET", steering+"/clock", "", "Authorization", asControl)
		if response.StatusCode != 200 {
			t.Errorf("%s: the clock with the token: %d %s", name, response.StatusCode, body)
		}
		if strings.Contains(r.log.String(), controlToken) {
			t.Errorf("%s: the token is in the log", name)
		}
	}
}

// TestControlIsOff asks a sandbox that has neither a token nor an open control.
func TestControlIsOff(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, o := range append(operations(t), operation{"GET", steering}, operation{"GET", steering + "/"}, operation{"POST", steering + "/nowhere"}, operation{"OPTIONS", steering + "/clock"}) {
		for _, headers := range [][]string{nil, {"Authorization", "Bearer "}, {"Authorization", asControl}} {
			response, body := ask(t, r, o.method, o.path, "", headers...)
			sentence(t, fmt.Sprint(o, headers), response, body, 404, "off")
		}
	}
	for _, other := range []string{"/_sandboxes", "/_sandbo"} {
		response, body := ask(t, r, "GET", other, "")
		sentence(t, other, response, body, 404, "No such path")
	}
}
