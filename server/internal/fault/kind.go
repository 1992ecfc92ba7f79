package fault

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is the effect of a fault on a request.
type Kind string

// The kinds of faults.
const (
	KindStatus      Kind = "status"
	KindDelay       Kind = "delay"
	KindResetBefore Kind = "reset_before"
	KindResetAfter  Kind = "reset_after"
	KindCutBody     Kind = "cut_body"
	KindHTML        Kind = "html"
	KindHTMLAfter   Kind = "html_after"
	KindUnknownCode Kind = "unknown_code"
)

// kinds describes all kinds of faults.
var kinds = map[Kind]struct {
	status     int    // the default status of the response; 0 if the kind has no status
	retryAfter bool   // whether the kind has a Retry-After
	code       bool   // whether the kind has an error code
	effect     string // the text of Fault.Description
}{
	KindStatus:      {status: 503, retryAfter: true, effect: "the response was {status}, and nothing was bought"},
	KindDelay:       {effect: "the request was processed as usual"},
	KindResetBefore: {effect: "the connection was reset, and nothing was bought"},
	KindResetAfter:  {effect: "the request was processed, and the connection was reset instead of a response"},
	KindCutBody:     {effect: "the request was processed, and the response body was cut"},
	KindHTML:        {status: 502, retryAfter: true, effect: "the response was {status} with an HTML page, and nothing was bought"},
	KindHTMLAfter:   {effect: "the request was processed, and the response body was replaced by an HTML page"},
	KindUnknownCode: {status: 400, code: true, effect: "the response had the error code {code}, which is not in the document, and nothing was bought"},
}

// defaultCode is the error code of a KindUnknownCode fault without one.
const defaultCode = "sandbox_unknown_code"

// complete sets the defaults of a fault. It returns an *InvalidError for a field that has no effect on
// the kind, since the caller expects an effect.
func (f *Fault) complete() error {
	kind, ok := kinds[f.Kind]
	unused := func(field string) error {
		return &InvalidError{fmt.Sprintf("A fault of the kind %s has no %s.", f.Kind, field)}
	}
	switch {
	case !ok:
		return &InvalidError{fmt.Sprintf("The kind of fault %q does not exist.", f.Kind)}
	case f.Status != 0 && kind.status == 0:
		return unused("status")
	case f.RetryAfter != 0 && !kind.retryAfter:
		return unused("retry_after")
	case f.Code != "" && !kind.code:
		return unused("code")
	case f.Kind == KindDelay && f.Delay == 0:
		return &InvalidError{"A fault of the kind delay needs delay_ms."}
	}
	if f.Status == 0 {
		f.Status = kind.status
	}
	if f.Code == "" && kind.code {
		f.Code = defaultCode
	}
	return nil
}

// Description describes the effect of the fault on a request in a sentence.
func (f Fault) Description() string {
	delay := ""
	if f.Delay > 0 {
		delay = fmt.Sprintf("after a delay of %d ms, ", f.Delay/time.Millisecond)
	}
	effect := strings.NewReplacer("{status}", strconv.Itoa(f.Status), "{code}", f.Code).Replace(kinds[f.Kind].effect)
	return "Fault " + f.ID + " acted on the request: " + delay + effect + "."
}
