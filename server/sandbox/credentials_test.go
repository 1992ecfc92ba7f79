package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCredentials sends every combination of good, bad, inactive, empty and absent values of the
// three headers, and works out the answer from the rule: an alternative counts when all of it is
// there, one that is accepted is enough.
func TestCredentials(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	type value struct{ name, token, key, secret string }
	values := []value{
		{"absent", "-", "-", "-"},
		{"empty", "", "", ""},
		{"good", "sandbox-active-token", "sandbox-active-key", "sandbox-active-secret"},
		{"wrong", "wrong", "wrong", "wrong"},
		{"inactive", "sandbox-inactive-token", "sandbox-inactive-key", "sandbox-inactive-secret"},
		{"noplan", "sandbox-noplan-token", "sandbox-noplan-key", "sandbox-noplan-secret"},
	}
	sent := func(v value) bool { return v.name != "absent" && v.name != "empty" }
	for _, token := range values {
		for _, key := range values {
			for _, secret := range values {
				var headers []string
				for name, v := range map[string]string{"Authorization": token.token, "consumerKey": key.key, "consumerSecret": secret.secret} {
					if v != "-" {
						headers = append(headers, name, v)
					}
				}
				presented := map[string]bool{}
				if sent(token) {
					presented[token.name] = true
				}
				if sent(key) && sent(secret) {
					if key.name == secret.name {
						presented[key.name] = true
					} else {
						presented["wrong"] = true
					}
				}
				want := incomplete
				switch {
				case presented["good"] && token.name != "noplan":
					want = ""
				case presented["noplan"]:
					want = noPlan
				case presented["inactive"]:
					want = inactive
				case presented["wrong"]:
					want = refused
				}
				what := fmt.Sprintf("token %s, key %s, secret %s", token.name, key.name, secret.name)
				response := send(t, r, "POST", path, strings.NewReader(`{"amount":320}`), append(headers, "Content-Type", "application/json")...)
				if _, message := check(t, codes, what, response); want == "" && response.StatusCode != bought || want != "" && message != want {
					t.Errorf("%s: %d %s, want %q", what, response.StatusCode, message, want)
				}
			}
		}
	}
	for _, row := range []struct {
		headers []string
		want    string
	}{
		{[]string{"Authorization", "Bearer sandbox-active-token"}, refused},
		{[]string{"Authorization", "bearer sandbox-active-token"}, refused},
		{[]string{"Authorization", "Basic c2FuZGJveA=="}, refused},
		{[]string{"Authorization", "sandbox-active-token "}, ""}, // HTTP trims it
		{[]string{"Authorization", "SANDBOX-ACTIVE-TOKEN"}, refused},
		{[]string{"authorization", "sandbox-active-token"}, ""},
		{[]string{"CONSUMERKEY", "sandbox-active-key", "consumersecret", "sandbox-active-secret"}, ""},
		{[]string{"Authorization", "sandbox-active-token", "Authorization", "sandbox-active-token"}, ""},
		{[]string{"Authorization", "sandbox-active-token", "Authorization", "wrong"}, refused},
		{[]string{"Authorization", "wrong", "Authorization", "sandbox-active-token"}, refused},
		{[]string{"Authorization", "", "Authorization", ""}, incomplete},
		{[]string{"Authorization", "wrong", "Authorization", "sandbox-active-token", "consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret"}, ""},
		{[]string{"consumerKey", "sandbox-active-key", "consumerKey", "other", "consumerSecret", "sandbox-active-secret"}, refused},
		{[]string{"consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret", "consumerSecret", "x"}, refused},
		{[]string{"consumerKey", "sandbox-active-token"}, incomplete},
		{[]string{"consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-token"}, refused},
		{[]string{"Authorization", "sandbox-active-key"}, refused},
		{[]string{"Authorization", strings.Repeat("k", 20000)}, refused},
		{[]string{"Authorization", "clé-\xff"}, refused},
		{[]string{"Cookie", "Authorization=sandbox-active-token"}, incomplete},
	} {
		response := send(t, r, "POST", path, strings.NewReader(`{"amount":320}`), append(row.headers, "Content-Type", "application/json")...)
		if _, message := check(t, codes, fmt.Sprint(row.headers), response); row.want == "" && response.StatusCode != bought || row.want != "" && message != row.want {
			t.Errorf("%.200s: %d %s, want %q", fmt.Sprint(row.headers), response.StatusCode, message, row.want)
		}
	}
	response := send(t, r, "POST", path+"?Authorization=sandbox-active-token&consumerKey=sandbox-active-key", strings.NewReader(`{}`), "Content-Type", "application/json")
	if _, message := check(t, codes, "in the query", response); message != incomplete {
		t.Errorf("credentials in the query: %s", message)
	}
}
