// Package fault makes a sandbox's API fail on demand, in the same way each time: faults are counted,
// and what they do depends on nothing but the requests that come.
package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/gen/control"
)

// List is the faults of a sandbox, in the order in which they were added. It is safe for concurrent
// use.
type List struct {
	schema  *openapi3.Schema
	hurry   func()
	hurried <-chan struct{}
	lock    sync.Mutex
	last    int
	faults  []control.Fault
}

// New returns an empty List of faults that satisfy the schema, which is the document's.
func New(schema *openapi3.Schema) *List {
	hurried := make(chan struct{})
	return &List{schema: schema, hurry: sync.OnceFunc(func() { close(hurried) }), hurried: hurried}
}

// maxFaults is how many there may be at a time. A request is shown to each.
const maxFaults = 1000

// InvalidError is a fault that cannot be.
type InvalidError struct{ Reason string }

// Error says what is wrong with the fault.
func (e *InvalidError) Error() string { return e.Reason }

// Add checks a fault, fills in what it leaves open, and adds it. It returns the fault as it was added,
// and fails with an *InvalidError for one that makes no sense.
func (l *List) Add(fault control.Fault) (control.Fault, error) {
	if err := complete(&fault); err != nil {
		return control.Fault{}, err
	}
	if err := l.fits(fault); err != nil {
		return control.Fault{}, err
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if len(l.faults) >= maxFaults {
		return control.Fault{}, &InvalidError{"There are too many faults. Remove those that are spent."}
	}
	l.last++
	fault.ID, fault.Matched, fault.Acted = strconv.Itoa(l.last), 0, 0
	l.faults = append(l.faults, fault)
	return fault, nil
}

// All returns the faults, also those that are spent.
func (l *List) All() []control.Fault {
	l.lock.Lock()
	defer l.lock.Unlock()
	return append([]control.Fault{}, l.faults...)
}

// Remove removes the fault with an ID, and reports whether there was one.
func (l *List) Remove(id string) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	before := len(l.faults)
	l.faults = slices.DeleteFunc(l.faults, func(f control.Fault) bool { return f.ID == id })
	return len(l.faults) < before
}

// Clear removes all faults. Their IDs are not given again.
func (l *List) Clear() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.faults = nil
}

// Hurry ends the delay of every request, of those that wait and of those that come.
func (l *List) Hurry() { l.hurry() }

func (l *List) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.hurried:
	}
}

// fits holds a fault against the document, as the contract does with one that comes by HTTP: the limits
// of its numbers stand there alone.
func (l *List) fits(fault control.Fault) error {
	text, err := json.Marshal(fault)
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	var wrong *openapi3.SchemaError
	switch err := l.schema.VisitJSON(value); {
	case errors.As(err, &wrong):
		return &InvalidError{fmt.Sprintf("The member %s does not fit: %s.", strings.Join(wrong.JSONPointer(), "/"), wrong.Reason)}
	case err != nil:
		return fmt.Errorf("fault: %w", err)
	}
	return nil
}

// due shows a request to the faults, and returns the one that acts on it. whose returns the ID of the
// account whose request it is; it is called when a fault is for one account only, and then once.
func (l *List) due(whose func() string) (control.Fault, bool) {
	// Who it is takes a question to the store, for which others should not wait.
	account := ""
	if l.personal() {
		account = whose()
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	for i := range l.faults {
		f := &l.faults[i]
		if f.Account != "" && f.Account != account || f.Times > 0 && f.Acted >= int64(f.Times) {
			continue
		}
		f.Matched++
		if f.Every > 0 && f.Matched%int64(f.Every) != 0 {
			continue
		}
		f.Acted++
		return *f, true
	}
	return control.Fault{}, false
}

// personal reports whether a fault is for one account only.
func (l *List) personal() bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	return slices.ContainsFunc(l.faults, func(f control.Fault) bool { return f.Account != "" })
}

// fields are the members of a fault that only some kinds have, and what else tells kinds apart.
var fields = map[control.FaultKind]struct {
	status     int // unless another is given; 0: has none
	retryAfter bool
	code       bool
	goesOn     bool // it lets the request take its way
}{
	control.FailStatus:      {status: 503, retryAfter: true},
	control.FailDelay:       {goesOn: true},
	control.FailResetBefore: {},
	control.FailResetAfter:  {goesOn: true},
	control.FailCutBody:     {goesOn: true},
	control.FailHTML:        {status: 502, retryAfter: true},
	control.FailHTMLAfter:   {goesOn: true},
	control.FailUnknownCode: {status: 400, code: true},
}

// unknownCode is the code of a fault that names none.
const unknownCode = "sandbox_unknown_code"

// complete fills in what a fault leaves open. A member that its kind does not have is refused: who
// wrote it expects something that would not happen.
func complete(f *control.Fault) error {
	has, ok := fields[f.Kind]
	refuse := func(member string) error {
		return &InvalidError{fmt.Sprintf("A fault of the kind %s has no %s.", f.Kind, member)}
	}
	switch {
	case !ok:
		return &InvalidError{fmt.Sprintf("There is no kind of fault %q.", f.Kind)}
	case f.Status != 0 && has.status == 0:
		return refuse("status")
	case f.RetryAfter != 0 && !has.retryAfter:
		return refuse("retry_after")
	case f.Code != "" && !has.code:
		return refuse("code")
	case f.Kind == control.FailDelay && f.DelayMs == 0:
		return &InvalidError{"A fault of the kind delay needs delay_ms."}
	}
	if f.Status == 0 {
		f.Status = has.status
	}
	if f.Code == "" && has.code {
		f.Code = unknownCode
	}
	return nil
}
