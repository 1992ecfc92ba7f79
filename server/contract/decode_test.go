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
			b.bodies = &budget{max: DefaultMaxBodyMemory}
			if err := b.fill(bytes.NewReader(data), -1, DefaultMaxBody); err != nil {
				return nil, err
			}
			return decode(b.decoder(), s, nil)
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
	for _, size := range []int64{0, 1, 511, 512, 513, maxPromised - 1, maxPromised, maxPromised + 1, 100_000} {
		text := strings.Repeat("x", int(size))
		for _, length := range []int64{-1, 0, size / 2, size, size + 1, 1 << 40} {
			b := new(buffer)
			b.bodies = &budget{max: DefaultMaxBodyMemory}
			if err := b.fill(iotest.OneByteReader(strings.NewReader(text)), length, size); err != nil || string(b.data) != text {
				t.Errorf("%d bytes, promised %d: %d read, %v", size, length, len(b.data), err)
			}
			if int64(cap(b.data)) > 4*max(size, maxPromised)+512 {
				t.Errorf("%d bytes, promised %d: room for %d", size, length, cap(b.data))
			}
			b.bodies = &budget{max: DefaultMaxBodyMemory}
			if err := b.fill(strings.NewReader(text+"x"), length, size); !errors.Is(err, errTooLarge) {
				t.Errorf("%d bytes, promised %d: one too many was taken: %v", size, length, err)
			}
		}
	}
}

// TestLargeBodiesShareTheirRoom reads a body that takes most of the room while others come.
func TestLargeBodiesShareTheirRoom(t *testing.T) {
	t.Parallel()
	room := &budget{max: 100_000}
	fill := func(size int) (*buffer, error) {
		b := &buffer{bodies: room}
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
	if small, err := fill(maxPromised); err != nil || small.taken != 0 {
		t.Errorf("a small body: %v, and it took %d bytes", err, small.taken)
	}
	first.release()
	if again, err := fill(70_000); err != nil {
		t.Errorf("with room again: %v", err)
	} else {
		again.release()
	}
	if held := room.held.Load(); held != 0 {
		t.Errorf("%d bytes are still held", held)
	}
}
