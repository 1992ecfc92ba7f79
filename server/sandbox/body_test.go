package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

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
