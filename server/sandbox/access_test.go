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

// operation is an operation of the control API.
type operation struct{ method, path string }

// operations returns all operations of the document.
func operations(t testing.TB) []operation {
	t.Helper()
	document, err := api.LoadSandbox()
	if err != nil {
		t.Fatal(err)
	}
	var list []operation
	for template, item := range document.Paths.Map() {
		for method := range item.Operations() {
			list = append(list, operation{method, controlPath + strings.NewReplacer("{id}", "1", "{token}", "x").Replace(template)})
		}
	}
	if len(list) < 11 {
		t.Fatalf("the operations of the document are %v", list)
	}
	return list
}

// isFailure checks an error response of the control API: the status, and a JSON object whose message
// contains a part.
func isFailure(t testing.TB, what string, response *http.Response, body string, status int, part string) {
	t.Helper()
	var object map[string]string
	err := json.Unmarshal([]byte(body), &object)
	if response.StatusCode != status || err != nil || len(object) != 1 || len(object["message"]) < 10 || !strings.Contains(object["message"], part) ||
		response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %q %s, want %d %s", what, response.StatusCode, response.Header.Get("Content-Type"), body, status, part)
	}
}

// TestOpenControl sends requests as a proxy, a page of another site and another host name cause them. An
// open sandbox refuses them; with a token, only the token counts.
func TestOpenControl(t *testing.T) {
	t.Parallel()
	open, withToken := start(t, sandbox.WithOpenControl()), start(t, sandbox.WithControlToken(controlToken))
	here := open.address
	_, port, _ := strings.Cut(here, ":")
	const name, proxy, site = "localhost or a loopback address", "came through a proxy", "page of another site"
	for refusal, rows := range map[string][][]string{
		"": {
			nil, {"Host", "127.0.0.1"}, {"Host", "127.0.0.1:" + port}, {"Host", "127.255.0.9:" + port}, {"Host", "localhost"},
			{"Host", "LocalHost:" + port}, {"Host", "[::1]"}, {"Host", "[::1]:" + port}, {"Host", "[::ffff:127.0.0.1]:" + port},
			{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "same-origin", "Origin", "http://" + here}, {"Sec-Fetch-Site", "none"},
			{"Origin", "http://" + here}, {"Host", "localhost:" + port, "Origin", "http://localhost:" + port},
		},
		name: {
			{"Host", "sandbox.example"}, {"Host", "sandbox.example:" + port}, {"Host", "localhost.example"}, {"Host", "127.0.0.1.example"},
			{"Host", "127.0.0.1.nip.io:" + port}, {"Host", "evil-localhost"}, {"Host", "0.0.0.0:" + port}, {"Host", "10.0.0.1"},
			{"Host", "192.168.0.1:" + port}, {"Host", "[::]:" + port}, {"Host", "[2001:db8::1]"}, {"Host", "169.254.169.254"},
		},
		proxy: {
			{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-For", "127.0.0.1"},
			{"X-Forwarded-For", "", "X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Host", "sandbox.example"}, {"X-Real-Ip", "192.0.2.1"},
			{"x-real-ip", "192.0.2.1"}, {"Via", "1.1 proxy"},
		},
		site: {
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "other"},
			{"Sec-Fetch-Site", "cross-site", "Origin", "http://" + here}, {"Origin", "http://sandbox.example"}, {"Origin", "http://localhost:" + port},
			{"Origin", "http://127.0.0.1:1"}, {"Origin", "null"}, {"Origin", "http://["},
		},
	} {
		for _, headers := range rows {
			for o, status := range map[operation]int{{"GET", controlPath + "/clock"}: 200, {"POST", controlPath + "/reset"}: 204, {"GET", controlPath + "/nowhere"}: 404} {
				what := fmt.Sprint(o, headers)
				response, body := open.request(t, o.method, o.path, "", headers...)
				if refusal != "" {
					isFailure(t, what, response, body, 403, refusal)
					isFailure(t, what, response, body, 403, "--control-token")
				} else if response.StatusCode != status {
					t.Errorf("%s: %d %s", what, response.StatusCode, body)
				}
				response, body = withToken.request(t, o.method, o.path, "", append([]string{"Authorization", asControl}, headers...)...)
				if response.StatusCode != status {
					t.Errorf("%s, with the token: %d %s", what, response.StatusCode, body)
				}
				if response, body = withToken.request(t, o.method, o.path, "", headers...); response.StatusCode != 401 && status != 404 {
					t.Errorf("%s, without the token: %d %s", what, response.StatusCode, body)
				}
			}
		}
	}
	// The API accepts such requests.
	response, body := open.request(t, "POST", path, "", append([]string{"Host", "sandbox.example", "Origin", "http://other.example", "Via", "1.1 proxy"}, active...)...)
	if response.StatusCode != 400 || !strings.Contains(body, noAmount) {
		t.Errorf("the API: %d %s", response.StatusCode, body)
	}
	open.newest(t, "the API", 1)
}

// TestControlToken sends no token, wrong tokens and the token to each operation.
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
				response, body := r.request(t, o.method, o.path+"?access_token="+controlToken, "", headers...)
				isFailure(t, fmt.Sprint(name, o, headers), response, body, 401, "")
			}
			for _, right := range []string{asControl, "bearer " + controlToken, "BEARER   " + controlToken} {
				if response, body := r.request(t, o.method, o.path, "", "Authorization", right); response.StatusCode == 401 || response.StatusCode >= 500 {
					t.Errorf("%s: %v: %d %s", name, o, response.StatusCode, body)
				}
			}
		}
		if response, body := r.request(t, "GET", controlPath+"/clock", "", "Authorization", asControl); response.StatusCode != 200 {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
		if strings.Contains(r.log.String(), controlToken) {
			t.Errorf("%s: the log contains the token", name)
		}
	}
}

func TestControlIsOff(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, o := range append(operations(t), operation{"GET", controlPath}, operation{"GET", controlPath + "/"}, operation{"POST", controlPath + "/nowhere"}, operation{"OPTIONS", controlPath + "/clock"}) {
		for _, headers := range [][]string{nil, {"Authorization", "Bearer "}, {"Authorization", asControl}} {
			response, body := r.request(t, o.method, o.path, "", headers...)
			isFailure(t, fmt.Sprint(o, headers), response, body, 404, "--control-token")
		}
	}
	for _, other := range []string{"/_sandboxes", "/_sandbo"} {
		if response, body := r.request(t, "GET", other, ""); response.StatusCode != 404 || strings.Contains(body, "--control-token") {
			t.Errorf("%s: %d %s", other, response.StatusCode, body)
		}
	}
}
