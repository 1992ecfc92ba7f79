// Package fault makes the requests to an API fail on demand. Faults are deterministic: whether a fault
// acts on a request depends only on the number of requests that matched it before.
package fault

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault makes requests fail.
type Fault struct {
	ID         string // set by List.Add
	Kind       Kind
	Status     int           // the status of the response; 0 means the default of the kind
	RetryAfter int           // the Retry-After header of the response in seconds; 0 means no header
	Delay      time.Duration // the time before the request is processed
	Code       string        // the error code of the response; "" means the default of the kind
	Account    string        // the ID of the account whose requests match; "" means that all requests match
	Times      int           // how often the fault acts before it is used up; 0 means no limit
	Every      int           // the fault acts on every nth matching request; 0 means on each
	Matched    int64         // the number of requests that matched
	Acted      int64         // the number of requests on which the fault acted
}

// InvalidError reports a fault that cannot be added to a List. Its reason is a sentence for the caller.
type InvalidError struct{ Reason string }

// Error returns the reason.
func (e *InvalidError) Error() string { return e.Reason }

// maxFaults is the maximum number of faults in a List: each request is matched against all of them.
const maxFaults = 1000

// List is the faults of an API, in the order in which they were added. It is safe for concurrent use.
type List struct {
	stop    sync.Once
	stopped chan struct{} // closed by StopDelays
	lock    sync.Mutex
	lastID  int
	faults  []Fault
	// connections are the open TCP connections of the server, by the address of the client. A handler cannot get its
	// TCP connection from net/http if a listener such as netutil.LimitListener wraps it.
	connections sync.Map
}

// New returns an empty List.
func New() *List { return &List{stopped: make(chan struct{})} }

// Add adds a fault and returns it with its ID and its defaults. It returns an *InvalidError for a fault
// of an unknown kind, for a field that has no effect on the kind, and when the List is full.
func (l *List) Add(fault Fault) (Fault, error) {
	if err := fault.complete(); err != nil {
		return Fault{}, err
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if len(l.faults) >= maxFaults {
		return Fault{}, &InvalidError{"There are too many faults. Remove faults that are used up."}
	}
	l.lastID++
	fault.ID, fault.Matched, fault.Acted = strconv.Itoa(l.lastID), 0, 0
	l.faults = append(l.faults, fault)
	return fault, nil
}

// All returns a copy of all faults, including those that are used up.
func (l *List) All() []Fault {
	l.lock.Lock()
	defer l.lock.Unlock()
	return slices.Clone(l.faults)
}

// Remove removes the fault with an ID, and reports whether it existed.
func (l *List) Remove(id string) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	before := len(l.faults)
	l.faults = slices.DeleteFunc(l.faults, func(f Fault) bool { return f.ID == id })
	return len(l.faults) < before
}

// Clear removes all faults. Their IDs are not used again.
func (l *List) Clear() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.faults = nil
}

// StopDelays ends all current delays, and all later ones at once.
func (l *List) StopDelays() { l.stop.Do(func() { close(l.stopped) }) }

func (l *List) empty() bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	return len(l.faults) == 0
}

// match counts a request of an account and returns the first fault that acts on it.
func (l *List) match(account string) (fault Fault, acts bool) {
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
	return Fault{}, false
}
