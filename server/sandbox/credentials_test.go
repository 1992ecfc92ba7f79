package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCredentials sends every combination of valid, invalid, empty and missing values of the three
// headers, and computes the response: an alternative counts if all of its headers are there, and one
// accepted alternative is enough.
func TestCredentials(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	order := func(want string, headers []string) {
		t.Helper()
		what := short(fmt.Sprint(headers))
		response := r.send(t, "POST", path, strings.NewReader(validOrder), append(headers[:len(headers):len(headers)], asJSON...)...)
		if got := message(t, codes, what, response); want == "" && response.StatusCode != 200 || want != "" && got != want {
			t.Errorf("%s: %d %s, want %q", what, response.StatusCode, got, want)
		}
	}
	type value struct{ name, token, key, secret string }
	values := []value{{name: "missing"}, {name: "empty"}, {"wrong", "wrong", "wrong", "wrong"}}
	for _, name := range []string{"active", "inactive", "noplan"} {
		values = append(values, value{name, "sandbox-" + name + "-token", "sandbox-" + name + "-key", "sandbox-" + name + "-secret"})
	}
	for _, token := range values {
		for _, key := range values {
			for _, secret := range values {
				var headers []string
				for header, v := range map[string]struct{ name, value string }{
					"Authorization": {token.name, token.token}, "consumerKey": {key.name, key.key}, "consumerSecret": {secret.name, secret.secret},
				} {
					if v.name != "missing" {
						headers = append(headers, header, v.value)
					}
				}
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
				want := incomplete
				switch {
				case presented["active"] && token.name != "noplan":
					want = ""
				case presented["noplan"]:
					want = noPlan
				case presented["inactive"]:
					want = inactive
				case presented["wrong"]:
					want = invalid
				}
				order(want, headers)
			}
		}
	}
	for _, headers := range [][]string{
		{"Authorization", "sandbox-active-token "}, // HTTP trims the value
		{"authorization", "sandbox-active-token"},
		{"CONSUMERKEY", "sandbox-active-key", "consumersecret", "sandbox-active-secret"},
		{"Authorization", "sandbox-active-token", "Authorization", "sandbox-active-token"},
		{"Authorization", "wrong", "Authorization", "sandbox-active-token", "consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret"},
	} {
		order("", headers)
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
		order(invalid, headers)
	}
	for _, headers := range [][]string{
		{"Authorization", "", "Authorization", ""},
		{"consumerKey", "sandbox-active-token"},
		{"Cookie", "Authorization=sandbox-active-token"},
	} {
		order(incomplete, headers)
	}
	response := r.send(t, "POST", path+"?Authorization=sandbox-active-token&consumerKey=sandbox-active-key", strings.NewReader(`{}`), asJSON...)
	if got := message(t, codes, "in the query", response); got != incomplete {
		t.Errorf("credentials in the query: %s", got)
	}
}
