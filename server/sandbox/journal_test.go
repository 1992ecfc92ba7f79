package sandbox_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// newest returns the newest entry, and fails the test unless it is the only one since the id before.
func newest(t testing.TB, r *running, what string, before int64) control.JournalEntry {
	t.Helper()
	list := r.Journal(3, 0)
	if len(list) == 0 || list[0].ID != before+1 {
		t.Fatalf("%s: the journal has %d entries, the newest of the last three %+v", what, len(list), list)
	}
	return list[0]
}

// TestJournalReasons sends each kind of request of DESIGN.md's table: each is in the journal at once,
// once, and with what it was answered for.
func TestJournalReasons(t *testing.T) {
	t.Parallel()
	r := start(t)
	asJSON := []string{"Content-Type", "application/json"}
	withKey := func(key string) []string { return append([]string{"Authorization", key}, asJSON...) }
	good := withKey("sandbox-active-token")
	is := func(in, keyword, pointer, code string) control.Why {
		return control.Why{In: in, Keyword: keyword, Pointer: pointer, Code: code}
	}
	for i, row := range []struct {
		method, path, body string
		headers            []string
		status             int
		account            string
		why                control.Why
		text               string // a part of the reason
	}{
		{"POST", "/nowhere", `{"amount":320}`, good, 404, "", control.Why{}, "no such path"},
		{"POST", path + "/", `{"amount":320}`, good, 404, "", control.Why{}, "no such path"},
		{"GET", path, "", good, 405, "", control.Why{}, "method GET"},
		{"BREW", path, "", good, 405, "", control.Why{}, "method BREW"},
		{"POST", path, `{"amount":320}`, asJSON, 401, "", is("credentials", "missing", "", incomplete), "No complete credentials"},
		{"POST", path, `{"amount":320}`, append([]string{"consumerKey", "sandbox-active-key"}, asJSON...), 401, "", is("credentials", "missing", "", incomplete), "consumer key together with its secret"},
		{"POST", path, `{"amount":320}`, withKey("wrong"), 401, "", is("credentials", "invalid", "", refused), "not accepted"},
		{"POST", path, `{"amount":320}`, withKey("sandbox-inactive-token"), 401, "sandbox-inactive", is("credentials", "denied", "", inactive), "inactive"},
		{"POST", path, `{"amount":320}`, good[:2], 415, "sandbox-active", is("body", "mediaType", "", ""), "media type"},
		{"POST", path, `{"amount":320}`, append([]string{"Content-Encoding", "gzip"}, good...), 415, "sandbox-active", is("body", "mediaType", "", ""), "content coding"},
		{"POST", path, strings.Repeat(" ", 1<<20+1), good, 413, "sandbox-active", is("body", "size", "", ""), "too large"},
		{"POST", path, `{"amount":320`, good, 400, "sandbox-active", is("body", "unreadable", "", noAmount), "well-formed"},
		{"POST", path, `{"amount":320,"amount":320}`, good, 400, "sandbox-active", is("body", "unreadable", "", noAmount), "well-formed"},
		{"POST", path, ``, good, 400, "sandbox-active", is("body", "unreadable", "", noAmount), "well-formed"},
		{"POST", path, `[320]`, good, 400, "sandbox-active", is("body", "type", "", noAmount), "another type"},
		{"POST", path, `{}`, good, 400, "sandbox-active", is("body", "required", "/amount", noAmount), "is missing"},
		{"POST", path, `{"AMOUNT":320}`, good, 400, "sandbox-active", is("body", "required", "/amount", noAmount), "at /amount"},
		{"POST", path, `{"amount":"320"}`, good, 400, "sandbox-active", is("body", "type", "/amount", noInteger), "whole number"},
		{"POST", path, `{"amount":50.0}`, good, 400, "sandbox-active", is("body", "type", "/amount", noInteger), "another type"},
		{"POST", path, `{"amount":null}`, good, 400, "sandbox-active", is("body", "nullable", "/amount", noInteger), "null"},
		{"POST", path, `{"amount":14}`, good, 400, "sandbox-active", is("body", "minimum", "/amount", tooSmall), "below"},
		{"POST", path, `{"amount":1801}`, good, 400, "sandbox-active", is("body", "maximum", "/amount", tooLarge), "above"},
		{"POST", path, `{"amount":320}`, withKey("sandbox-noplan-token"), 400, "sandbox-noplan", is("account", "", "", noPlan), "no active plan"},
		{"POST", path, `{"amount":14}`, withKey("sandbox-noplan-token"), 400, "sandbox-noplan", is("body", "minimum", "/amount", tooSmall), "below"},
		{"POST", path, `{"amount":320}`, good, 200, "sandbox-active", control.Why{}, "as the document has it"},
		{"POST", path + "?x=1", `{"amount":15,"note":"é"}`, active, 200, "sandbox-active", control.Why{}, "as the document has it"},
		{"GET", "/checkout/x", "", nil, 404, "", control.Why{}, "no such purchase"},
		{"DELETE", "/checkout/x", "", nil, 405, "", control.Why{}, "DELETE"},
	} {
		what := row.method + " " + row.path + " " + short(row.body) + " " + row.text
		response, body := ask(t, r, row.method, row.path, row.body, row.headers...)
		entry := newest(t, r, what, int64(i))
		if response.StatusCode != row.status || entry.Status != row.status || entry.Account != row.account || entry.Method != row.method {
			t.Errorf("%s: answered with %d %s, kept %+v", what, response.StatusCode, short(body), entry)
		}
		why := entry.Why
		if !strings.Contains(why.Text, row.text) || !strings.HasSuffix(why.Text, ".") || strings.Contains(why.Text, "..") {
			t.Errorf("%s: the reason is %s", what, why.Text)
		}
		if why.Text = ""; why != row.why {
			t.Errorf("%s: the reason is %+v, want %+v", what, why, row.why)
		}
		if strings.HasPrefix(row.path, "/checkout/") {
			continue // of which neither is kept
		}
		read := row.status != 404 && row.status != 405 && row.status != 401 && row.status != 415 && row.status != 413 // the answer was given before
		if want := map[bool]string{true: row.body}[read]; entry.RequestBody != want || entry.AnswerBody != body || entry.Path != row.path {
			t.Errorf("%s: kept %s %q, answered %q", what, entry.Path, short(entry.RequestBody), entry.AnswerBody)
		}
		if id := response.Header.Get("X-Request-Id"); id == "" || entry.RequestID != id || entry.AnswerHeaders["X-Request-Id"] != id {
			t.Errorf("%s: the request id is %q, kept %q", what, id, entry.RequestID)
		}
	}
}

// TestJournalKeepsMalformedHTTP sends what no middleware sees.
func TestJournalKeepsMalformedHTTP(t *testing.T) {
	t.Parallel()
	r := start(t)
	for i, row := range []struct {
		text   string
		status int
		why    string
	}{
		{"hello\r\n\r\n", 400, "not well-formed"},
		{"POST " + path + " HTTP/7.7\r\nHost: x\r\n\r\n", 400, "not well-formed"},
		{"POST " + path + " HTTP/1.1\r\n\r\n", 400, "not well-formed"},
		{"POST " + path + " HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, "not well-formed"},
		{"POST /%zz HTTP/1.1\r\nHost: x\r\nAuthorization: sandbox-active-token\r\n\r\n", 400, "not well-formed"},
		{"POST " + path + " HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431, "too large"},
		{"POST " + path + " HTTP/1.1\r\n" + keys + "Transfer-Encoding: gzip\r\n\r\n", 415, "chunked"},
		{"POST " + path + " HTTP/1.1\r\n" + keys + "Expect: miracles\r\nContent-Length: 14\r\n\r\n{\"amount\":320}", 417, "100-continue"},
	} {
		c := dial(t, r)
		if _, err := io.WriteString(c, row.text); err != nil {
			t.Logf("the server stopped reading: %v", err)
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%.60q: no answer: %v", row.text, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		entry := newest(t, r, short(row.text), int64(i))
		if entry.Status != row.status || response.StatusCode != row.status || !strings.Contains(entry.Why.Text, row.why) || entry.AnswerBody != string(body) {
			t.Errorf("%.60q: %d %s, kept %+v", row.text, response.StatusCode, body, entry)
		}
	}
}

// TestJournalLeavesOut asks for what is no part of the API: the journal shows what people integrate.
func TestJournalLeavesOut(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	for _, o := range append(operations(t),
		operation{"GET", steering + "/nowhere"}, operation{"GET", steering}, operation{"PATCH", steering + "/clock"}, operation{"OPTIONS", steering + "/faults"},
		operation{"GET", "/livez"}, operation{"HEAD", "/livez"}, operation{"POST", "/livez"}, operation{"GET", "/readyz"},
		operation{"GET", "/docs"}, operation{"GET", "/docs/"}, operation{"GET", "/docs/nowhere.css"}, operation{"POST", "/docs"},
		operation{"GET", "/openapi.yaml"}, operation{"GET", "/openapi.json"}, operation{"GET", "/"}, operation{"GET", "/journal"}) {
		ask(t, r, o.method, o.path, "", "Content-Type", "application/json")
		if list := r.Journal(10, 0); len(list) != 0 {
			t.Errorf("%v is in the journal: %+v", o, list)
		}
	}
	ask(t, r, "GET", "/doc", "")
	ask(t, r, "GET", "/_sandboxes", "")
	if list := r.Journal(10, 0); len(list) != 2 {
		t.Errorf("what is beside them is not in the journal: %+v", list)
	}
}

// TestJournalAtOnce has many clients look for their own request as soon as they have the answer.
func TestJournalAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t)
	token := order(t, r, "sandbox-active-token")
	const clients, each = 8, 12 // fewer in all than the journal keeps
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				for _, o := range []struct{ method, path, body string }{
					{"POST", path, `{"amount":320}`},
					{"POST", path, `{"amount":1}`},
					{"GET", "/nowhere", ""},
					{"GET", "/checkout/" + token, ""},
				} {
					response := send(t, r, o.method, o.path, strings.NewReader(o.body), append([]string{"Accept", "text/html"}, active...)...)
					id, found := response.Header.Get("X-Request-Id"), 0
					for _, entry := range r.Journal(1000, 0) { // before the body is read
						if entry.RequestID == id {
							found++
						}
					}
					if found != 1 {
						t.Errorf("%s %s is %d times in the journal", o.method, o.path, found)
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			}
		})
	}
	wg.Wait()
	if list := r.Journal(1000, 0); len(list) != clients*each*4+1 {
		t.Errorf("%d entries", len(list))
	}
}

// TestJournalIsJSON reads by HTTP what is kept of the strangest bytes.
func TestJournalIsJSON(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	ask(t, r, "POST", path, "\xff{\"amount\":\x00"+strings.Repeat("é", 5000), append([]string{"X-Strange", "\xff\xfe"}, active...)...)
	ask(t, r, "GET", "/%ff%00?\xff=%zz", "")
	_, text := ask(t, r, "GET", steering+"/journal", "")
	var got control.Journal
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Entries) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	if body := got.Entries[1].RequestBody; !strings.HasPrefix(body, "\uFFFD{\"amount\":\x00é") || len(body) > 4096+6 {
		t.Errorf("%d bytes of the body were kept: %.20q", len(body), body)
	}
	if e := got.Entries; e[1].RequestHeaders["X-Strange"] != "\uFFFD" || e[0].Path != "/%ff%00?\uFFFD=%zz" {
		t.Errorf("%q, %q", e[1].RequestHeaders["X-Strange"], e[0].Path)
	}
}
