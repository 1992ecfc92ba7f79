package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

func schemaOf(t testing.TB, text string) *openapi3.Schema {
	t.Helper()
	s := new(openapi3.Schema)
	if err := json.Unmarshal([]byte(text), s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func glanceOf(s *openapi3.Schema) *glance { return compileGlance(s, map[*openapi3.Schema]*glance{}) }

func decoderOf(text string) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBufferString(text))
}

// judge is what decides where a glance is not sure. It also returns whether the glance is sure of the value.
func judge(t testing.TB, s *openapi3.Schema, text string) (right, sure bool) {
	t.Helper()
	c, err := compileChecker(s, "here", openapi3.VisitAsResponse())
	if err != nil {
		t.Fatal(err)
	}
	value, err := decode(decoderOf(text), c.names, nil)
	if err != nil {
		return false, false
	}
	sure = c.glance.holds(value)
	c.glance = nil
	f, err := c.find(value)
	return f == nil && err == nil, sure
}

// TestGlance has answers that are seen to be right, and ones that only the judge may decide.
func TestGlance(t *testing.T) {
	t.Parallel()
	const link = `{"type":"object","additionalProperties":false,"required":["url"],"properties":{"url":{"type":"string","format":"uri","minLength":1,"maxLength":9},"n":{"type":"integer","minimum":2,"maximum":9,"exclusiveMaximum":true},"ok":{"type":"boolean"}}}`
	const list = `{"type":"array","minItems":1,"maxItems":2,"items":{"type":"string","enum":["a","b"]}}`
	for _, row := range []struct {
		schema, text string
		want         bool
	}{
		{link, `{"url":"http://x"}`, true},
		{link, ` {"ok":false, "url":"x", "n":8}` + "\n", true},
		{link, `{"n":2,"url":"123456789","ok":true}`, true},
		{link, `{"url":""}`, false},
		{link, `{"url":"1234567890"}`, false},
		{link, `{"url":"ä"}`, false},       // the judge counts its characters
		{link, `{"url":"\u0061"}`, false},  // and resolves its escapes
		{link, `{"\u0075rl":"a"}`, false},  // in a name, too
		{link, `{"url":"a","n":9}`, false}, // the limit is exclusive
		{link, `{"url":"a","n":1}`, false},
		{link, `{"url":"a","n":2.0}`, false},
		{link, `{"url":"a","n":90071992547409910}`, false},
		{link, `{"url":"a","n":"2"}`, false},
		{link, `{"url":"a","n":null}`, false},
		{link, `{"url":"a","ok":0}`, false},
		{link, `{"n":2}`, false},
		{link, `{"url":"a","more":1}`, false},
		{link, `{"url":"a","url":"a"}`, false},
		{link, `{"url":"a"} {}`, false},
		{link, `{"url":"a"`, false},
		{link, "{\"url\":\"\xff\"}", false},
		{link, `["url"]`, false},
		{link, ``, false},
		{list, `["a","b"]`, true},
		{list, `[]`, false},
		{list, `["a","b","a"]`, false},
		{list, `["c"]`, false},
		{list, `["a"`, false},
		{`{"type":"object","properties":{"a":{"type":"array"}}}`, `{"a":[{"x":1},null],"b":` + strings.Repeat("[", 90) + strings.Repeat("]", 90) + `}`, true},
		{`{"type":"object"}`, `{"b":` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + `}`, false},
		{`{"type":"array"}`, strings.Repeat("[", 101) + strings.Repeat("]", 101), false},
	} {
		g := glanceOf(schemaOf(t, row.schema))
		if g == nil {
			t.Fatalf("%s: no glance", row.schema)
		}
		if got := g.accepts(decoderOf(row.text)); got != row.want {
			t.Errorf("%s of %.40q: %v", row.schema, row.text, got)
		}
	}
}

// TestGlanceKnowsItsLimits has schemas that only the judge knows.
func TestGlanceKnowsItsLimits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"type":"number"}`, `{"type":"string","pattern":"a"}`, `{"type":"string","format":"date"}`, `{"type":"integer","format":"int32"}`,
		`{"type":"integer","multipleOf":2}`, `{"type":"integer","enum":[1]}`, `{"type":"boolean","enum":[true]}`, `{"type":"array","uniqueItems":true}`,
		`{"type":"array","items":{"type":"number"}}`, `{"type":"object","minProperties":1}`, `{"type":"object","maxProperties":1}`,
		`{"type":"object","additionalProperties":{"type":"string"}}`, `{"type":"object","properties":{"a":{"type":"number"}}}`,
		`{"type":"object","required":["a"]}`, `{"type":"string","readOnly":true}`, `{"type":"string","writeOnly":true}`,
		`{"type":"string","allOf":[{"maxLength":1}]}`, `{"type":"string","anyOf":[{"maxLength":1}]}`, `{"type":"string","oneOf":[{"maxLength":1}]}`,
		`{"type":"string","not":{"maxLength":1}}`, `{"type":"object","discriminator":{"propertyName":"a"}}`,
		`{"type":"integer","exclusiveMinimum":1}`, `{"type":"integer","exclusiveMaximum":1}`,
	} {
		if g := glanceOf(schemaOf(t, text)); g != nil {
			t.Errorf("%s has a glance", text)
		}
	}
	whole := openapi3.NewObjectSchema()
	whole.Properties = openapi3.Schemas{"self": whole.NewRef()}
	if glanceOf(whole) != nil {
		t.Error("a schema that holds itself has a glance")
	}
}

// TestGlanceSeesNoMore has many schemas and texts: what a glance accepts, the judge does.
func TestGlanceSeesNoMore(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	accepted, accurate := 0, 0
	for range 30_000 {
		s := schemaOf(t, anySchema(random, 3))
		g := glanceOf(s)
		if g == nil {
			t.Fatalf("no glance: %+v", s)
		}
		text := anyText(random, s, 4)
		sure := g.accepts(decoderOf(text))
		right, holds := judge(t, s, text)
		if (sure || holds) && !right {
			encoded, _ := json.Marshal(s)
			t.Fatalf("%s\naccepts %s: %v, its value: %v", encoded, text, sure, holds)
		}
		if sure && holds {
			accepted++
		}
		if sure == right && holds == right {
			accurate++
		}
	}
	if accepted < 5_000 || accurate < 25_000 {
		t.Errorf("%d texts were accepted, and %d times glance and judge were of one mind: too few to tell", accepted, accurate)
	}
}

func anySchema(r *rand.Rand, depth int) string {
	kind := r.IntN(5)
	if depth == 0 {
		kind = r.IntN(3)
	}
	switch kind {
	case 0:
		return `{"type":"boolean"}`
	case 1:
		return fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d,"exclusiveMinimum":%v,"exclusiveMaximum":%v,"nullable":%v}`, r.IntN(4), 2+r.IntN(5), r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(4) == 0)
	case 2:
		return []string{`{"type":"string"}`, `{"type":"string","enum":["a","b",""]}`, `{"type":"string","minLength":1,"maxLength":2}`, `{"type":"string","maxLength":1,"nullable":true}`}[r.IntN(4)]
	case 3:
		return fmt.Sprintf(`{"type":"array","minItems":%d,"maxItems":%d,"items":%s}`, r.IntN(2), 1+r.IntN(3), anySchema(r, depth-1))
	}
	required := []string{`[]`, `["a"]`, `["b"]`, `["a","b"]`}[r.IntN(4)]
	closed := []string{``, `"additionalProperties":false,`, `"additionalProperties":true,`}[r.IntN(3)]
	return fmt.Sprintf(`{"type":"object",%s"required":%s,"properties":{"a":%s,"b":%s}}`, closed, required, anySchema(r, depth-1), anySchema(r, depth-1))
}

// anyText is mostly a value of the schema, and now and then something else.
func anyText(r *rand.Rand, s *openapi3.Schema, depth int) string {
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
	case s.Type.Is("array"):
		var items []string
		for range r.IntN(4) {
			items = append(items, anyText(r, s.Items.Value, depth-1))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	var members []string
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(3) > 0 && (name != "c" || r.IntN(3) == 0) {
			value := "0"
			if p := s.Properties[name]; p != nil {
				value = anyText(r, p.Value, depth-1)
			}
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}
