package client_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
)

// faultRow is what a sandbox is told to do, and what comes of it.
type faultRow struct {
	faults []control.Fault
	opts   []client.Option
	want   faultOutcome
	cause  error // in the chain of the last order's error, nil for any
}

// faultOutcome is what came of a row's orders, for the shop, the account and the sandbox.
type faultOutcome struct {
	orders    []string // how each order ended, by ending
	purchases int
	journal   []string // each request's status and the first sentence of its reason, oldest first
	waits     []time.Duration
}

const (
	sold       = "sold"
	unanswered = "no answer, unknown"

	usual = "200: The request is valid."
)

func acted(fault, status int, what string) string {
	return fmt.Sprintf("%d: Fault %d acted on the request: %s.", status, fault, what)
}

func failed(status int) string {
	return acted(1, status, fmt.Sprintf("the response was %d, and nothing was bought", status))
}

func failedHTML(status int) string {
	return acted(1, status, fmt.Sprintf("the response was %d with an HTML page, and nothing was bought", status))
}

var (
	resetBefore = acted(1, 0, "the connection was reset, and nothing was bought")
	resetAfter  = acted(1, 0, "the request was processed, and the connection was reset instead of a response")
)

// faultRows retry at most twice, so that the back-off stays under a second and waits are known to the
// second.
var faultRows = map[string]faultRow{
	"busy once": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 7, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []string{failed(503), usual}, []time.Duration{7 * time.Second}},
	},
	"too often, once": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 429, RetryAfter: 7, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []string{failed(429), usual}, []time.Duration{7 * time.Second}},
	},
	"busy for ever": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 2}},
		opts:   []client.Option{client.WithMaxRetries(2)},
		want: faultOutcome{[]string{"503, retry after 2s"}, 0, []string{failed(503), failed(503), failed(503)},
			[]time.Duration{2 * time.Second, 2 * time.Second}},
	},
	"too often, for ever": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 429, RetryAfter: 2}},
		opts:   []client.Option{client.WithMaxRetries(1)},
		want:   faultOutcome{[]string{"429, retry after 2s"}, 0, []string{failed(429), failed(429)}, []time.Duration{2 * time.Second}},
	},
	"busy, longer than the timeout": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 60, Times: 1}},
		want:   faultOutcome{[]string{"503, retry after 1m0s"}, 0, []string{failed(503)}, nil},
	},
	"busy, not until when": {
		faults: []control.Fault{{Kind: control.FailStatus, Times: 1}},
		want:   faultOutcome{[]string{"503, unknown"}, 0, []string{failed(503)}, nil},
	},
	"too often, not until when": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 429, Times: 1}},
		want:   faultOutcome{[]string{"429"}, 0, []string{failed(429)}, nil},
	},
	"failure": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 500, Times: 1}},
		want:   faultOutcome{[]string{"500, unknown"}, 0, []string{failed(500)}, nil},
	},
	"failure that says when to come back": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 500, RetryAfter: 1, Times: 1}},
		want:   faultOutcome{[]string{"500, unknown"}, 0, []string{failed(500)}, nil},
	},
	"refusal": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 400, Times: 1}},
		want:   faultOutcome{[]string{"400"}, 0, []string{failed(400)}, nil},
	},
	"refusal of the credentials": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 401, Times: 1}},
		want:   faultOutcome{[]string{"401"}, 0, []string{failed(401)}, nil},
	},
	"slow, within the timeout": {
		faults: []control.Fault{{Kind: control.FailDelay, DelayMs: 50, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []string{acted(1, 200, "after a delay of 50 ms, the request was processed as usual")}, nil},
	},
	"slow, past the timeout": {
		faults: []control.Fault{{Kind: control.FailDelay, DelayMs: 2000, Times: 1}},
		opts:   []client.Option{client.WithTimeout(time.Second)},
		want:   faultOutcome{[]string{unanswered}, 1, []string{acted(1, 200, "after a delay of 2000 ms, the request was processed as usual")}, nil},
		cause:  context.DeadlineExceeded,
	},
	"reset before": {
		faults: []control.Fault{{Kind: control.FailResetBefore, Times: 1}},
		want:   faultOutcome{[]string{unanswered}, 0, []string{resetBefore}, nil},
		cause:  syscall.ECONNRESET,
	},
	"reset after": {
		faults: []control.Fault{{Kind: control.FailResetAfter, Times: 1}},
		want:   faultOutcome{[]string{unanswered}, 1, []string{resetAfter}, nil},
		cause:  syscall.ECONNRESET,
	},
	"busy, then reset after": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 7, Times: 1}, {Kind: control.FailResetAfter, Times: 1}},
		want: faultOutcome{[]string{unanswered}, 1, []string{failed(503), strings.Replace(resetAfter, "Fault 1", "Fault 2", 1)},
			[]time.Duration{7 * time.Second}},
		cause: syscall.ECONNRESET,
	},
	// The others go over a connection that is kept, for which net/http has rules of its own.
	"every other reset before": {
		faults: []control.Fault{{Kind: control.FailResetBefore, Every: 2}},
		want:   faultOutcome{[]string{sold, unanswered, sold, unanswered}, 2, []string{usual, resetBefore, usual, resetBefore}, nil},
		cause:  syscall.ECONNRESET,
	},
	"every other reset after": {
		faults: []control.Fault{{Kind: control.FailResetAfter, Every: 2}},
		want:   faultOutcome{[]string{sold, unanswered, sold, unanswered}, 4, []string{usual, resetAfter, usual, resetAfter}, nil},
		cause:  syscall.ECONNRESET,
	},
	"every other busy": {
		faults: []control.Fault{{Kind: control.FailStatus, RetryAfter: 7, Every: 2}},
		want: faultOutcome{[]string{sold, sold, sold}, 3, []string{usual, failed(503), usual, failed(503), usual},
			[]time.Duration{7 * time.Second, 7 * time.Second}},
	},
	"cut": {
		faults: []control.Fault{{Kind: control.FailCutBody, Times: 1}},
		want:   faultOutcome{[]string{"200, unknown"}, 1, []string{acted(1, 200, "the request was processed, and the response body was cut")}, nil},
		cause:  io.ErrUnexpectedEOF,
	},
	"HTML": {
		faults: []control.Fault{{Kind: control.FailHTML, Times: 1}},
		want:   faultOutcome{[]string{"502, unknown"}, 0, []string{failedHTML(502)}, nil},
	},
	"HTML, busy once": {
		faults: []control.Fault{{Kind: control.FailHTML, Status: 503, RetryAfter: 7, Times: 1}},
		want:   faultOutcome{[]string{sold}, 1, []string{failedHTML(503), usual}, []time.Duration{7 * time.Second}},
	},
	"HTML, busy for ever": {
		faults: []control.Fault{{Kind: control.FailHTML, Status: 503, RetryAfter: 2}},
		opts:   []client.Option{client.WithMaxRetries(1)},
		want:   faultOutcome{[]string{"503, retry after 2s"}, 0, []string{failedHTML(503), failedHTML(503)}, []time.Duration{2 * time.Second}},
	},
	"HTML after": {
		faults: []control.Fault{{Kind: control.FailHTMLAfter, Times: 1}},
		want:   faultOutcome{[]string{"200, unknown"}, 1, []string{acted(1, 200, "the request was processed, and the response body was replaced by an HTML page")}, nil},
	},
	"unknown code": {
		faults: []control.Fault{{Kind: control.FailUnknownCode, Status: 401, Code: "account_is_on_holiday", Times: 1}},
		want: faultOutcome{[]string{"401 account_is_on_holiday"}, 0,
			[]string{acted(1, 401, "the response had the error code account_is_on_holiday, which is not in the document, and nothing was bought")}, nil},
	},
	"unknown code that is not named": {
		faults: []control.Fault{{Kind: control.FailUnknownCode, Times: 1}},
		want: faultOutcome{[]string{"400 sandbox_unknown_code"}, 0,
			[]string{acted(1, 400, "the response had the error code sandbox_unknown_code, which is not in the document, and nothing was bought")}, nil},
	},
	"another account's": {
		faults: []control.Fault{{Kind: control.FailResetAfter, Account: "sandbox-noplan"}},
		want:   faultOutcome{[]string{sold}, 1, []string{usual}, nil},
	},
	"the account's own": {
		faults: []control.Fault{{Kind: control.FailStatus, Status: 500, Account: "sandbox-active", Times: 1}},
		want:   faultOutcome{[]string{"500, unknown", sold}, 1, []string{failed(500), usual}, nil},
	},
}
