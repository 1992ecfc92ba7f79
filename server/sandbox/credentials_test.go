package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCredentials sends every combination of valid, invalid, empty and missing values of the three headers.
func TestCredentials(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	values := []credentials{{name: "missing"}, {name: "empty"}, {"wrong", "wrong", "wrong", "wrong"}}
	for _, name := range []string{"active", "inactive", "noplan"} {
		values = append(values, credentials{name, "sandbox-" + name + "-token", "sandbox-" + name + "-key", "sandbox-" + name + "-secret"})
	}
	for _, token := range values {
		for _, key := range values {
			for _, secret := range values {
				r.checkCredentials(t, codes, wantedMessage(token, key, secret), credentialHeaders(token, key, secret))
			}
		}
	}
}

// credentials are the values of the headers for credentials. name is the account, or "missing", "empty" or
// "wrong".
type credentials struct{ name, token, key, secret string }

// checkCredentials buys with the headers and compares the message of the response. An empty want stands for a
// purchase.
func (r *running) checkCredentials(t *testing.T, codes map[int][]string, want string, headers []string) {
	t.Helper()
	what := short(fmt.Sprint(headers))
	response := r.send(t, "POST", path, strings.NewReader(validOrder), append(headers[:len(headers):len(headers)], asJSON...)...)
	if got := message(t, codes, what, response); want == "" && response.StatusCode != 200 || want != "" && got != want {
		t.Errorf("%s: %d %s, want %q", what, response.StatusCode, got, want)
	}
}

// credentialHeaders returns the headers of a request. A missing value has no header.
func credentialHeaders(token, key, secret credentials) []string {
	var headers []string
	for header, v := range map[string]struct{ name, value string }{
		"Authorization": {token.name, token.token}, "consumerKey": {key.name, key.key}, "consumerSecret": {secret.name, secret.secret},
	} {
		if v.name != "missing" {
			headers = append(headers, header, v.value)
		}
	}
	return headers
}

// wantedMessage returns the expected message of the response, empty for a purchase. An alternative counts if
// the request contains all of its headers, and one accepted alternative is enough.
func wantedMessage(token, key, secret credentials) string {
	presented := map[string]bool{}
	if token.token != "" {
		presented[token.name] = true
	}
	switch {
	case key.key == "" || secret.secret == "":
	case key.name == secret.name:
		presented[key.name] = true
	default:
		presented["wrong"] = true
	}
	switch {
	case presented["active"] && token.name != "noplan":
		return ""
	case presented["noplan"]:
		return noPlan
	case presented["inactive"]:
		return inactive
	case presented["wrong"]:
		return invalid
	}
	return incomplete
}

// TestCredentialHeaders sends repeated, malformed and differently spelled headers.
func TestCredentialHeaders(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	for _, headers := range [][]string{
		{"Authorization", "sandbox-active-token "}, // HTTP trims the value
		{"authorization", "sandbox-active-token"},
		{"CONSUMERKEY", "sandbox-active-key", "consumersecret", "sandbox-active-secret"},
		{"Authorization", "sandbox-active-token", "Authorization", "sandbox-active-token"},
		{"Authorization", "wrong", "Authorization", "sandbox-active-token", "consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret"},
	} {
		r.checkCredentials(t, codes, "", headers)
	}
	for _, headers := range [][]string{
		{"Authorization", "Bearer sandbox-active-token"},
		{"Authorization", "bearer sandbox-active-token"},
		{"Authorization", "Basic c2FuZGJveA=="},
		{"Authorization", "SANDBOX-ACTIVE-TOKEN"},
		{"Authorization", "sandbox-active-key"},
		{"Authorization", strings.Repeat("k", 20000)},
		{"Authorization", "clé-\xff"},
		{"Authorization", "sandbox-active-token", "Authorization", "wrong"},
		{"Authorization", "wrong", "Authorization", "sandbox-active-token"},
		{"consumerKey", "sandbox-active-key", "consumerKey", "other", "consumerSecret", "sandbox-active-secret"},
		{"consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret", "consumerSecret", "x"},
		{"consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-token"},
	} {
		r.checkCredentials(t, codes, invalid, headers)
	}
	for _, headers := range [][]string{
		{"Authorization", "", "Authorization", ""},
		{"consumerKey", "sandbox-active-token"},
		{"Cookie", "Authorization=sandbox-active-token"},
	} {
		r.checkCredentials(t, codes, incomplete, headers)
	}
	response := r.send(t, "POST", path+"?Authorization=sandbox-active-token&consumerKey=sandbox-active-key", strings.NewReader(`{}`), asJSON...)
	if got := message(t, codes, "in the query", response); got != incomplete {
		t.Errorf("credentials in the query: %s", got)
	}
}
