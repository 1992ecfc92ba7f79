package checkout

import (
	"mime"
	"strconv"
	"strings"
)

// prefersJSON reports whether the values of a request's Accept headers (RFC 9110, section 12.5.1)
// prefer application/json to text/html. Of two that are wanted alike it is the one that is named
// more exactly, so that "application/json, */*" is JSON; of two that are named alike, and when
// nothing or neither of them is asked for, it is the page: a link is for people first, and a
// program that wants JSON can say so. Parameters other than q make no difference.
func prefersJSON(accept []string) bool {
	var page, json preference
	for _, element := range strings.Split(strings.Join(accept, ","), ",") {
		media, parameters, err := mime.ParseMediaType(element)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, ok := parameters["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) { // NaN too
				continue
			}
		}
		page.consider(media, "text", "text/html", quality)
		json.consider(media, "application", "application/json", quality)
	}
	if json.quality != page.quality {
		return json.quality > page.quality
	}
	return json.quality > 0 && json.exactness > page.exactness
}

// preference is how much a media type is wanted, by the most exact range that names it.
type preference struct {
	quality   float64
	exactness int
}

func (p *preference) consider(element, family, media string, quality float64) {
	exactness := 0
	switch element {
	case "*/*":
		exactness = 1
	case family + "/*":
		exactness = 2
	case media:
		exactness = 3
	}
	if exactness > p.exactness {
		p.quality, p.exactness = quality, exactness
	}
}
