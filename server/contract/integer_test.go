package contract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestIntegersAreComparedExactly has literals of up to a million digits.
func TestIntegersAreComparedExactly(t *testing.T) {
	t.Parallel()
	bounded := openapi3.NewIntegerSchema().WithMin(3).WithMax(700)
	free := openapi3.NewIntegerSchema()
	low := openapi3.NewIntegerSchema().WithMin(3)
	high := openapi3.NewIntegerSchema().WithMax(700)
	small := openapi3.NewInt32Schema()
	three := openapi3.NewIntegerSchema()
	three.MultipleOf = openapi3.Ptr(3.0)
	one := openapi3.NewIntegerSchema().WithEnum(1.0)
	digits := strings.Repeat("9", 1<<20)
	for _, row := range []struct {
		schema        *openapi3.Schema
		literal, want string
	}{
		{bounded, "3", ""},
		{bounded, "700", ""},
		{bounded, "2", "minimum"},
		{bounded, "701", "maximum"},
		{bounded, "-9007199254740991", "minimum"},
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
		{openapi3.NewInt32Schema().WithMax(9), "3000000000", "format"},
		{three, "9007199254740993", ""},
		{three, "9007199254740994", "multipleOf"},
		{one, "9007199254740993", "enum"},
	} {
		v, err := compileValidator(row.schema, "here", openapi3.VisitAsRequest())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if found, _ := v.validate(json.Number(row.literal)); found != nil {
			got = found.keyword
		}
		if got != row.want {
			t.Errorf("%.30s: %q, want %q", row.literal, got, row.want)
		}
	}
}
