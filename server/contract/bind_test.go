package contract

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/oapi-codegen/runtime"
)

type plainOrder struct {
	Amount int    `json:"amount"`
	Small  int32  `json:"small,omitempty"`
	Large  int64  `json:"large"`
	Note   string `json:"note"`
	Sure   bool   `json:"sure"`
}

// shout is a string with an opinion of its own.
type shout string

func (s *shout) UnmarshalText(text []byte) error {
	*s = shout(strings.ToUpper(string(text)))
	return nil
}

// aside is a struct with one.
type aside struct {
	Amount int `json:"amount"`
}

func (a *aside) UnmarshalJSON([]byte) error {
	a.Amount = 7
	return nil
}

// TestPlainTypesBindAlike binds all kinds of values, and holds each that is bound to what
// runtime.BindJSONValue makes of it.
func TestPlainTypesBindAlike(t *testing.T) {
	t.Parallel()
	values := []any{
		nil, true, false, "", "1", "x", json.Number("0"), json.Number("-0"), json.Number("1"), json.Number("1.0"), json.Number("1e1"),
		json.Number("2147483648"), json.Number("-2147483649"), json.Number("9223372036854775807"), json.Number("9223372036854775808"),
		[]any{json.Number("1")}, map[string]any{"amount": json.Number("1")},
	}
	names := []string{"amount", "Amount", "small", "large", "note", "sure", "more"}
	p, bound := new(plainType), 0
	chance := rand.New(rand.NewPCG(1, 2)) // the same in each run
	for range 20_000 {
		members := map[string]any{}
		for range chance.IntN(5) {
			members[names[chance.IntN(len(names))]] = values[chance.IntN(len(values))]
		}
		var got, want plainOrder
		err := runtime.BindJSONValue(members, &want)
		switch {
		case !p.bind(members, &got):
			if got != (plainOrder{}) {
				t.Fatalf("%v left %+v behind", members, got)
			}
		case err != nil || got != want:
			t.Fatalf("%v was bound as %+v, not %+v (%v)", members, got, want, err)
		default:
			bound++
		}
	}
	if bound < 1000 {
		t.Errorf("only %d were bound", bound)
	}
}

// tagged returns a pointer to a struct of integers with these tags.
func tagged(tags ...reflect.StructTag) any {
	var fields []reflect.StructField
	for i, tag := range tags {
		fields = append(fields, reflect.StructField{Name: string(rune('A' + i)), Type: reflect.TypeFor[int](), Tag: tag})
	}
	return reflect.New(reflect.StructOf(fields)).Interface()
}

// TestPlainTypes has types that are left to runtime.BindJSONValue.
func TestPlainTypes(t *testing.T) {
	t.Parallel()
	one := json.Number("1")
	members := map[string]any{"amount": one, "a": one, "-": one, "note": "x"}
	for _, target := range []any{
		new(aside), new(int), new(map[string]any), new([]int), new(any),
		new(struct{ Amount int }),
		new(struct{ aside }),
		new(struct {
			Amount *int `json:"amount"`
		}),
		new(struct {
			Amount float64 `json:"amount"`
		}),
		new(struct {
			Amount uint8 `json:"amount"`
		}),
		new(struct {
			Note shout `json:"note"`
		}),
		new(struct {
			Amount json.Number `json:"amount"`
		}),
		new(struct {
			Amount json.RawMessage `json:"amount"`
		}),
		reflect.New(reflect.StructOf([]reflect.StructField{{Name: "amount", PkgPath: "elsewhere", Type: reflect.TypeFor[int](), Tag: `json:"amount"`}})).Interface(),
		tagged(`json:"amount,string"`), tagged(`json:"-"`), tagged(`json:"-,"`), tagged(`json:"a\"b"`), tagged(`json:""`),
		tagged(`json:"amount"`, `json:"amount"`),
		struct{}{}, (*plainOrder)(nil), nil,
	} {
		before := reflect.ValueOf(target)
		if new(plainType).bind(members, target) {
			t.Errorf("%v of %T was bound", before, target)
		}
	}
	p, order := new(plainType), plainOrder{Note: "kept"}
	if p.bind(members, &order) || order != (plainOrder{Note: "kept"}) {
		t.Errorf("what was there has become %+v", order)
	}
	if p.bind(members, &struct {
		Amount int `json:"amount"`
	}{}) {
		t.Error("a second type was bound")
	}
	if order = (plainOrder{}); !p.bind(members, &order) || order != (plainOrder{Amount: 1, Note: "x"}) {
		t.Errorf("bound %+v", order)
	}
}
