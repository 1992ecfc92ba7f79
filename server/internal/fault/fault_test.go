package fault

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
)

// newList returns an empty List of the document's faults.
func newList(t testing.TB, faults ...control.Fault) *List {
	t.Helper()
	document, err := api.LoadSandbox()
	if err != nil {
		t.Fatal(err)
	}
	l := New(document.Components.Schemas["Fault"].Value)
	for i, fault := range faults {
		added, err := l.Add(fault)
		if err != nil || added.ID != fmt.Sprint(i+1) {
			t.Fatalf("%+v: %+v, %v", fault, added, err)
		}
	}
	return l
}

// show shows requests of accounts to a list, and returns the ids of the faults that act, "-" for none.
func show(l *List, accounts string) string {
	var acted []string
	for account := range strings.SplitSeq(accounts, " ") {
		id := "-"
		if fault, ok := l.due(func() string { return account }); ok {
			id = fault.ID
		}
		acted = append(acted, id)
	}
	return strings.Join(acted, " ")
}

// counts are how many requests each fault has seen, and acted on.
func counts(l *List) string {
	var all []string
	for _, f := range l.All() {
		all = append(all, fmt.Sprintf("%d/%d", f.Acted, f.Matched))
	}
	return strings.Join(all, " ")
}

func TestCounting(t *testing.T) {
	t.Parallel()
	always := control.Fault{Kind: control.FailStatus}
	once := control.Fault{Kind: control.FailStatus, Times: 1}
	twice := control.Fault{Kind: control.FailStatus, Times: 2}
	third := control.Fault{Kind: control.FailStatus, Every: 3}
	second := control.Fault{Kind: control.FailStatus, Every: 2}
	secondTwice := control.Fault{Kind: control.FailStatus, Every: 2, Times: 2}
	each := control.Fault{Kind: control.FailStatus, Every: 1}
	of := func(account string, fault control.Fault) control.Fault {
		fault.Account = account
		return fault
	}
	for name, row := range map[string]struct {
		faults           []control.Fault
		shown, acted, is string
	}{
		"none":                         {nil, "a b", "- -", ""},
		"until removed":                {[]control.Fault{always}, "a b a b a", "1 1 1 1 1", "5/5"},
		"the next one":                 {[]control.Fault{once}, "a a a", "1 - -", "1/1"},
		"the next two":                 {[]control.Fault{twice}, "a b a", "1 1 -", "2/2"},
		"every":                        {[]control.Fault{each}, "a a", "1 1", "2/2"},
		"every third":                  {[]control.Fault{third}, "a b a a a a a", "- - 1 - - 1 -", "2/7"},
		"every second, twice":          {[]control.Fault{secondTwice}, "a a a a a a", "- 1 - 1 - -", "2/4"},
		"of one account":               {[]control.Fault{of("b", always)}, "a b  b", "- 1 - 1", "2/2"},
		"the next two of one":          {[]control.Fault{of("b", twice)}, "a b a b b", "- 1 - 1 -", "2/2"},
		"every second of one":          {[]control.Fault{of("b", second)}, "b a b a b b", "- - 1 - - 1", "2/4"},
		"of nobody":                    {[]control.Fault{of("c", always)}, "a b ", "- - -", "0/0"},
		"the first acts":               {[]control.Fault{always, always}, "a a", "1 1", "2/2 0/0"},
		"one after another":            {[]control.Fault{once, once, once}, "a a a a", "1 2 3 -", "1/1 1/1 1/1"},
		"who does not act lets others": {[]control.Fault{second, always}, "a a a a", "2 1 2 1", "2/4 2/2"},
		"what acted is not seen":       {[]control.Fault{second, second}, "a a a a a a", "- 1 2 1 - 1", "3/6 1/3"},
		"of one, then of all":          {[]control.Fault{of("b", always), always}, "a b a b", "2 1 2 1", "2/2 2/2"},
		"of all, then of one":          {[]control.Fault{once, of("b", once)}, "a b b", "1 2 -", "1/1 1/1"},
		"spent ones do not see":        {[]control.Fault{once, third}, "a a a a a", "1 - - 2 -", "1/1 1/4"},
	} {
		l := newList(t, row.faults...)
		if acted := show(l, row.shown); acted != row.acted || counts(l) != row.is {
			t.Errorf("%s: %s acted, and have acted on and seen %s; want %s and %s", name, acted, counts(l), row.acted, row.is)
		}
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	always := control.Fault{Kind: control.FailStatus}
	l := newList(t, always, always, always)
	if acted := show(l, "a"); acted != "1" {
		t.Error(acted)
	}
	for id, want := range map[string]bool{"1": true, "4": false, "": false, "x": false} {
		if got := l.Remove(id); got != want {
			t.Errorf("%q was removed: %v", id, got)
		}
	}
	if l.Remove("1") || show(l, "a a") != "2 2" || counts(l) != "2/2 0/0" {
		t.Errorf("after the first is gone: %s", counts(l))
	}
	l.Clear()
	if len(l.All()) != 0 || show(l, "a") != "-" {
		t.Error("something is left")
	}
	if added, err := l.Add(always); err != nil || added.ID != "4" {
		t.Errorf("%+v, %v: an id was given again", added, err)
	}
}

// TestAllIsACopy changes the list that it got.
func TestAllIsACopy(t *testing.T) {
	t.Parallel()
	l := newList(t, control.Fault{Kind: control.FailStatus, Times: 1})
	l.All()[0].Times = 7
	if show(l, "a a") != "1 -" {
		t.Error("the list's fault was changed")
	}
}

// TestWhoIsAskedOnce asks for the account when there is a fault that is for one, and once a request.
func TestWhoIsAskedOnce(t *testing.T) {
	t.Parallel()
	always := control.Fault{Kind: control.FailStatus}
	of := control.Fault{Kind: control.FailStatus, Account: "b"}
	for name, row := range map[string]struct {
		faults []control.Fault
		want   int
	}{"none": {nil, 0}, "for all": {[]control.Fault{always}, 0}, "for one": {[]control.Fault{of}, 1}, "for several": {[]control.Fault{of, of, always}, 1}} {
		asked := 0
		newList(t, row.faults...).due(func() string { asked++; return "a" })
		if asked != row.want {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}

// TestConcurrentRequests shows a hundred requests at once: exactly as many are acted on as ever.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault control.Fault
		want  int64
	}{
		"next":            {control.Fault{Kind: control.FailStatus, Times: 7}, 7},
		"every":           {control.Fault{Kind: control.FailStatus, Every: 3}, 33},
		"every, next":     {control.Fault{Kind: control.FailStatus, Every: 3, Times: 5}, 5},
		"of one":          {control.Fault{Kind: control.FailStatus, Account: "a"}, 50},
		"of one, next":    {control.Fault{Kind: control.FailStatus, Account: "a", Times: 40}, 40},
		"more than come":  {control.Fault{Kind: control.FailStatus, Times: 1000}, 100},
		"of one, seventh": {control.Fault{Kind: control.FailStatus, Account: "b", Every: 7}, 7},
	} {
		l := newList(t, row.fault)
		var acted atomic.Int64
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if _, ok := l.due(func() string { return string(rune('a' + i%2)) }); ok {
					acted.Add(1)
				}
			})
		}
		wg.Wait()
		if got := acted.Load(); got != row.want || l.All()[0].Acted != row.want {
			t.Errorf("%s: %d of 100, want %d", name, got, row.want)
		}
	}
}

// TestConcurrentAdds gives each fault an id of its own.
func TestConcurrentAdds(t *testing.T) {
	t.Parallel()
	l := newList(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := l.Add(control.Fault{Kind: control.FailStatus}); err != nil {
				t.Error(err)
			}
			l.due(func() string { return "" })
		})
	}
	wg.Wait()
	var ids []string
	for _, f := range l.All() {
		ids = append(ids, f.ID)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 100 {
		t.Errorf("the ids are %v", ids)
	}
}

// TestHurry waits for what would take hours.
func TestHurry(t *testing.T) {
	t.Parallel()
	l := newList(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { l.wait(time.Hour) })
	}
	l.Hurry()
	l.Hurry()
	wg.Wait()
	l.wait(time.Hour)
}
