package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/oapi-codegen/runtime"
)

func loadSchema(t testing.TB, text string) *openapi3.Schema {
	t.Helper()
	s := new(openapi3.Schema)
	if err := json.Unmarshal([]byte(text), s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// plainPath returns the value of a text, and whether the schema allows it, without the fast path.
func plainPath(t testing.TB, s *openapi3.Schema, text string) (value any, valid bool) {
	t.Helper()
	v, err := compileValidator(s, "here", openapi3.VisitAsResponse())
	if err != nil {
		t.Fatal(err)
	}
	value, err = decode([]byte(text), nil)
	if err != nil {
		return nil, false
	}
	found, err := v.validate(value)
	return value, found == nil && err == nil
}

func fastOf(s *openapi3.Schema) *fastSchema {
	return compileFast(s, map[*openapi3.Schema]*fastSchema{})
}

func TestFastPathAcceptsPlainValues(t *testing.T) {
	t.Parallel()
	const link = `{"type":"object","additionalProperties":false,"required":["url"],"properties":{"url":{"type":"string","format":"uri","minLength":1,"maxLength":9},
		"n":{"type":"integer","minimum":2,"maximum":9,"exclusiveMaximum":true},"ok":{"type":"boolean"}}}`
	for text, want := range map[string]bool{
		`{"url":"http://x"}`: true, ` {"ok":false, "url":"x", "n":8}` + "\n": true, `{"n":2,"url":"123456789","ok":true}`: true,
		`{"url":""}`: false, `{"url":"1234567890"}`: false, `{"url":"ä"}`: false, `{"url":"\u0061"}`: false, `{"\u0075rl":"a"}`: false,
		`{"url":"a","n":9}`: false, `{"url":"a","n":1}`: false, `{"url":"a","n":2.0}`: false, `{"url":"a","n":90071992547409910}`: false,
		`{"url":"a","n":"2"}`: false, `{"url":"a","n":null}`: false, `{"url":"a","ok":0}`: false, `{"n":2}`: false, `{"url":"a","more":1}`: false,
		`{"url":"a","url":"a"}`: false, `{"url":"a"} {}`: false, `{"url":"a"`: false, "{\"url\":\"\xff\"}": false, `["url"]`: false, ``: false,
	} {
		if got := fastOf(loadSchema(t, link)).accepts([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestFastPathKnowsOnlyPlainSchemas(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"type":"number"}`, `{"type":"string","pattern":"a"}`, `{"type":"string","format":"date"}`, `{"type":"integer","format":"int32"}`,
		`{"type":"integer","multipleOf":2}`, `{"type":"integer","enum":[1]}`, `{"type":"boolean","enum":[true]}`, `{"type":"array"}`,
		`{"type":"object","minProperties":1}`, `{"type":"object","maxProperties":1}`, `{"type":"object","additionalProperties":{"type":"string"}}`,
		`{"type":"object","properties":{"a":{"type":"number"}}}`, `{"type":"string","readOnly":true}`, `{"type":"string","writeOnly":true}`,
		`{"type":"string","allOf":[{"maxLength":1}]}`, `{"type":"string","anyOf":[{"maxLength":1}]}`, `{"type":"string","oneOf":[{"maxLength":1}]}`,
		`{"type":"string","not":{"maxLength":1}}`, `{"type":"object","discriminator":{"propertyName":"a"}}`,
		`{"type":"integer","exclusiveMinimum":1}`, `{"type":"integer","exclusiveMaximum":1}`,
	} {
		if fastOf(loadSchema(t, text)) != nil {
			t.Errorf("%s has a fast path", text)
		}
	}
	recursive := openapi3.NewObjectSchema()
	recursive.Properties = openapi3.Schemas{"self": recursive.NewRef()}
	if fastOf(recursive) != nil {
		t.Error("a schema that contains itself has a fast path")
	}
}

// TestFastPathEqualsPlainPath compares the two on random schemas and texts: the plain path allows every text that the
// fast path accepts.
func TestFastPathEqualsPlainPath(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	accepted, equal := 0, 0
	for range 30_000 {
		s := loadSchema(t, randomSchema(random, 3))
		f := fastOf(s)
		if f == nil {
			t.Fatalf("no fast path: %+v", s)
		}
		text := randomText(random, s, 4)
		fast := f.accepts([]byte(text))
		_, valid := plainPath(t, s, text)
		if fast && !valid {
			encoded, _ := json.Marshal(s)
			t.Fatalf("%s\naccepts %s", encoded, text)
		}
		if fast {
			accepted++
		}
		if fast == valid {
			equal++
		}
	}
	if accepted < 5_000 || equal < 25_000 {
		t.Errorf("%d texts are accepted, and %d results are equal: too few", accepted, equal)
	}
}

// purchase has fields of all kinds that a plain schema generates.
type purchase struct {
	Amount int                   `json:"amount"`
	Small  int32                 `json:"small,omitempty"`
	Large  *int64                `json:"large,omitempty"`
	Note   string                `json:"note"`
	Kind   kind                  `json:"kind"`
	Sure   bool                  `json:"sure"`
	Shout  *shout                `json:"shout"`
	Inner  *struct{ Amount int } `json:"inner"`
}

type kind string

// shout has an encoding of its own.
type shout string

func (s *shout) UnmarshalText(text []byte) error {
	*s = shout(strings.ToUpper(string(text)))
	return nil
}

// TestFastBindEqualsPlainPath compares fastBind with runtime.BindJSONValue on random texts. Where fastBind fails, the
// Binder uses the other.
func TestFastBindEqualsPlainPath(t *testing.T) {
	t.Parallel()
	names := []string{"amount", "Amount", "small", "large", "note", "kind", "sure", "shout", "inner"}
	values := []string{`0`, `-0`, `1`, `2147483648`, `-9007199254740991`, `""`, `"a"`, `"\u0061"`, `"1"`, `true`, `false`, `{}`, `{"Amount":2,"amount":3}`}
	random := rand.New(rand.NewPCG(1, 2))
	bound := 0
	for range 20_000 {
		var members []string
		for _, name := range names {
			if random.IntN(4) == 0 {
				members = append(members, fmt.Sprintf("%q:%s", name, values[random.IntN(len(values))]))
			}
		}
		text := "{" + strings.Join(members, ",") + "}"
		got, want := purchase{Note: "before"}, purchase{Note: "before"}
		if !fastBind([]byte(text), &got) {
			continue
		}
		value, err := decode([]byte(text), nil)
		if err == nil {
			err = runtime.BindJSONValue(value, &want)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is bound as %+v, want %+v (%v)", text, got, want, err)
		}
		bound++
	}
	if bound < 1_000 {
		t.Errorf("%d texts are bound: too few", bound)
	}
}

// TestBinderFallsBackToThePlainPath has an accepted integer that does not fit the Go type.
func TestBinderFallsBackToThePlainPath(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", nil)
	r.Body = &decodedBody{text: []byte(`{"small":2147483648}`), unbindable: &Error{Status: 400}}
	var refused *Error
	err := Binder{}.Bind(new(purchase), echo.New().NewContext(r, httptest.NewRecorder()))
	if !errors.As(err, &refused) || refused.Cause == nil {
		t.Errorf("%v, want an *Error with a cause", err)
	}
}

func TestReusedRecordersAreEmpty(t *testing.T) {
	t.Parallel()
	for range 3 {
		r := newRecorder(httptest.NewRecorder(), nil)
		if r.status != 0 || r.mediaType != "" || r.body.Len() != 0 || len(r.header) != 0 || r.streaming {
			t.Fatalf("%+v is not empty", r)
		}
		r.header.Set("Content-Type", "application/json")
		if _, err := r.Write([]byte("{}")); err != nil {
			t.Error(err)
		}
		r.streaming = true
		r.release()
	}
}

func randomSchema(r *rand.Rand, depth int) string {
	kind := r.IntN(4)
	if depth == 0 {
		kind = r.IntN(3)
	}
	switch kind {
	case 0:
		return `{"type":"boolean"}`
	case 1:
		return fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d,"exclusiveMinimum":%v,"exclusiveMaximum":%v,"nullable":%v}`, r.IntN(4), 2+r.IntN(5), r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(4) == 0)
	case 2:
		return []string{`{"type":"string"}`, `{"type":"string","minLength":1,"maxLength":2}`, `{"type":"string","maxLength":1,"nullable":true}`}[r.IntN(3)]
	}
	required := []string{`[]`, `["a"]`, `["b"]`, `["a","b"]`}[r.IntN(4)]
	closed := []string{``, `"additionalProperties":false,`, `"additionalProperties":true,`}[r.IntN(3)]
	return fmt.Sprintf(`{"type":"object",%s"required":%s,"properties":{"a":%s,"b":%s}}`, closed, required, randomSchema(r, depth-1), randomSchema(r, depth-1))
}

// randomText is mostly a value of the schema's type.
func randomText(r *rand.Rand, s *openapi3.Schema, depth int) string {
	other := []string{`null`, `true`, `1.0`, `1e1`, `-0`, `9007199254740993`, `"\u0061"`, `"ä"`, `{}`, `[]`, `{"a":1,"a":1}`, `x`}
	if r.IntN(12) == 0 || depth == 0 {
		return other[r.IntN(len(other))]
	}
	switch {
	case s.Type.Is("boolean"):
		return []string{"true", "false"}[r.IntN(2)]
	case s.Type.Is("integer"):
		return fmt.Sprint(r.IntN(8))
	case s.Type.Is("string"):
		return []string{`""`, `"a"`, `"b"`, `"ab"`, `"abc"`}[r.IntN(5)]
	}
	var members []string
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(3) > 0 && (name != "c" || r.IntN(3) == 0) {
			value := "0"
			if p := s.Properties[name]; p != nil {
				value = randomText(r, p.Value, depth-1)
			}
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}
