package contract

import (
	"strconv"
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
		{bounded, "15", ""},
		{bounded, "1800", ""},
		{bounded, "14", "minimum"},
		{bounded, "1801", "maximum"},
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
		{openapi3.NewInt32Schema().WithMax(9), "3000000000", ""}, // kin-openapi looks at the format first
		{three, "9007199254740993", ""},
		{three, "9007199254740994", "multipleOf"},
		{one, "9007199254740993", "enum"},
	} {
		if got := checkInteger(row.schema, row.literal); got != row.want {
			t.Errorf("%.30s: %q, want %q", row.literal, got, row.want)
		}
	}
}

// TestLimitsAreKinOpenAPIs compares integers with limits of all kinds, as kin-openapi does.
func TestLimitsAreKinOpenAPIs(t *testing.T) {
	t.Parallel()
	for _, limits := range []string{
		`"minimum":2,"maximum":5`, `"minimum":2`, `"maximum":5`, `"minimum":-1,"maximum":-1`, `"minimum":1.5,"maximum":4.5`,
		`"minimum":2,"maximum":5,"enum":[1,3]`, `"minimum":2,"maximum":5,"format":"int32"`, `"minimum":2,"multipleOf":3`, `"nullable":true`,
	} {
		for _, exclusive := range []string{``, `,"exclusiveMinimum":true`, `,"exclusiveMaximum":true`, `,"exclusiveMinimum":true,"exclusiveMaximum":true`} {
			s := schemaOf(t, `{"type":"integer",`+limits+exclusive+`}`)
			for n := -3; n < 9; n++ {
				want := ""
				if f := fromSchemaError(s.VisitJSON(float64(n))); f != nil {
					want = f.keyword
				}
				got := checkInteger(s, strconv.Itoa(n))
				if leaves := len(s.Enum) > 0 || s.Format != "" || want == "multipleOf"; got != want && (!leaves || got != "") {
					t.Errorf("%s%s: %d fails %q, of kin-openapi's %q", limits, exclusive, n, got, want)
				}
			}
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
