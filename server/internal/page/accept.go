package page

import (
	"mime"
	"slices"
	"strconv"
	"strings"
)

// Quality returns the quality, 0 to 1, that the values of an Accept or Accept-Encoding header (RFC 9110,
// section 12.5) give to a representation. ranges are the names that match the representation, the most
// specific first, such as "application/json", "application/*", "*/*": the quality of the most specific
// range in the header counts. rank is the index of that range, or len(ranges) if none is there. Other
// parameters than q are ignored, and so are elements with an invalid q.
func Quality(values []string, ranges ...string) (quality float64, rank int) {
	rank = len(ranges)
	for _, element := range strings.Split(strings.Join(values, ","), ",") {
		name, parameters, err := mime.ParseMediaType(element)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := parameters["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil || !(q >= 0 && q <= 1) { // NaN is invalid too
				continue
			}
		}
		if i := slices.Index(ranges, name); i >= 0 && i < rank {
			quality, rank = q, i
		}
	}
	return quality, rank
}
