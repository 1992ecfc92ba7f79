package client_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// TestFaults places orders at a sandbox with each kind of fault, twice: faults are deterministic.
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
						t.Errorf("got\n%+v\nwant\n%+v", got, row.want)
					}
					if row.cause != nil && !errors.Is(err, row.cause) {
						t.Errorf("error %v: want %v in its chain", err, row.cause)
					}
				})
			}
		})
	}
}

// faultRow is a set of faults and the expected results of orders.
type faultRow struct {
	faults []control.Fault
	opts   []client.Option
	want   faultOutcome
	cause  error // in the chain of the last order's error, nil for any
}

// faultOutcome contains the results of a row's orders in the client and in the sandbox.
type faultOutcome struct {
	orders    []string // see ending
	purchases int
	statuses  []int // of the journal's entries, oldest first; 0 for a reset connection
	waits     []time.Duration
}

const (
	sold       = "sold"
	noResponse = "no response, unknown"
)

// run places the row's orders at a new sandbox. It also returns the error of the last order.
func (row faultRow) run(t *testing.T) (faultOutcome, error) {
	t.Helper()
	box := sandboxtest.Start(t)
	for _, fault := range row.faults {
		box.Fail(fault)
	}
	var clock fakeClock
	c := newClient(t, box.URL, slices.Concat(box.Active, []client.Option{
		client.WithHTTPClient(nil), // the default
		clock.option(),
	}, row.opts)...)
	var got faultOutcome
	var err error
	for range row.want.orders {
		err = buy(t, c)
		got.orders = append(got.orders, ending(err))
	}
	for _, entry := range slices.Backward(journal(t, box, len(row.want.statuses))) {
		got.statuses = append(got.statuses, entry.Status)
	}
	got.purchases = len(box.Purchases())
	for _, wait := range clock.waits {
		got.waits = append(got.waits, wait.Truncate(time.Second))
	}
	return got, err
}

// journal returns a sandbox's entries, newest first, as soon as there are n of them. The entry of a request
// whose client has disconnected is written after its purchase.
func journal(t *testing.T, box *sandboxtest.Sandbox, n int) []control.JournalEntry {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	timeout := time.After(10 * time.Second)
	for {
		if entries := box.Journal(); len(entries) >= n {
			return entries
		}
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("the journal contains %d requests, want %d", len(box.Journal()), n)
		}
	}
}

// ending describes the result of an order.
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
		text = "no response"
	}
	if unknown {
		text += ", unknown"
	}
	return text
}

// TestEachKindOfFaultHasARow: each kind of fault in the document is tested.
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
			t.Errorf("no row for the fault %v", kind)
		}
	}
}

// TestErrorNamesItsJournalEntry: the request id of an error identifies the request in the journal.
func TestErrorNamesItsJournalEntry(t *testing.T) {
	t.Parallel()
	box := sandboxtest.Start(t)
	for _, fault := range []control.Fault{
		{Kind: control.FailStatus, Status: 500, Times: 1},
		{Kind: control.FailStatus, RetryAfter: 1, Times: 4}, // the first try and three retries
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
			t.Errorf("%s: error %v of %s %s, journal entry %+v", fault.Kind, e, e.Method, e.Path, entry)
		}
		remove()
	}
	ids := map[string]bool{}
	for _, entry := range box.Journal() {
		ids[entry.RequestID] = true
	}
	if len(ids) != 6 || len(box.Journal()) != 9 { // All tries of a call share one id.
		t.Errorf("got %d request ids in %d requests, want 6 in 9", len(ids), len(box.Journal()))
	}
}

// faultRows retry at most twice, so that the back-off stays below a second and each wait is known to the second.
var faultRows = map[string]faultRow{
	"busy once": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 7, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []int{503, 200}, []time.Duration{7 * time.Second}},
	},
	"429 once": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 429, RetryAfter: 7, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []int{429, 200}, []time.Duration{7 * time.Second}},
	},
	"always busy": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 2}},
		opts:   []client.Option{client.WithMaxRetries(2)},
		want: faultOutcome{[]string{"503, retry after 2s"}, 0, []int{503, 503, 503},
			[]time.Duration{2 * time.Second, 2 * time.Second}},
	},
	"always 429": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 429, RetryAfter: 2}},
		opts:   []client.Option{client.WithMaxRetries(1)},
		want:   faultOutcome{[]string{"429, retry after 2s"}, 0, []int{429, 429}, []time.Duration{2 * time.Second}},
	},
	"busy for longer than the time limit": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 60, Times: 1}},
		want:   faultOutcome{[]string{"503, retry after 1m0s"}, 0, []int{503}, nil},
	},
	"busy without Retry-After": {
		faults: []control.Fault{{Kind: control.FailStatus, Times: 1}},
		want:   faultOutcome{[]string{"503, unknown"}, 0, []int{503}, nil},
	},
	"429 without Retry-After": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 429, Times: 1}},
		want:   faultOutcome{[]string{"429"}, 0, []int{429}, nil},
	},
	"server error": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 500, Times: 1}},
		want:   faultOutcome{[]string{"500, unknown"}, 0, []int{500}, nil},
	},
	"failure with Retry-After": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 500, RetryAfter: 1, Times: 1}},
		want:   faultOutcome{[]string{"500, unknown"}, 0, []int{500}, nil},
	},
	"bad request": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 400, Times: 1}},
		want:   faultOutcome{[]string{"400"}, 0, []int{400}, nil},
	},
	"unauthorized": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 401, Times: 1}},
		want:   faultOutcome{[]string{"401"}, 0, []int{401}, nil},
	},
	"slow, within the time limit": {
		faults: []control.Fault{{Kind: control.FailDelay, DelayMs: 50, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []int{200}, nil},
	},
	"slow, past the time limit": {
		faults: []control.Fault{{Kind: control.FailDelay, DelayMs: 2000, Times: 1}},
		opts:   []client.Option{client.WithTimeout(time.Second)},
		want:   faultOutcome{[]string{noResponse}, 1, []int{200}, nil},
		cause:  context.DeadlineExceeded,
	},
	"reset before": {
		faults: []control.Fault{{Kind: control.FailResetBefore, Times: 1}},
		want:   faultOutcome{[]string{noResponse}, 0, []int{0}, nil},
		cause:  syscall.ECONNRESET,
	},
	"reset after": {
		faults: []control.Fault{{Kind: control.FailResetAfter, Times: 1}},
		want:   faultOutcome{[]string{noResponse}, 1, []int{0}, nil},
		cause:  syscall.ECONNRESET,
	},
	"busy, then reset after": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 7, Times: 1}, {Kind: control.FailResetAfter, Times: 1}},
		want: faultOutcome{[]string{noResponse}, 1, []int{503, 0},
			[]time.Duration{7 * time.Second}},
		cause: syscall.ECONNRESET,
	},
	// The rows below reuse a connection, for which net/http has retry rules of its own.
	"every other reset before": {
		faults: []control.Fault{{Kind: control.FailResetBefore, Every: 2}},
		want:   faultOutcome{[]string{sold, noResponse, sold, noResponse}, 2, []int{200, 0, 200, 0}, nil},
		cause:  syscall.ECONNRESET,
	},
	"every other reset after": {
		faults: []control.Fault{{Kind: control.FailResetAfter, Every: 2}},
		want:   faultOutcome{[]string{sold, noResponse, sold, noResponse}, 4, []int{200, 0, 200, 0}, nil},
		cause:  syscall.ECONNRESET,
	},
	"every other busy": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 7, Every: 2}},
		want: faultOutcome{[]string{sold, sold, sold}, 3, []int{200, 503, 200, 503, 200},
			[]time.Duration{7 * time.Second, 7 * time.Second}},
	},
	"truncated body": {
		faults: []control.Fault{{Kind: control.FailCutBody, Times: 1}},
		want:   faultOutcome{[]string{"200, unknown"}, 1, []int{200}, nil},
		cause:  io.ErrUnexpectedEOF,
	},
	"HTML": {
		faults: []control.Fault{{Kind: control.FailHTML, Times: 1}},
		want:   faultOutcome{[]string{"502, unknown"}, 0, []int{502}, nil},
	},
	"HTML, busy once": {
		faults: []control.Fault{{Kind: control.FailHTML, Status: 503, RetryAfter: 7, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []int{503, 200}, []time.Duration{7 * time.Second}},
	},
	"HTML, always busy": {
		faults: []control.Fault{{Kind: control.FailHTML, Status: 503, RetryAfter: 2}},
		opts:   []client.Option{client.WithMaxRetries(1)},
		want:   faultOutcome{[]string{"503, retry after 2s"}, 0, []int{503, 503}, []time.Duration{2 * time.Second}},
	},
	"HTML after": {
		faults: []control.Fault{{Kind: control.FailHTMLAfter, Times: 1}},
		want:   faultOutcome{[]string{"200, unknown"}, 1, []int{200}, nil},
	},
	"unknown code": {
		faults: []control.Fault{{Kind: control.FailUnknownCode, Status: 401, Code: "account_is_on_holiday", Times: 1}},
		want: faultOutcome{[]string{"401 account_is_on_holiday"}, 0,
			[]int{401}, nil},
	},
	"default unknown code": {
		faults: []control.Fault{{Kind: control.FailUnknownCode, Times: 1}},
		want: faultOutcome{[]string{"400 sandbox_unknown_code"}, 0,
			[]int{400}, nil},
	},
	"fault of another account": {
		faults: []control.Fault{{Kind: control.FailResetAfter, Account: "sandbox-noplan"}},
		want:   faultOutcome{[]string{sold}, 1, []int{200}, nil},
	},
	"fault of this account": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 500, Account: "sandbox-active", Times: 1}},
		want:   faultOutcome{[]string{"500, unknown", sold}, 1, []int{500, 200}, nil},
	},
}
