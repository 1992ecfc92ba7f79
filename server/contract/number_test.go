package contract

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestCheckInteger(t *testing.T) {
	t.Parallel()
	bounded := openapi3.NewIntegerSchema().WithMin(15).WithMax(1800)
	free := openapi3.NewIntegerSchema()
	low := openapi3.NewIntegerSchema().WithMin(15)
	high := openapi3.NewIntegerSchema().WithMax(1800)
	small := openapi3.NewInt32Schema()
	three := openapi3.NewIntegerSchema()
	three.MultipleOf = openapi3.Ptr(3.0)
	one := openapi3.NewIntegerSchema().WithEnum(1.0)
	digits := strings.Repeat("9", 1<<20)
	for _, row := range []struct {
		schema        *openapi3.Schema
		literal, want string
	}{
		{bounded, "320", ""}, // and every other that a float64 holds: kin-openapi looks at its limits
		{bounded, "-9007199254740991", ""},
		{bounded, "9007199254740992", "maximum"},
		{bounded, "-9007199254740992", "minimum"},
		{bounded, digits, "maximum"},
		{bounded, "-" + digits, "minimum"},
		{bounded, "1.0", "type"},
		{bounded, "1e1", "type"},
		{bounded, "1E1", "type"},
		{low, "9223372036854775807", ""},
		{low, "9223372036854775808", "type"},
		{low, "-9223372036854775809", "minimum"},
		{high, "-9223372036854775808", ""},
		{high, "-9223372036854775809", "type"},
		{high, digits, "maximum"},
		{free, "9007199254740993", ""},
		{free, digits, "type"},
		{free, "-" + digits, "type"},
		{small, "9007199254740993", "type"},
		{three, "9007199254740993", ""},
		{three, "9007199254740994", "multipleOf"},
		{one, "9007199254740993", "enum"},
	} {
		if got := checkInteger(row.schema, row.literal); got != row.want {
			t.Errorf("%.30s: %q, want %q", row.literal, got, row.want)
		}
	}
}

// BenchmarkLongInteger shows that what an integer costs does not grow with its length beyond what
// reading it costs.
func BenchmarkLongInteger(b *testing.B) {
	schema := openapi3.NewIntegerSchema().WithMin(15).WithMax(1800)
	literal := strings.Repeat("9", 1<<20)
	for b.Loop() {
		if checkInteger(schema, literal) != "maximum" {
			b.Fatal("it is in its limits")
		}
	}
}
