package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestJournalMasksCredentials sends a secret in each header that the document has for credentials, and
// as a parameter of the same name, however it is written.
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
		t.Fatalf("the document's headers are %v", names)
	}
	for _, name := range names {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			ask(t, r, "POST", path+"?a=1&"+spelling+"=in-the-query&b=2", "", spelling, "in-a-header", spelling, "in-a-header too")
			entry := r.Journal(1, 0)[0]
			if got := entry.RequestHeaders[http.CanonicalHeaderKey(name)]; got != "[masked]" {
				t.Errorf("%s: kept %q", spelling, got)
			}
			if want := path + "?a=1&" + spelling + "=[masked]&b=2"; entry.Path != want {
				t.Errorf("%s: kept %s, want %s", spelling, entry.Path, want)
			}
		}
	}
}

var formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// TestJournalKeepsNoSecret buys and pays as a browser does, makes mistakes with the link and the keys,
// and then looks for every secret in all of the journal.
func TestJournalKeepsNoSecret(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithControlToken(controlToken))
	token := order(t, r, "sandbox-active-token")
	page, link := "/checkout/"+token, "http://"+r.address+"/checkout/"+token
	shown, html := ask(t, r, "GET", page, "", "Referer", link)
	cookie, _, _ := strings.Cut(shown.Header.Get("Set-Cookie"), ";")
	found := formToken.FindStringSubmatch(html)
	if found == nil || cookie == "" {
		t.Fatalf("%d %v", shown.StatusCode, shown.Header)
	}
	form := url.Values{"form_token": found[1:], "action": {"pay"}}.Encode()
	asForm := []string{"Content-Type", "application/x-www-form-urlencoded", "Referer", link, "Origin", "http://" + r.address}
	for _, row := range []struct {
		method, path, body string
		headers            []string
		status             int
		kept               string // the path
	}{
		{"POST", page, form, asForm, 403, "/checkout/" + billing.ShortToken(token)},
		{"POST", page, form, append([]string{"Cookie", cookie}, asForm...), 303, "/checkout/" + billing.ShortToken(token)},
		{"POST", page, strings.Replace(form, "pay", "cancel", 1), append([]string{"Cookie", cookie}, asForm...), 409, "/checkout/" + billing.ShortToken(token)},
		{"GET", page, "", []string{"Cookie", cookie, "Accept", "application/json"}, 200, "/checkout/" + billing.ShortToken(token)},
		{"HEAD", page + "?a=1", "", nil, 200, "/checkout/" + billing.ShortToken(token) + "?a=1"},
		{"PUT", page, token, nil, 405, "/checkout/" + billing.ShortToken(token)},
		{"BREW", page, token, nil, 405, "/checkout/" + billing.ShortToken(token)},
		{"GET", page + "/more", "", []string{"Referer", link + "/more"}, 404, "/checkout/" + billing.ShortToken(token)},
		{"GET", page + "x", "", nil, 404, "/checkout/" + billing.ShortToken(token)},
		{"GET", "/%63heckout/" + token, "", nil, 404, "/checkout/" + billing.ShortToken(token)},
		{"GET", "/checkout%2F" + token, "", nil, 404, "/checkout/" + billing.ShortToken(token)},
		{"GET", "/" + page, "", nil, 404, "//checkout/" + billing.ShortToken(token)},
		{"GET", "/Checkout/" + token, "", nil, 404, "/Checkout/" + billing.ShortToken(token)},
		{"GET", "/api/v2" + page + "?b=2", "", nil, 404, "/api/v2/checkout/" + billing.ShortToken(token) + "?b=2"},
		{"GET", "/nowhere?next=" + url.QueryEscape(link), "", []string{"Referer", link + "?x"}, 404, ""},
		{"GET", "/nowhere?next=" + page + "&c=3", "", nil, 404, "/nowhere?next=/checkout/" + billing.ShortToken(token) + "&c=3"},
		{"POST", path, `{"amount":"` + link + `"}`, active, 400, path},
		{"POST", path, `{"amount":"` + strings.ReplaceAll(link, "/", `\/`) + `"}`, active, 400, path},
		{"POST", path + "?consumerSecret=sandbox-active-secret&CONSUMERKEY=sandbox-active-key&authorization=sandbox-active-token", `{}`, active, 400, ""},
		{"POST", path, `{"amount":320}`, append([]string{"Authorization", "sandbox-active-token", "Authorization", "sandbox-noplan-token"}, active...), 200, path},
		{"POST", path, `{"amount":320}`, []string{"Authorization", "sandbox-inactive-token", "Proxy-Authorization", asControl, "Cookie", "key=sandbox-active-key"}, 401, path},
		{"PUT", steering + "/purchases/" + token + "/status", `{"status":"paid"}`, []string{"Authorization", asControl, "Content-Type", "application/json"}, 200, ""},
		{"PUT", steering + "/purchases/" + token + "/state", `{"status":"paid"}`, []string{"Authorization", asControl}, 404, ""},
	} {
		what := row.method + " " + row.path
		before := r.Journal(1, 0)[0].ID
		response, body := ask(t, r, row.method, row.path, row.body, row.headers...)
		if response.StatusCode != row.status {
			t.Fatalf("%s: %d %.100s", what, response.StatusCode, body)
		}
		entry := r.Journal(1, 0)[0]
		if strings.HasPrefix(row.path, steering) {
			if entry.ID != before {
				t.Errorf("%s is in the journal: %+v", what, entry)
			}
			continue
		}
		if entry.ID != before+1 || entry.Status != row.status || row.kept != "" && entry.Path != row.kept || entry.Why.Text == "" {
			t.Errorf("%s: kept %+v", what, entry)
		}
		if strings.HasPrefix(row.path, "/checkout/") && (entry.RequestBody != "" || entry.AnswerBody != "") {
			t.Errorf("%s: the bodies were kept: %q, %q", what, entry.RequestBody, entry.AnswerBody)
		}
	}
	if entry := r.Journal(1, 2)[0]; entry.ID != 1 || !strings.Contains(entry.AnswerBody, link) {
		t.Errorf("the API's own answer is kept as %+v", entry)
	}
	entries := r.Journal(1000, 0)
	for i := range entries {
		if entries[i].Status == bought && entries[i].Path == path {
			entries[i].AnswerBody = "" // which has the payment link, as it must
		}
	}
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{token, found[1], strings.TrimPrefix(cookie, "checkout="), controlToken}
	for _, demo := range sandbox.DemoAccounts() {
		secrets = append(secrets, demo.ConsumerKey, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal())
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(string(text), secret) {
			t.Errorf("the journal holds the secret %s", secret)
		}
	}
}
