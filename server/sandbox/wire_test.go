package sandbox_test

import (
	"bytes"
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
				case presented["good"] && !(token.name == "noplan"):
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

// TestBodies sends what lenient decoders read one way and validators another.
func TestBodies(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	deep := func(n int) string {
		return `{"amount":320,"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	padded := func(n int) string {
		body := `{"amount":320,"x":"` + strings.Repeat("y", n)
		return body[:n-2] + `"}`
	}
	for _, row := range []struct {
		name, body, want string
		amount           int64
	}{
		{"another case beside", `{"amount":320,"AMOUNT":99999}`, "", 320},
		{"another case before", `{"Amount":99999,"amount":320}`, "", 320},
		{"another case, not a number", `{"amount":320,"aMount":"x"}`, "", 320},
		{"the long s", `{"amount":320,"amounT":1}`, "", 320},
		{"another case alone", `{"AMOUNT":320}`, noAmount, 0},
		{"escaped", `{"\u0061mount":320}`, "", 320},
		{"escaped whole", `{"\u0061\u006d\u006f\u0075\u006e\u0074":321}`, "", 321},
		{"twice", `{"amount":320,"amount":320}`, noAmount, 0},
		{"twice, differently", `{"amount":320,"amount":99999}`, noAmount, 0},
		{"twice, escaped", `{"amount":320,"\u0061mount":99999}`, noAmount, 0},
		{"another name twice", `{"amount":320,"x":1,"x":2}`, noAmount, 0},
		{"another name twice, deep", `{"amount":320,"x":{"y":1,"y":2}}`, noAmount, 0},
		{"unknown members", `{"amount":320,"x":[1,{"y":null}],"z":"\ud83d\ude00"}`, "", 320},
		{"__proto__", `{"__proto__":{"amount":320}}`, noAmount, 0},
		{"empty name", `{"":320}`, noAmount, 0},
		{"a space in the name", `{"amount ":320}`, noAmount, 0},
		{"NUL in the name", `{"amount\u0000":320}`, noAmount, 0},
		{"empty", ``, noAmount, 0},
		{"blank", "  \n", noAmount, 0},
		{"empty object", `{}`, noAmount, 0},
		{"array", `[]`, noAmount, 0},
		{"array of orders", `[{"amount":320}]`, noAmount, 0},
		{"string", `"amount"`, noAmount, 0},
		{"number", `320`, noAmount, 0},
		{"null", `null`, noAmount, 0},
		{"true", `true`, noAmount, 0},
		{"not JSON", `amount=320`, noAmount, 0},
		{"XML", `<amount>320</amount>`, noAmount, 0},
		{"single quotes", `{'amount':320}`, noAmount, 0},
		{"no quotes", `{amount:320}`, noAmount, 0},
		{"trailing comma", `{"amount":320,}`, noAmount, 0},
		{"comment", `{"amount":320/*x*/}`, noAmount, 0},
		{"leading zero", `{"amount":0320}`, noAmount, 0},
		{"plus", `{"amount":+320}`, noAmount, 0},
		{"hexadecimal", `{"amount":0x140}`, noAmount, 0},
		{"underscore", `{"amount":3_20}`, noAmount, 0},
		{"dot at the end", `{"amount":320.}`, noAmount, 0},
		{"dot at the beginning", `{"amount":.5}`, noAmount, 0},
		{"NaN", `{"amount":NaN}`, noAmount, 0},
		{"Infinity", `{"amount":Infinity}`, noAmount, 0},
		{"cut", `{"amount":32`, noAmount, 0},
		{"cut in the name", `{"amo`, noAmount, 0},
		{"closed twice", `{"amount":320}}`, noAmount, 0},
		{"two values", `{"amount":320}{"amount":99999}`, noAmount, 0},
		{"two values, apart", "{\"amount\":320}\n{\"amount\":99999}", noAmount, 0},
		{"trailing text", `{"amount":320}x`, noAmount, 0},
		{"trailing NUL", "{\"amount\":320}\x00", noAmount, 0},
		{"leading NUL", "\x00{\"amount\":320}", noAmount, 0},
		{"byte-order mark", "\xef\xbb\xbf{\"amount\":320}", noAmount, 0},
		{"UTF-16", "{\x00\"\x00a\x00", noAmount, 0},
		{"invalid UTF-8 in a value", "{\"amount\":320,\"x\":\"\xff\"}", noAmount, 0},
		{"invalid UTF-8 in a name", "{\"amount\":320,\"\xc3\":1}", noAmount, 0},
		{"overlong UTF-8", "{\"amount\":320,\"x\":\"\xc0\xaf\"}", noAmount, 0},
		{"a surrogate in UTF-8", "{\"amount\":320,\"x\":\"\xed\xa0\x80\"}", noAmount, 0},
		{"a lone surrogate, escaped", `{"amount":320,"x":"\ud800"}`, noAmount, 0},
		{"a control character", "{\"amount\":320,\"x\":\"\x01\"}", noAmount, 0},
		{"a bad escape", `{"amount":320,"x":"\q"}`, noAmount, 0},
		{"nested", deep(98), "", 320},
		{"nested too deeply", deep(101), noAmount, 0},
		{"nested much too deeply", deep(300000), noAmount, 0},
		{"opened only", strings.Repeat("[", 500000), noAmount, 0},
		{"objects opened only", strings.Repeat(`{"a":`, 100000), noAmount, 0},
		{"exactly the limit", padded(1 << 20), "", 320},
		{"spaces up to the limit", `{"amount":320}` + strings.Repeat(" ", 1<<20-14), "", 320},
		{"many members", manyMembers(40000), "", 320},
	} {
		t.Run(row.name, func(t *testing.T) {
			for kind, body := range map[string]io.Reader{
				"sized":   strings.NewReader(row.body),
				"chunked": struct{ io.Reader }{strings.NewReader(row.body)},
			} {
				before := len(purchases(t, r))
				_, message := check(t, codes, kind, send(t, r, "POST", path, body, active...))
				after := purchases(t, r)
				if row.want != "" && (message != row.want || len(after) != before) {
					t.Errorf("%s: %s, %d bought; want %s", kind, message, len(after)-before, row.want)
				}
				if row.want == "" && (len(after) != before+1 || after[before].Amount != row.amount) {
					t.Errorf("%s: %s bought %v, want %d", kind, message, after[before:], row.amount)
				}
			}
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	b.WriteString(`{"amount":320`)
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	b.WriteString("}")
	return b.String()
}

func TestTooLargeBodies(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	for _, size := range []int{1<<20 + 1, 2 << 20, 20 << 20} {
		body := append([]byte(`{"amount":320}`), bytes.Repeat([]byte(" "), size-14)...)
		for kind, reader := range map[string]io.Reader{"sized": bytes.NewReader(body), "chunked": struct{ io.Reader }{bytes.NewReader(body)}} {
			what := fmt.Sprint(kind, " ", size)
			if status, _ := check(t, codes, what, send(t, r, "POST", path, reader, active...)); status != 413 {
				t.Errorf("%s: %d", what, status)
			}
			// Refused before its body is looked at, and still answered: the rest of it is read.
			reader = bytes.NewReader(body)
			if status, _ := check(t, codes, what, send(t, r, "POST", path, reader)); status != 401 {
				t.Errorf("%s without credentials: %d", what, status)
			}
		}
	}
	if n := len(purchases(t, r)); n != 0 {
		t.Errorf("%d bought", n)
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
		"/", "/api", "/api/v2", "/api/v2/", "/api/v2/billing", path + "/", path + "s", "/" + path, strings.ToUpper(path),
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
