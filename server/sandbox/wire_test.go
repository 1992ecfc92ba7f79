package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const (
	bought     = 200
	incomplete = "missing_authorization_key"
	refused    = "invalid_authorization_key"
	inactive   = "account_is_inactive"
	noAmount   = "missing_required_parameter_amount"
	noInteger  = "amount_should_be_integer"
	tooSmall   = "amount_should_not_be_less_than_15"
	tooLarge   = "amount_should_not_be_higher_than_1800"
	noPlan     = "can_not_buy_extra_credit_without_active_plan"
)

var active = []string{"consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret", "Content-Type", "application/json"}

// TestAmounts is also the test that the store holds what was asked for: no other amount was bought.
func TestAmounts(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	nines := strings.Repeat("9", 4000)
	for _, row := range []struct {
		body, want string // want: "" is bought
		amount     int64
	}{
		{`{"amount":15}`, "", 15},
		{`{"amount":16}`, "", 16},
		{`{"amount":320}`, "", 320},
		{`{"amount":1799}`, "", 1799},
		{`{"amount":1800}`, "", 1800},
		{` { "amount" : 1800 } ` + "\r\n\t", "", 1800},
		{`{"amount":14}`, tooSmall, 0},
		{`{"amount":1}`, tooSmall, 0},
		{`{"amount":0}`, tooSmall, 0},
		{`{"amount":-0}`, tooSmall, 0},
		{`{"amount":-1}`, tooSmall, 0},
		{`{"amount":-320}`, tooSmall, 0},
		{`{"amount":-9223372036854775808}`, tooSmall, 0},
		{`{"amount":-9223372036854775809}`, tooSmall, 0},
		{`{"amount":-` + nines + `}`, tooSmall, 0},
		{`{"amount":1801}`, tooLarge, 0},
		{`{"amount":65851}`, tooLarge, 0}, // 315 in 16 bits
		{`{"amount":4294967616}`, tooLarge, 0},
		{`{"amount":9007199254740993}`, tooLarge, 0},
		{`{"amount":9223372036854775807}`, tooLarge, 0},
		{`{"amount":9223372036854775808}`, tooLarge, 0},
		{`{"amount":18446744073709551936}`, tooLarge, 0}, // 320 in 64 bits
		{`{"amount":` + nines + `}`, tooLarge, 0},
		{`{"amount":50.0}`, noInteger, 0},
		{`{"amount":50.00000000000000000000000000000}`, noInteger, 0},
		{`{"amount":50.5}`, noInteger, 0},
		{`{"amount":1800.0000000000000000001}`, noInteger, 0},
		{`{"amount":14.999999999999999999999}`, noInteger, 0},
		{`{"amount":5e1}`, noInteger, 0},
		{`{"amount":5E+1}`, noInteger, 0},
		{`{"amount":5000e-2}`, noInteger, 0},
		{`{"amount":1e400}`, noInteger, 0},
		{`{"amount":-1e400}`, noInteger, 0},
		{`{"amount":1e-400}`, noInteger, 0},
		{`{"amount":0.5}`, noInteger, 0},
		{`{"amount":0e0}`, noInteger, 0},
		{`{"amount":"50"}`, noInteger, 0},
		{`{"amount":""}`, noInteger, 0},
		{`{"amount":"abc"}`, noInteger, 0},
		{`{"amount":true}`, noInteger, 0},
		{`{"amount":false}`, noInteger, 0},
		{`{"amount":null}`, noInteger, 0},
		{`{"amount":[]}`, noInteger, 0},
		{`{"amount":[320]}`, noInteger, 0},
		{`{"amount":{}}`, noInteger, 0},
		{`{"amount":{"amount":320}}`, noInteger, 0},
	} {
		before := len(purchases(t, r))
		response := send(t, r, "POST", path, strings.NewReader(row.body), active...)
		_, message := check(t, codes, short(row.body), response)
		if row.want == "" && response.StatusCode != bought || row.want != "" && (response.StatusCode != 400 || message != row.want) {
			t.Errorf("%s: %d %s, want %q", short(row.body), response.StatusCode, message, row.want)
		}
		after := purchases(t, r)
		switch {
		case row.want != "" && len(after) != before:
			t.Errorf("%s was refused and bought", short(row.body))
		case row.want == "" && (len(after) != before+1 || after[before].Amount != row.amount):
			t.Errorf("%s bought %v", short(row.body), after[before:])
		}
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	keys := active[:4:4]
	for _, row := range []struct {
		headers []string
		status  int
	}{
		{[]string{"Content-Type", "application/json"}, 200},
		{[]string{"Content-Type", "APPLICATION/JSON"}, 200},
		{[]string{"Content-Type", "Application/Json; charset=utf-8"}, 200},
		{[]string{"Content-Type", "application/json;charset=UTF-8;x=y"}, 200},
		{[]string{"Content-Type", "application/json ; q=1"}, 200},
		{[]string{"Content-Type", "application/json;"}, 200},
		{[]string{"Content-Type", "application/json", "Content-Type", "application/json"}, 200},
		{[]string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415},
		{[]string{"Content-Type", "text/plain", "Content-Type", "application/json"}, 415},
		{nil, 415},
		{[]string{"Content-Type", ""}, 415},
		{[]string{"Content-Type", "text/plain"}, 415},
		{[]string{"Content-Type", "text/json"}, 415},
		{[]string{"Content-Type", "application/jsonp"}, 415},
		{[]string{"Content-Type", "application/json5"}, 415},
		{[]string{"Content-Type", "application/vnd.api+json"}, 415},
		{[]string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{[]string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
		{[]string{"Content-Type", "application/*"}, 415},
		{[]string{"Content-Type", "*/*"}, 415},
		{[]string{"Content-Type", "json"}, 415},
		{[]string{"Content-Type", "application/json, application/json"}, 415},
		{[]string{"Content-Type", "application /json"}, 415},
		{[]string{"Content-Type", ";application/json"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Encoding", "br"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Encoding", "identity"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Encoding", ""}, 200},
		{[]string{"Content-Type", "application/json", "Accept", "text/html"}, 200},
	} {
		what := fmt.Sprint(row.headers)
		if status, message := check(t, codes, what, send(t, r, "POST", path, strings.NewReader(`{"amount":320}`), append(keys, row.headers...)...)); status != row.status {
			t.Errorf("%s: %d %s, want %d", what, status, message, row.status)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "FOO"} {
		response := send(t, r, method, path, nil)
		if status, _ := check(t, codes, method, response); status != 405 || response.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, status, response.Header.Get("Allow"))
		}
	}
	head := send(t, r, "HEAD", path, nil)
	_ = head.Body.Close()
	if head.StatusCode != 405 || head.Header.Get("Allow") != "POST" || head.Header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
	for _, other := range []string{
		"/api", "/api/v2", "/api/v2/", "/api/v2/billing", path + "/", path + "s", "/" + path, strings.ToUpper(path),
		"/api/v1/billing/buy_emailvalidation_credits", "/billing/buy_emailvalidation_credits",
		"/api/v2//billing/buy_emailvalidation_credits", "/api/v2/./billing/buy_emailvalidation_credits", "/api/v2/x/../billing/buy_emailvalidation_credits",
		path + "%00", path + "%2f", path + ";x=1", "/api/v2/billing%2Fbuy_emailvalidation_credits", "/%ff", "/favicon.ico", "/index.html", "/debug/pprof/",
	} {
		for _, method := range []string{"POST", "GET", "OPTIONS", "DELETE"} {
			what := method + " " + other
			if status, _ := check(t, codes, what, send(t, r, method, other, strings.NewReader(`{"amount":320}`), active...)); status != 404 {
				t.Errorf("%s: %d", what, status)
			}
		}
	}
	if status, _ := check(t, codes, "a query", send(t, r, "POST", path+"?x=1&amount=2", strings.NewReader(`{"amount":320}`), active...)); status != 200 {
		t.Errorf("with a query string: %d", status)
	}
}

// TestOrder sends requests with several faults: the first check in the contract's order answers.
func TestOrder(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	huge := strings.Repeat("x", 1<<20+1)
	noplan := []string{"consumerKey", "sandbox-noplan-key", "consumerSecret", "sandbox-noplan-secret"}
	asJSON := []string{"Content-Type", "application/json"}
	for _, row := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		message                  string
	}{
		{"path before method and credentials", "GET", "/nowhere", huge, nil, 404, ""},
		{"method before credentials", "PUT", path, huge, nil, 405, ""},
		{"credentials before media type, size, body", "POST", path, huge, nil, 401, incomplete},
		{"wrong credentials before media type, size, body", "POST", path, huge, []string{"Authorization", "x"}, 401, refused},
		{"inactive before media type, size, body", "POST", path, huge, []string{"Authorization", "sandbox-inactive-token"}, 401, inactive},
		{"media type before size", "POST", path, huge, noplan, 415, ""},
		{"size before body", "POST", path, huge, append(noplan, asJSON...), 413, ""},
		{"body before schema", "POST", path, `{"amount":"x","amount":"y"}`, append(noplan, asJSON...), 400, noAmount},
		{"schema before the plan", "POST", path, `{"amount":1801}`, append(noplan, asJSON...), 400, tooLarge},
		{"type before the plan", "POST", path, `{"amount":"1801"}`, append(noplan, asJSON...), 400, noInteger},
		{"the plan", "POST", path, `{"amount":1800}`, append(noplan, asJSON...), 400, noPlan},
	} {
		status, message := check(t, codes, row.name, send(t, r, row.method, row.path, strings.NewReader(row.body), row.headers...))
		if status != row.status || row.message != "" && message != row.message {
			t.Errorf("%s: %d %s, want %d %s", row.name, status, message, row.status, row.message)
		}
	}
	if n := len(purchases(t, r)); n != 0 {
		t.Errorf("%d bought", n)
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, probe := range []string{"/livez", "/readyz"} {
		for _, method := range []string{"GET", "HEAD"} {
			response := send(t, r, method, probe, nil)
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK || method == "GET" && string(body) != `{"status":"ok"}` {
				t.Errorf("%s %s: %d %s", method, probe, response.StatusCode, body)
			}
		}
	}
	_ = r.store.Close()
	response := send(t, r, "GET", "/readyz", nil)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without its store: %d", response.StatusCode)
	}
}

func short(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}
