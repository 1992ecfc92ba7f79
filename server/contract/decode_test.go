package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/sync/semaphore"
)

// FuzzDecode compares decode with encoding/json: it accepts no text that encoding/json refuses, and decodes the same
// value. Dropping undeclared members changes neither.
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
		value, err := decode(data, nil)
		pruned, prunedErr := decode(data, declared)
		if (err == nil) != (prunedErr == nil) {
			t.Fatalf("%q: with all members %v, with the declared ones %v", data, err, prunedErr)
		}
		if err != nil {
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatalf("%q is not JSON, but was decoded", data)
		}
		var want any
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if !reflect.DeepEqual(value, want) {
			t.Fatalf("%q: %#v, want %#v", data, value, want)
		}
		if object, ok := value.(map[string]any); ok {
			kept := map[string]any{}
			if v, ok := object["amount"]; ok {
				kept["amount"] = v
			}
			value = kept
		}
		if !reflect.DeepEqual(pruned, value) {
			t.Fatalf("%q: with the declared members %#v, want %#v", data, pruned, value)
		}
	})
}

func TestFillReadsUpToItsLimit(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, 511, 512, 513, maxUncounted - 1, maxUncounted, maxUncounted + 1, 100_000} {
		text := strings.Repeat("x", int(size))
		for _, length := range []int64{-1, 0, size / 2, size, size + 1, 1 << 40} {
			b := bodyBuffer{memory: semaphore.NewWeighted(DefaultMaxBodyMemory)}
			if err := b.fill(iotest.OneByteReader(strings.NewReader(text)), length, size); err != nil || string(b.data) != text {
				t.Errorf("%d bytes, Content-Length %d: %d read, %v", size, length, len(b.data), err)
			}
			if int64(cap(b.data)) > 4*max(size, maxUncounted)+512 {
				t.Errorf("%d bytes, Content-Length %d: %d allocated", size, length, cap(b.data))
			}
			b = bodyBuffer{memory: b.memory}
			if err := b.fill(strings.NewReader(text+"x"), length, size); !errors.Is(err, errTooLarge) {
				t.Errorf("%d bytes, Content-Length %d, limit %d: %v", size+1, length, size, err)
			}
		}
	}
}

func TestLargeBodiesShareTheMemory(t *testing.T) {
	t.Parallel()
	const total = 100_000
	memory := semaphore.NewWeighted(total)
	fill := func(size int) (*bodyBuffer, error) {
		b := &bodyBuffer{memory: memory}
		return b, b.fill(strings.NewReader(strings.Repeat("x", size)), -1, DefaultMaxBody)
	}
	first, err := fill(70_000)
	if err != nil {
		t.Fatal(err)
	}
	second, err := fill(70_000)
	if !errors.Is(err, ErrBusy) {
		t.Errorf("a second large body: %v, want ErrBusy", err)
	}
	second.release()
	if small, err := fill(maxUncounted); err != nil || small.held != 0 {
		t.Errorf("a small body: %v, it holds %d bytes", err, small.held)
	}
	first.release()
	again, err := fill(70_000)
	if err != nil {
		t.Errorf("after the first body: %v", err)
	}
	again.release()
	if !memory.TryAcquire(total) {
		t.Error("a released body holds memory")
	}
}
