package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestJournalReasons sends a request per row of the table in the README: the journal has it when the
// response arrives, with the reason.
func TestJournalReasons(t *testing.T) {
	t.Parallel()
	r := start(t)
	valid := withKey("sandbox-active-token")
	is := func(in, keyword, pointer, code string) control.Reason {
		return control.Reason{In: in, Keyword: keyword, Pointer: pointer, Code: code}
	}
	for i, row := range []struct {
		method, path, body string
		headers            []string
		status             int
		account            string
		reason             control.Reason
		text               string // a part of the reason
	}{
		{"POST", "/nowhere", validOrder, valid, 404, "", control.Reason{}, "path does not exist"},
		{"POST", path + "/", validOrder, valid, 404, "", control.Reason{}, "path does not exist"},
		{"GET", path, "", valid, 405, "", control.Reason{}, "method GET"},
		{"BREW", path, "", valid, 405, "", control.Reason{}, "method BREW"},
		{"POST", path, validOrder, asJSON, 401, "", is("credentials", "missing", "", incomplete), "The credentials are missing or incomplete (missing)."},
		{"POST", path, validOrder, append([]string{"consumerKey", "sandbox-active-key"}, asJSON...), 401, "", is("credentials", "missing", "", incomplete), "consumer key together with its secret"},
		{"POST", path, validOrder, withKey("wrong"), 401, "", is("credentials", "invalid", "", invalid), "The credentials are not accepted (invalid)."},
		{"POST", path, validOrder, withKey("sandbox-inactive-token"), 401, "sandbox-inactive", is("credentials", "denied", "", inactive), "inactive"},
		{"POST", path, validOrder, valid[:2], 415, "sandbox-active", is("body", "mediaType", "", ""), "media type"},
		{"POST", path, validOrder, append([]string{"Content-Encoding", "gzip"}, valid...), 415, "sandbox-active", is("body", "mediaType", "", ""), "content coding"},
		{"POST", path, strings.Repeat(" ", 1<<20+1), valid, 413, "sandbox-active", is("body", "size", "", ""), "too large"},
		{"POST", path, `{"amount":320`, valid, 400, "sandbox-active", is("body", "unreadable", "", noAmount), "not well-formed"},
		{"POST", path, `{"amount":320,"amount":320}`, valid, 400, "sandbox-active", is("body", "unreadable", "", noAmount), "not well-formed"},
		{"POST", path, ``, valid, 400, "sandbox-active", is("body", "unreadable", "", noAmount), "not well-formed"},
		{"POST", path, `[320]`, valid, 400, "sandbox-active", is("body", "type", "", noAmount), "The body has a type that the document does not allow"},
		{"POST", path, `{}`, valid, 400, "sandbox-active", is("body", "required", "/amount", noAmount), "is missing"},
		{"POST", path, `{"AMOUNT":320}`, valid, 400, "sandbox-active", is("body", "required", "/amount", noAmount), "at /amount"},
		{"POST", path, `{"amount":"320"}`, valid, 400, "sandbox-active", is("body", "type", "/amount", noInteger), "whole number"},
		{"POST", path, `{"amount":50.0}`, valid, 400, "sandbox-active", is("body", "type", "/amount", noInteger), "type"},
		{"POST", path, `{"amount":null}`, valid, 400, "sandbox-active", is("body", "nullable", "/amount", noInteger), "null"},
		{"POST", path, `{"amount":14}`, valid, 400, "sandbox-active", is("body", "minimum", "/amount", tooSmall), "The value at /amount of the body is below the limit of the document (minimum). The amount is below the minimum."},
		{"POST", path, tooLargeOrder, valid, 400, "sandbox-active", is("body", "maximum", "/amount", tooLarge), "above"},
		{"POST", path, validOrder, withKey("sandbox-noplan-token"), 400, "sandbox-noplan", is("account", "", "", noPlan), "no active plan"},
		{"POST", path, `{"amount":14}`, withKey("sandbox-noplan-token"), 400, "sandbox-noplan", is("body", "minimum", "/amount", tooSmall), "below"},
		{"POST", path, validOrder, valid, 200, "sandbox-active", control.Reason{}, "valid"},
		{"POST", path + "?x=1", `{"amount":15,"note":"é"}`, active, 200, "sandbox-active", control.Reason{}, "valid"},
		{"GET", "/checkout/x", "", nil, 404, "", control.Reason{}, "purchase does not exist"},
		{"DELETE", "/checkout/x", "", nil, 405, "", control.Reason{}, "DELETE"},
	} {
		what := row.method + " " + row.path + " " + short(row.body) + " " + row.text
		response, body := r.request(t, row.method, row.path, row.body, row.headers...)
		entry := r.newest(t, what, int64(i)+1)
		if response.StatusCode != row.status || entry.Status != row.status || entry.Account != row.account || entry.Method != row.method {
			t.Errorf("%s: the response is %d %s, the entry %+v", what, response.StatusCode, short(body), entry)
		}
		reason := entry.Reason
		if !strings.Contains(reason.Text, row.text) || !strings.HasSuffix(reason.Text, ".") || strings.Contains(reason.Text, "..") {
			t.Errorf("%s: the reason is %s", what, reason.Text)
		}
		if reason.Text = ""; reason != row.reason {
			t.Errorf("%s: the reason is %+v, want %+v", what, reason, row.reason)
		}
		if strings.HasPrefix(row.path, "/checkout/") {
			continue // the journal has no bodies of pages
		}
		wantBody := ""
		if row.status == 200 || row.status == 400 { // earlier checks do not read the body
			wantBody = row.body
		}
		id := response.Header.Get("X-Request-Id")
		if entry.RequestBody != wantBody || entry.ResponseBody != body || entry.Path != row.path || id == "" || entry.RequestID != id || entry.ResponseHeaders["X-Request-Id"] != id {
			t.Errorf("%s: the response is %q %s, the entry %+v", what, id, body, entry)
		}
	}
}

// TestJournalSkips sends requests to everything beside the API and the payment pages.
func TestJournalSkips(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	for _, o := range append(operations(t),
		operation{"GET", controlPath + "/nowhere"}, operation{"GET", controlPath}, operation{"PATCH", controlPath + "/clock"}, operation{"OPTIONS", controlPath + "/faults"},
		operation{"GET", "/livez"}, operation{"HEAD", "/livez"}, operation{"POST", "/livez"}, operation{"GET", "/readyz"},
		operation{"GET", "/docs"}, operation{"GET", "/docs/"}, operation{"GET", "/docs/nowhere.css"}, operation{"POST", "/docs"},
		operation{"GET", "/openapi.yaml"}, operation{"GET", "/openapi.json"}, operation{"GET", "/"}, operation{"GET", "/journal"}) {
		r.request(t, o.method, o.path, "", asJSON...)
		if list := r.Journal(10, 0); len(list) != 0 {
			t.Errorf("%v: the journal is %+v", o, list)
		}
	}
	r.request(t, "GET", "/doc", "")
	r.request(t, "GET", "/_sandboxes", "")
	r.newest(t, "unknown paths", 2)
}

// TestJournalHasRequestBeforeResponse has clients look for their request before they read the body of the
// response.
func TestJournalHasRequestBeforeResponse(t *testing.T) {
	t.Parallel()
	r := start(t)
	token := r.buy(t, "sandbox-active-token")
	const clients, each = 8, 12
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range each {
				for _, o := range []struct{ method, path, body string }{
					{"POST", path, validOrder}, {"POST", path, `{"amount":1}`}, {"GET", "/nowhere", ""}, {"GET", "/checkout/" + token, ""},
				} {
					response := r.send(t, o.method, o.path, strings.NewReader(o.body), append([]string{"Accept", "text/html"}, active...)...)
					id, found := response.Header.Get("X-Request-Id"), 0
					for _, entry := range r.Journal(1000, 0) {
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
	group.Wait()
	r.newest(t, "all requests", clients*each*4+1)
}

// TestJournalMasksCredentials sends a secret in each header for credentials, and in a query parameter of
// the same name.
func TestJournalMasksCredentials(t *testing.T) {
	t.Parallel()
	r := start(t)
	document, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"Cookie", "Proxy-Authorization"}
	for _, scheme := range document.Components.SecuritySchemes {
		names = append(names, scheme.Value.Name)
	}
	if len(names) < 5 {
		t.Fatalf("the headers of the document are %v", names)
	}
	for _, name := range names {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			r.request(t, "POST", path+"?a=1&"+spelling+"=in-the-query&b=2", "", spelling, "in-a-header", spelling, "in-a-header too")
			entry := r.Journal(1, 0)[0]
			if got, want := entry.Path, path+"?a=1&"+spelling+"=[masked]&b=2"; entry.RequestHeaders[http.CanonicalHeaderKey(name)] != "[masked]" || got != want {
				t.Errorf("%s: %+v", spelling, entry)
			}
		}
	}
}

var formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// TestJournalHasNoSecrets buys and pays as a browser does, sends links and keys to wrong places, and
// searches the journal for the secrets.
func TestJournalHasNoSecrets(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithControlToken(controlToken))
	token := r.buy(t, "sandbox-active-token")
	page, link, kept := "/checkout/"+token, "http://"+r.address+"/checkout/"+token, "/checkout/"+billing.ShortToken(token)
	response, html := r.request(t, "GET", page, "", "Referer", link)
	cookie, _, _ := strings.Cut(response.Header.Get("Set-Cookie"), ";")
	found := formToken.FindStringSubmatch(html)
	if found == nil || cookie == "" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	form := url.Values{"form_token": found[1:], "action": {"pay"}}.Encode()
	asForm := []string{"Content-Type", "application/x-www-form-urlencoded", "Referer", link, "Origin", "http://" + r.address}
	withCookie := append([]string{"Cookie", cookie}, asForm...)
	for _, row := range []struct {
		method, path, body string
		headers            []string
		status             int
		kept               string // the path in the journal, if known
	}{
		{"POST", page, form, asForm, 403, kept},
		{"POST", page, form, withCookie, 303, kept},
		{"POST", page, strings.Replace(form, "pay", "cancel", 1), withCookie, 409, kept},
		{"GET", page, "", []string{"Cookie", cookie, "Accept", "application/json"}, 200, kept},
		{"HEAD", page + "?a=1", "", nil, 200, kept + "?a=1"},
		{"PUT", page, token, nil, 405, kept},
		{"BREW", page, token, nil, 405, kept},
		{"GET", page + "/more", "", []string{"Referer", link + "/more"}, 404, kept},
		{"GET", page + "x", "", nil, 404, kept},
		{"GET", "/%63heckout/" + token, "", nil, 404, kept},
		{"GET", "/checkout%2F" + token, "", nil, 404, kept},
		{"GET", "/" + page, "", nil, 404, "/" + kept},
		{"GET", "/Checkout/" + token, "", nil, 404, "/Checkout/" + billing.ShortToken(token)},
		{"GET", "/api/v2" + page + "?b=2", "", nil, 404, "/api/v2" + kept + "?b=2"},
		{"GET", "/nowhere?next=" + url.QueryEscape(link), "", []string{"Referer", link + "?x"}, 404, ""},
		{"GET", "/nowhere?next=" + page + "&c=3", "", nil, 404, "/nowhere?next=" + kept + "&c=3"},
		{"POST", path, `{"amount":"` + link + `"}`, active, 400, path},
		{"POST", path, `{"amount":"` + strings.ReplaceAll(link, "/", `\/`) + `"}`, active, 400, path},
		{"POST", path + "?consumerSecret=sandbox-active-secret&CONSUMERKEY=sandbox-active-key&authorization=sandbox-active-token", `{}`, active, 400, ""},
		{"POST", path, validOrder, append([]string{"Authorization", "sandbox-active-token", "Authorization", "sandbox-noplan-token"}, active...), 200, path},
		{"POST", path, validOrder, []string{"Authorization", "sandbox-inactive-token", "Proxy-Authorization", asControl, "Cookie", "key=sandbox-active-key"}, 401, path},
		{"PUT", controlPath + "/purchases/" + token + "/status", `{"status":"paid"}`, []string{"Authorization", asControl, "Content-Type", "application/json"}, 200, ""},
		{"PUT", controlPath + "/purchases/" + token + "/state", `{"status":"paid"}`, []string{"Authorization", asControl}, 404, ""},
	} {
		what := row.method + " " + row.path
		before := r.Journal(1, 0)[0].ID
		response, body := r.request(t, row.method, row.path, row.body, row.headers...)
		if response.StatusCode != row.status {
			t.Fatalf("%s: %d %.100s", what, response.StatusCode, body)
		}
		if strings.HasPrefix(row.path, controlPath) {
			r.newest(t, what, before) // not recorded
			continue
		}
		entry := r.newest(t, what, before+1)
		if entry.Status != row.status || row.kept != "" && entry.Path != row.kept || entry.Reason.Text == "" ||
			strings.HasPrefix(row.path, "/checkout/") && (entry.RequestBody != "" || entry.ResponseBody != "") {
			t.Errorf("%s: the entry of the journal is %+v", what, entry)
		}
	}
	if entry := r.Journal(1, 2)[0]; entry.ID != 1 || !strings.Contains(entry.ResponseBody, link) {
		t.Errorf("the entry of the purchase is %+v", entry)
	}
	r.checkSecrets(t, token, found[1], strings.TrimPrefix(cookie, "checkout="), controlToken)
}

// checkSecrets checks that the journal contains none of the secrets and no credentials of a demo account. A
// payment link in the response to a purchase is allowed.
func (r *running) checkSecrets(t *testing.T, secrets ...string) {
	t.Helper()
	entries := r.Journal(1000, 0)
	for i := range entries {
		if entries[i].Status == 200 && entries[i].Path == path {
			entries[i].ResponseBody = "" // the payment link
		}
	}
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, demo := range sandbox.DemoAccounts() {
		secrets = append(secrets, demo.ConsumerKey, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal())
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(string(text), secret) {
			t.Errorf("the journal contains the secret %s", secret)
		}
	}
}
