package client_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// TestFaults has a real sandbox fail in each way that it can. The same orders come to the same end
// in a second sandbox.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, row := range faultRows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, sandbox := range []string{"first", "second"} {
				t.Run(sandbox, func(t *testing.T) {
					t.Parallel()
					got, err := row.run(t)
					if !reflect.DeepEqual(got, row.want) {
						t.Errorf("came to\n%+v\nwant\n%+v", got, row.want)
					}
					if row.cause != nil && !errors.Is(err, row.cause) {
						t.Errorf("error %v: want %v in its chain", err, row.cause)
					}
				})
			}
		})
	}
}

// run orders as often as there are ends to an order in a fresh sandbox, and returns the last error.
func (row faultRow) run(t *testing.T) (faultOutcome, error) {
	t.Helper()
	box := sandboxtest.Start(t)
	for _, fault := range row.faults {
		box.Fail(fault)
	}
	var clock fakeClock
	c := newClient(t, box.URL, slices.Concat(box.Active, []client.Option{
		client.WithHTTPClient(nil), // the client's own, as shops have it
		clock.option(),
	}, row.opts)...)
	var got faultOutcome
	var err error
	for range row.want.orders {
		err = buy(t, c)
		got.orders = append(got.orders, ending(err))
	}
	for _, entry := range slices.Backward(journal(t, box, len(row.want.journal))) {
		reason, _, _ := strings.Cut(entry.Reason.Text, ". ") // What follows, for the reader, is the sandbox's to word.
		got.journal = append(got.journal, fmt.Sprintf("%d: %s.", entry.Status, strings.TrimSuffix(reason, ".")))
	}
	got.purchases = len(box.Purchases())
	for _, wait := range clock.waits {
		got.waits = append(got.waits, wait.Truncate(time.Second))
	}
	return got, err
}

// journal returns a sandbox's entries, newest first, once there are n of them: one whose client has
// gone comes late, and after its purchase.
func journal(t *testing.T, box *sandboxtest.Sandbox, n int) []control.JournalEntry {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		if entries := box.Journal(); len(entries) >= n {
			return entries
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d requests reached the sandbox: want %d", len(box.Journal()), n)
		}
	}
}

// ending says in words how an order ended.
func ending(err error) string {
	if err == nil {
		return sold
	}
	text := "nothing sent"
	unknown := errors.Is(err, client.ErrOutcomeUnknown)
	if e := (*client.Error)(nil); errors.As(err, &e) {
		text = strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + e.Code)
		if e.RetryAfter != 0 {
			text += ", retry after " + e.RetryAfter.String()
		}
	} else if unknown {
		text = "no answer"
	}
	if unknown {
		text += ", unknown"
	}
	return text
}

// TestEachKindOfFaultHasARow: a kind that the document gets needs one.
func TestEachKindOfFaultHasARow(t *testing.T) {
	t.Parallel()
	doc, err := api.LoadSandbox()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, row := range faultRows {
		for _, fault := range row.faults {
			seen[string(fault.Kind)] = true
		}
	}
	for _, kind := range doc.Components.Schemas["FaultKind"].Value.Enum {
		if !seen[kind] {
			t.Errorf("there is no row for %v", kind)
		}
	}
}

// TestErrorNamesItsJournalEntry: the error leads to the request in the sandbox.
func TestErrorNamesItsJournalEntry(t *testing.T) {
	t.Parallel()
	box := sandboxtest.Start(t)
	for _, fault := range []control.Fault{
		{Kind: control.FailStatus, Status: 500, Times: 1},
		{Kind: control.FailStatus, RetryAfter: 1, Times: 4}, // the first try and the three that follow
		{Kind: control.FailHTML, Times: 1},
		{Kind: control.FailUnknownCode, Times: 1},
		{Kind: control.FailHTMLAfter, Times: 1},
		{Kind: control.FailCutBody, Times: 1},
	} {
		remove := box.Fail(fault)
		var clock fakeClock
		var e *client.Error
		if err := buy(t, newClient(t, box.URL, slices.Concat(box.Active, []client.Option{clock.option()})...)); !errors.As(err, &e) {
			t.Errorf("%s: error %v: want a *client.Error", fault.Kind, err)
			continue
		}
		entry := box.Journal()[0]
		if e.RequestID == "" || e.RequestID != entry.RequestID || e.StatusCode != entry.Status || !strings.HasSuffix(entry.Path, e.Path) {
			t.Errorf("%s: %v of %s %s: the journal has %+v", fault.Kind, e, e.Method, e.Path, entry)
		}
		remove()
	}
	ids := map[string]bool{}
	for _, entry := range box.Journal() {
		ids[entry.RequestID] = true
	}
	if len(ids) != 6 || len(box.Journal()) != 9 { // All tries of a call have one.
		t.Errorf("%d request ids of %d requests: want 6 of 9", len(ids), len(box.Journal()))
	}
}
