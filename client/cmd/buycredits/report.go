package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/turbosmtp-go/billing/client"
)

// The exit codes. Those from exitCancelled to exitUnseen come of --wait alone. A signal that ends the
// program before the order was sent gives exitSignal plus its number, as a shell does.
const (
	exitOrdered = iota
	exitNotOrdered
	exitUsage
	exitUnknown
	exitCancelled
	exitExpired
	exitUnseen
	exitNotPrinted
	exitSignal = 128
)

// report describes a run that did not succeed. With --output json it is an object of its own.
type report struct {
	// Outcome is one of the constants below.
	Outcome  string `json:"outcome"`
	ExitCode int    `json:"exit_code"`
	// Message describes the failure, and Advice what to do.
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
	// URL is the purchase's link where there is a purchase.
	URL string `json:"url,omitempty"`
	// The others are of the server's response, or of the request that got none.
	Status     int    `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	Sent       string `json:"server_message,omitempty"`
	RetryAfter int    `json:"retry_after_seconds,omitempty"`
	RequestID  string `json:"request_id,omitempty"`
	Tries      int    `json:"tries,omitempty"`

	summary string // the first line of the text
}

// The outcomes of a run.
const (
	outcomeNotOrdered = "not_ordered"
	outcomeUnknown    = "unknown"
	outcomeOrdered    = "ordered"
)

// exitCode returns what the program exits with, for what run returned.
func exitCode(err error) int {
	if err == nil {
		return exitOrdered
	}
	return newReport(err).ExitCode
}

const (
	doNotRepeat    = "Do not run it again, as that places a second order."
	stoppedSummary = "Nothing was bought: it was stopped before the order was sent."
)

func newReport(err error) report {
	r := report{Message: err.Error()}
	var (
		usage    usageError
		link     linkError
		unpaid   unpaidError
		state    stateError
		output   outputError
		unseen   unseenError
		response *client.Error
		none     *client.NoResponseError
		signal   signalError
	)
	if errors.As(err, &response) {
		r.describe(response)
	}
	if errors.As(err, &none) {
		r.RequestID, r.Tries = none.RequestID, none.Tries
	}
	switch {
	case errors.As(err, &unpaid) && unpaid.status == cancelled:
		return r.end(outcomeOrdered, exitCancelled, "", "")
	case errors.As(err, &unpaid):
		return r.end(outcomeOrdered, exitExpired, "", "")
	case errors.As(err, &state):
		return r.end(outcomeOrdered, exitUnseen, "", doNotRepeat)
	case errors.As(err, &unseen):
		r.URL = unseen.link
		return r.end(outcomeOrdered, exitUnseen, "The order was carried out, but its payment was not seen.", doNotRepeat+" Open the link to see its state.")
	case errors.As(err, &link):
		r.URL = link.link
		return r.end(outcomeOrdered, exitNotPrinted, "The order was carried out, but its link could not be printed to standard output.", doNotRepeat)
	case errors.As(err, &output):
		return r.end(outcomeNotOrdered, exitNotOrdered, "", "")
	case errors.As(err, &usage):
		return r.end(outcomeNotOrdered, exitUsage, "", `Run "buycredits --help" to see how it is used.`)
	case errors.Is(err, client.ErrOutcomeUnknown):
		return r.end(outcomeUnknown, exitUnknown, "It is unknown whether the order was carried out.",
			"Do not run it again at once, as that may order twice. Look for the order in the billing account first.")
	case errors.As(err, &signal):
		return r.end(outcomeNotOrdered, exitSignal+int(signal.signal), stoppedSummary, "")
	case response != nil:
		return r.end(outcomeNotOrdered, exitNotOrdered, "Nothing was bought.", advice(response))
	case errors.Is(err, context.Canceled):
		return r.end(outcomeNotOrdered, exitSignal+int(syscall.SIGINT), stoppedSummary, "")
	case errors.Is(err, context.DeadlineExceeded):
		return r.end(outcomeNotOrdered, exitNotOrdered, "Nothing was bought.", "The time limit ended before there was a connection. Check the network, or raise --timeout.")
	case errors.Is(err, http.ErrSchemeMismatch):
		return r.end(outcomeNotOrdered, exitNotOrdered, "Nothing was bought.", "The server does not speak https. Check the base URL.")
	}
	return r.end(outcomeNotOrdered, exitNotOrdered, "Nothing was bought.", "The server was not reached. Check the network and the base URL, then run it again.")
}

func (r report) end(outcome string, code int, summary, advice string) report {
	r.Outcome, r.ExitCode, r.summary, r.Advice = outcome, code, summary, advice
	return r
}

// describe takes over what a response contains. Where it has no code and no message, the beginning of
// its body stands for the server's words.
func (r *report) describe(e *client.Error) {
	r.Status, r.Code, r.Sent, r.RequestID, r.Tries = e.StatusCode, e.Code, e.Message, e.RequestID, e.Tries
	r.RetryAfter = int(e.RetryAfter.Round(time.Second) / time.Second)
	if r.Code == "" && r.Sent == "" {
		r.Sent = oneLine(string(e.Body))
	}
}

// text returns the report for people: the program's name, and below the first line the rest indented.
func (r report) text() string {
	lines := []string{r.summary, r.Message}
	if r.summary == "" {
		lines = lines[1:]
	}
	if r.Code != "" {
		lines = append(lines, "Code: "+r.Code)
	}
	if r.Sent != "" && !strings.Contains(r.Message, strings.TrimSuffix(r.Sent, ".")) {
		lines = append(lines, "The server sent: "+r.Sent)
	}
	if r.URL != "" {
		lines = append(lines, "Link: "+oneLine(r.URL))
	}
	if r.Advice != "" {
		lines = append(lines, r.Advice)
	}
	return "buycredits: " + strings.Join(lines, "\n  ") + "\n"
}

// writeJSON writes the report as the member "error" of an object.
func (r report) writeJSON(w io.Writer) error {
	return writeJSON(w, struct {
		Error report `json:"error"`
	}{r})
}

// advice returns what to do about a response.
func advice(e *client.Error) string {
	if text := client.DescribeCode(e.Code); text != "" {
		return text
	}
	switch status := e.StatusCode; {
	case status < http.StatusBadRequest:
		return "The server redirects to another address. Check the base URL, also whether it should begin with https."
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "The server refuses the request. Check the credentials, whether they belong to this server, and whether it accepts your address."
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "The server does not have this operation. Check the base URL."
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("The server is busy. Run it again in %s.", e.RetryAfter.Round(time.Second))
		}
		return "The server is busy. Run it again later."
	}
	return "Ask TurboSMTP's support, and name the request " + e.RequestID + "."
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // A link may contain "&".
	return encoder.Encode(value)
}

// oneLine makes a text from the server fit for a terminal: one line of at most 200 characters.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}
