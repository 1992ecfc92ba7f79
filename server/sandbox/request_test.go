package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestBodies sends request bodies, those that JSON decoders and validators read differently among them.
// The store contains exactly the amounts of the accepted bodies.
func TestBodies(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	nines := strings.Repeat("9", 4000)
	nested := func(depth int) string {
		return `{"amount":320,"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`
	}
	var members strings.Builder
	for i := range 40000 {
		fmt.Fprintf(&members, `,"k%d":%d`, i, i)
	}
	rejected := map[string][]string{
		tooSmall: {
			`{"amount":14}`, `{"amount":1}`, `{"amount":0}`, `{"amount":-0}`, `{"amount":-1}`, `{"amount":-320}`,
			`{"amount":-9223372036854775808}`, `{"amount":-9223372036854775809}`, `{"amount":-` + nines + `}`,
		},
		tooLarge: {
			tooLargeOrder, `{"amount":65851}`, // 315 in 16 bits
			`{"amount":4294967616}`, `{"amount":9007199254740993}`, `{"amount":9223372036854775807}`, `{"amount":9223372036854775808}`,
			`{"amount":18446744073709551936}`, // 320 in 64 bits
			`{"amount":` + nines + `}`,
		},
		noInteger: {
			`{"amount":50.0}`, `{"amount":50.00000000000000000000000000000}`, `{"amount":50.5}`, `{"amount":50.0000000000000000001}`,
			`{"amount":14.999999999999999999999}`, `{"amount":5e1}`, `{"amount":5E+1}`, `{"amount":5000e-2}`, `{"amount":1e400}`,
			`{"amount":-1e400}`, `{"amount":1e-400}`, `{"amount":0.5}`, `{"amount":0e0}`, `{"amount":"50"}`, `{"amount":""}`,
			`{"amount":"abc"}`, `{"amount":true}`, `{"amount":false}`, `{"amount":null}`, `{"amount":[]}`, `{"amount":[320]}`,
			`{"amount":{}}`, `{"amount":{"amount":320}}`,
		},
		noAmount: {
			// No member amount.
			`{"AMOUNT":320}`, `{"__proto__":{"amount":320}}`, `{"":320}`, `{"amount ":320}`, `{"amount\u0000":320}`, `{}`,
			// No object.
			``, "  \n", `[]`, `[{"amount":320}]`, `"amount"`, `320`, `null`, `true`, `amount=320`, `<amount>320</amount>`,
			// A name twice.
			`{"amount":320,"amount":320}`, `{"amount":320,"amount":99999}`, `{"amount":320,"\u0061mount":99999}`, `{"amount":320,"x":1,"x":2}`,
			`{"amount":320,"x":{"y":1,"y":2}}`,
			// Not JSON.
			`{'amount':320}`, `{amount:320}`, `{"amount":320,}`, `{"amount":320/*x*/}`, `{"amount":0320}`, `{"amount":+320}`, `{"amount":0x140}`,
			`{"amount":3_20}`, `{"amount":320.}`, `{"amount":.5}`, `{"amount":NaN}`, `{"amount":Infinity}`, `{"amount":32`, `{"amo`,
			`{"amount":320}}`, `{"amount":320}{"amount":99999}`, "{\"amount\":320}\n{\"amount\":99999}", `{"amount":320}x`, "{\"amount\":320}\x00",
			"\x00{\"amount\":320}", "\xef\xbb\xbf{\"amount\":320}", "{\x00\"\x00a\x00",
			// Invalid text.
			"{\"amount\":320,\"x\":\"\xff\"}", "{\"amount\":320,\"\xc3\":1}", "{\"amount\":320,\"x\":\"\xc0\xaf\"}", "{\"amount\":320,\"x\":\"\xed\xa0\x80\"}",
			`{"amount":320,"x":"\ud800"}`, "{\"amount\":320,\"x\":\"\x01\"}", `{"amount":320,"x":"\q"}`,
			// Too deep.
			nested(101), nested(300000), strings.Repeat("[", 500000), strings.Repeat(`{"a":`, 100000),
		},
	}
	accepted := map[string]int64{
		`{"amount":15}`: 15, `{"amount":16}`: 16, validOrder: 320, `{"amount":1799}`: 1799, `{"amount":1800}`: 1800,
		` { "amount" : 1800 } ` + "\r\n\t": 1800, `{"amount":320,"AMOUNT":99999}`: 320, `{"Amount":99999,"amount":320}`: 320,
		`{"amount":320,"aMount":"x"}`: 320, `{"amount":320,"amounT":1}`: 320, `{"\u0061mount":320}`: 320,
		`{"\u0061\u006d\u006f\u0075\u006e\u0074":321}`: 321, `{"amount":320,"x":[1,{"y":null}],"z":"\ud83d\ude00"}`: 320,
		nested(98): 320, validOrder + strings.Repeat(" ", 1<<20-len(validOrder)): 320, `{"amount":320` + members.String() + `}`: 320,
	}
	order := func(body, code string, amount int64) {
		for kind, reader := range map[string]io.Reader{"sized": strings.NewReader(body), "chunked": struct{ io.Reader }{strings.NewReader(body)}} {
			what, before := kind+" "+short(body), len(r.purchases(t))
			response := r.send(t, "POST", path, reader, active...)
			got := message(t, codes, what, response)
			bought := r.purchases(t)[before:]
			if code != "" && (response.StatusCode != 400 || got != code || len(bought) != 0) {
				t.Errorf("%s: %d %s, bought %v, want %s", what, response.StatusCode, got, bought, code)
			}
			if code == "" && (response.StatusCode != 200 || len(bought) != 1 || bought[0].Amount != amount) {
				t.Errorf("%s: %d %s, bought %v, want %d", what, response.StatusCode, got, bought, amount)
			}
		}
	}
	for code, bodies := range rejected {
		for _, body := range bodies {
			order(body, code, 0)
		}
	}
	for body, amount := range accepted {
		order(body, "", amount)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	for _, size := range []int{1<<20 + 1, 2 << 20, 20 << 20} {
		body := append([]byte(validOrder), bytes.Repeat([]byte(" "), size-len(validOrder))...)
		for kind, reader := range map[string]io.Reader{"sized": bytes.NewReader(body), "chunked": struct{ io.Reader }{bytes.NewReader(body)}} {
			what := fmt.Sprint(kind, " ", size)
			response := r.send(t, "POST", path, reader, active...)
			if message(t, codes, what, response); response.StatusCode != 413 {
				t.Errorf("%s: %d", what, response.StatusCode)
			}
			// The server drains the body of a request without credentials, so that the client gets the response.
			response = r.send(t, "POST", path, bytes.NewReader(body))
			if message(t, codes, what, response); response.StatusCode != 401 {
				t.Errorf("%s without credentials: %d", what, response.StatusCode)
			}
		}
	}
	if n := len(r.purchases(t)); n != 0 {
		t.Errorf("%d purchases", n)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	for status, rows := range map[int][][]string{
		200: {
			{"application/json"}, {"APPLICATION/JSON"}, {"Application/Json; charset=utf-8"}, {"application/json;charset=UTF-8;x=y"},
			{"application/json ; q=1"}, {"application/json;"}, {"application/json", "Content-Type", "application/json"},
			{"application/json", "Content-Encoding", ""}, {"application/json", "Accept", "text/html"},
		},
		415: {
			{""}, {"text/plain"}, {"text/json"}, {"application/jsonp"}, {"application/json5"}, {"application/vnd.api+json"},
			{"application/x-www-form-urlencoded"}, {"multipart/form-data; boundary=x"}, {"application/*"}, {"*/*"}, {"json"},
			{"application/json, application/json"}, {"application /json"}, {";application/json"}, nil,
			{"application/json", "Content-Type", "text/plain"}, {"text/plain", "Content-Type", "application/json"},
			{"application/json", "Content-Encoding", "gzip"}, {"application/json", "Content-Encoding", "br"}, {"application/json", "Content-Encoding", "identity"},
		},
	} {
		for _, row := range rows {
			headers := active[:4:4]
			if row != nil {
				headers = append(append(headers, "Content-Type"), row...)
			}
			response := r.send(t, "POST", path, strings.NewReader(validOrder), headers...)
			if text := message(t, codes, fmt.Sprint(row), response); response.StatusCode != status {
				t.Errorf("%q: %d %s, want %d", row, response.StatusCode, text, status)
			}
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "FOO"} {
		response := r.send(t, method, path, nil)
		if message(t, codes, method, response); response.StatusCode != 405 || response.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, response.StatusCode, response.Header.Get("Allow"))
		}
	}
	if head, _ := r.request(t, "HEAD", path, ""); head.StatusCode != 405 || head.Header.Get("Allow") != "POST" || head.Header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
	for _, other := range []string{
		"/api", "/api/v2", "/api/v2/", "/api/v2/billing", path + "/", path + "s", "/" + path, strings.ToUpper(path),
		"/api/v1/billing/buy_emailvalidation_credits", "/billing/buy_emailvalidation_credits",
		"/api/v2//billing/buy_emailvalidation_credits", "/api/v2/./billing/buy_emailvalidation_credits", "/api/v2/x/../billing/buy_emailvalidation_credits",
		path + "%00", path + "%2f", path + ";x=1", "/api/v2/billing%2Fbuy_emailvalidation_credits", "/%ff", "/favicon.ico", "/index.html", "/debug/pprof/",
	} {
		for _, method := range []string{"POST", "GET", "OPTIONS", "DELETE"} {
			response := r.send(t, method, other, strings.NewReader(validOrder), active...)
			if message(t, codes, method+" "+other, response); response.StatusCode != 404 {
				t.Errorf("%s %s: %d", method, other, response.StatusCode)
			}
		}
	}
	response := r.send(t, "POST", path+"?x=1&amount=2", strings.NewReader(validOrder), active...)
	if message(t, codes, "a query", response); response.StatusCode != 200 {
		t.Errorf("with a query: %d", response.StatusCode)
	}
}

// TestOrderOfChecks sends requests that fail several checks: the first check in the order of the README
// decides.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	huge, noPlanKey := strings.Repeat("x", 1<<20+1), withKey("sandbox-noplan-token")
	for _, row := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		message                  string
	}{
		{"path before method and credentials", "GET", "/nowhere", huge, nil, 404, ""},
		{"method before credentials", "PUT", path, huge, nil, 405, ""},
		{"credentials before media type, size, body", "POST", path, huge, nil, 401, incomplete},
		{"wrong credentials before media type, size, body", "POST", path, huge, []string{"Authorization", "x"}, 401, invalid},
		{"inactive before media type, size, body", "POST", path, huge, []string{"Authorization", "sandbox-inactive-token"}, 401, inactive},
		{"media type before size", "POST", path, huge, noPlanKey[:2], 415, ""},
		{"size before body", "POST", path, huge, noPlanKey, 413, ""},
		{"body before schema", "POST", path, `{"amount":"x","amount":"y"}`, noPlanKey, 400, noAmount},
		{"schema before the plan", "POST", path, tooLargeOrder, noPlanKey, 400, tooLarge},
		{"type before the plan", "POST", path, `{"amount":"50"}`, noPlanKey, 400, noInteger},
		{"the plan", "POST", path, `{"amount":1800}`, noPlanKey, 400, noPlan},
	} {
		response := r.send(t, row.method, row.path, strings.NewReader(row.body), row.headers...)
		if text := message(t, codes, row.name, response); response.StatusCode != row.status || row.message != "" && text != row.message {
			t.Errorf("%s: %d %s, want %d %s", row.name, response.StatusCode, text, row.status, row.message)
		}
	}
	if n := len(r.purchases(t)); n != 0 {
		t.Errorf("%d purchases", n)
	}
}
