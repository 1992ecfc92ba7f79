package fault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/fault"
)

func TestAddSetsDefaults(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ given, want fault.Fault }{
		{fault.Fault{Kind: fault.KindStatus}, fault.Fault{Kind: fault.KindStatus, Status: 503}},
		{fault.Fault{Kind: fault.KindStatus, Status: 400}, fault.Fault{Kind: fault.KindStatus, Status: 400}},
		{fault.Fault{Kind: fault.KindStatus, RetryAfter: 7, Delay: time.Second, Times: 1, Every: 2, Account: "a"}, fault.Fault{Kind: fault.KindStatus, Status: 503, RetryAfter: 7, Delay: time.Second, Times: 1, Every: 2, Account: "a"}},
		{fault.Fault{Kind: fault.KindHTML}, fault.Fault{Kind: fault.KindHTML, Status: 502}},
		{fault.Fault{Kind: fault.KindHTML, Status: 504, RetryAfter: 1}, fault.Fault{Kind: fault.KindHTML, Status: 504, RetryAfter: 1}},
		{fault.Fault{Kind: fault.KindUnknownCode}, fault.Fault{Kind: fault.KindUnknownCode, Status: 400, Code: "sandbox_unknown_code"}},
		{fault.Fault{Kind: fault.KindUnknownCode, Status: 401, Code: "x"}, fault.Fault{Kind: fault.KindUnknownCode, Status: 401, Code: "x"}},
		{fault.Fault{Kind: fault.KindDelay, Delay: 1}, fault.Fault{Kind: fault.KindDelay, Delay: 1}},
		{fault.Fault{Kind: fault.KindResetBefore}, fault.Fault{Kind: fault.KindResetBefore}},
		{fault.Fault{Kind: fault.KindResetAfter, Delay: 5}, fault.Fault{Kind: fault.KindResetAfter, Delay: 5}},
		{fault.Fault{Kind: fault.KindCutBody}, fault.Fault{Kind: fault.KindCutBody}},
		{fault.Fault{Kind: fault.KindHTMLAfter, ID: "77", Matched: 7, Acted: 7}, fault.Fault{Kind: fault.KindHTMLAfter}}, // the List sets these
	} {
		row.want.ID = "1"
		l := fault.New()
		got, err := l.Add(row.given)
		if err != nil || got != row.want || !slices.Equal(l.All(), []fault.Fault{row.want}) {
			t.Errorf("%+v: %+v, %v", row.given, got, err)
		}
		l.All()[0].Times = 7 // All returns a copy
		if f := l.All()[0]; f != row.want {
			t.Errorf("the fault in the List was changed to %+v", f)
		}
	}
}

func TestAddRejectsInvalidFaults(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault  fault.Fault
		reason string
	}{
		{fault.Fault{}, `""`},
		{fault.Fault{Kind: "nonsense"}, `"nonsense"`},
		{fault.Fault{Kind: "STATUS"}, `"STATUS"`},
		{fault.Fault{Kind: fault.KindDelay}, "needs delay_ms"},
		{fault.Fault{Kind: fault.KindUnknownCode, RetryAfter: 1}, "has no retry_after"},
		{fault.Fault{Kind: fault.KindStatus, Code: "x"}, "has no code"},
		{fault.Fault{Kind: fault.KindHTML, Code: "x"}, "has no code"},
		{fault.Fault{Kind: fault.KindDelay, Delay: 1, Status: 503}, "has no status"},
		{fault.Fault{Kind: fault.KindDelay, Delay: 1, RetryAfter: 1}, "has no retry_after"},
		{fault.Fault{Kind: fault.KindResetBefore, Status: 503}, "has no status"},
		{fault.Fault{Kind: fault.KindResetAfter, Status: 503}, "has no status"},
		{fault.Fault{Kind: fault.KindResetAfter, RetryAfter: 1}, "has no retry_after"},
		{fault.Fault{Kind: fault.KindCutBody, Status: 503}, "has no status"},
		{fault.Fault{Kind: fault.KindHTMLAfter, Status: 503}, "has no status"},
		{fault.Fault{Kind: fault.KindHTMLAfter, Code: "x"}, "has no code"},
	} {
		l := fault.New()
		_, err := l.Add(row.fault)
		var invalid *fault.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, row.reason) || !strings.HasSuffix(invalid.Error(), ".") || len(l.All()) != 0 {
			t.Errorf("%+v: %v, want %s", row.fault, err, row.reason)
		}
	}
}

func TestListIsBounded(t *testing.T) {
	t.Parallel()
	l := fault.New()
	for range 1000 {
		if _, err := l.Add(fault.Fault{Kind: fault.KindStatus, Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	var invalid *fault.InvalidError
	if _, err := l.Add(fault.Fault{Kind: fault.KindStatus}); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "too many") {
		t.Error(err)
	}
	l.Remove("1")
	if added, err := l.Add(fault.Fault{Kind: fault.KindStatus}); err != nil || added.ID != "1001" {
		t.Errorf("%+v, %v", added, err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	always := fault.Fault{Kind: fault.KindStatus}
	a := newAPI(t, always, always, always)
	if got := a.send("a"); got != "1" {
		t.Error(got)
	}
	for id, want := range map[string]bool{"1": true, "4": false, "": false, "x": false} {
		if got := a.faults.Remove(id); got != want {
			t.Errorf("removed %q: %v", id, got)
		}
	}
	if a.faults.Remove("1") || a.send("a a") != "2 2" || a.counts() != "2/2 0/0" {
		t.Errorf("without the first fault: %s", a.counts())
	}
	a.faults.Clear()
	if len(a.faults.All()) != 0 || a.send("a") != "-" {
		t.Error("Clear left a fault")
	}
	if added, err := a.faults.Add(always); err != nil || added.ID != "4" {
		t.Errorf("the fault after Clear: %+v, %v", added, err)
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range []fault.Kind{
		fault.KindStatus, fault.KindDelay, fault.KindResetBefore, fault.KindResetAfter, fault.KindCutBody, fault.KindHTML, fault.KindHTMLAfter, fault.KindUnknownCode,
	} {
		f := fault.Fault{ID: "7", Kind: kind, Status: 418, Delay: 99 * time.Millisecond, Code: "a_code"}
		text := f.Description()
		if !strings.HasPrefix(text, "Fault 7 acted on the request: after a delay of 99 ms, the ") || !strings.HasSuffix(text, ".") || seen[text] {
			t.Errorf("%s: %s", kind, text)
		}
		for value, kinds := range map[string]string{"418": "status html", "a_code": "unknown_code"} {
			if want := slices.Contains(strings.Fields(kinds), string(kind)); strings.Contains(text, value) != want {
				t.Errorf("%s: %s", kind, text)
			}
		}
		seen[text] = true
	}
}

// counts returns how often each fault acted, and how many requests matched it.
func (a *api) counts() string {
	var all []string
	for _, f := range a.faults.All() {
		all = append(all, fmt.Sprintf("%d/%d", f.Acted, f.Matched))
	}
	return strings.Join(all, " ")
}
