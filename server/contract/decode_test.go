package contract

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// FuzzDecode holds the strict decoder against encoding/json: it takes nothing that encoding/json
// refuses, and what it takes has the same value; that it drops undeclared members changes neither.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"amount":320}`, `{"amount":320,"AMOUNT":1}`, `{"a":1,"\u0061":2}`, `[1,-0,1e400,0.5]`, `"\ud83d\ude00"`, `"\ud800"`,
		"\xef\xbb\xbf{}", "{\"\xff\":1}", `{"amount":{"amount":[{}]}}`, ` null `, `{}{}`, `{"x":` + strings.Repeat("[", 101), ``,
	} {
		f.Add([]byte(seed))
	}
	amount := &openapi3.Schema{Type: &openapi3.Types{"object"}, Properties: openapi3.Schemas{"amount": openapi3.NewIntegerSchema().NewRef()}}
	declared := compileShape(amount, map[*openapi3.Schema]*shape{})
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(s *shape) (any, error) {
			b := buffers.Get().(*buffer)
			defer b.release()
			if err := b.fill(bytes.NewReader(data), -1, DefaultMaxBody); err != nil {
				return nil, err
			}
			return decode(b.decoder(), s)
		}
		value, err := read(nil)
		pruned, prunedErr := read(declared)
		if (err == nil) != (prunedErr == nil) {
			t.Fatalf("%q: kept whole %v, pruned %v", data, err, prunedErr)
		}
		if err != nil {
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatalf("%q is not JSON, but was taken", data)
		}
		var want any
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if !reflect.DeepEqual(value, want) {
			t.Fatalf("%q: %#v, encoding/json has %#v", data, value, want)
		}
		object, ok := value.(map[string]any)
		if !ok {
			if !reflect.DeepEqual(pruned, value) {
				t.Fatalf("%q: pruned to %#v", data, pruned)
			}
			return
		}
		kept := map[string]any{}
		if v, ok := object["amount"]; ok {
			kept["amount"] = v
		}
		if !reflect.DeepEqual(pruned, kept) {
			t.Fatalf("%q: pruned to %#v, not %#v", data, pruned, kept)
		}
	})
}

func TestFill(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{-1, 0, 5, 10} {
		b := new(buffer)
		if err := b.fill(strings.NewReader("0123456789"), length, 10); err != nil || string(b.data) != "0123456789" {
			t.Errorf("length %d: %q, %v", length, b.data, err)
		}
		if err := b.fill(strings.NewReader("0123456789x"), length, 10); err == nil {
			t.Errorf("length %d: one byte too many was taken", length)
		}
	}
}
