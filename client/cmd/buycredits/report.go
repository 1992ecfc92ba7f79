package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/turbosmtp-go/billing/client"
)

// The exit codes. Those from exitCancelled to exitStatusUnknown come of --wait alone. A signal that ends the
// program before the order was sent gives exitSignal plus its number, as a shell does.
const (
	exitOrdered = iota
	exitNotOrdered
	exitUsage
	exitUnknown
	exitCancelled
	exitExpired
	exitStatusUnknown
	exitNotPrinted
	exitSignal = 128
)

// failure is the error of a run that did not succeed. With --output json it is an object of its own.
type failure struct {
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
	cause   error
}

func (f *failure) Error() string { return f.Message }
func (f *failure) Unwrap() error { return f.cause }

// The outcomes of a run.
const (
	outcomeNotOrdered = "not_ordered"
	outcomeUnknown    = "unknown"
	outcomeOrdered    = "ordered"
)

// exitCode returns what the program exits with, for what run returned.
func exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitOrdered
	case errors.As(err, &f):
		return f.ExitCode
	}
	return exitNotOrdered
}

const (
	doNotRepeat   = "Do not run this command again: it would place a second order."
	nothingBought = "Nothing was bought."
)

// usageError is a command that cannot be carried out as it was given.
func usageError(cause error) error {
	return &failure{Outcome: outcomeNotOrdered, ExitCode: exitUsage, Message: cause.Error(), Advice: `Run "buycredits --help" for usage.`, cause: cause}
}

// callFailure is a call of the client that failed. ctx is the program's, which a signal may have ended.
func callFailure(ctx context.Context, cause error) error {
	f := &failure{Outcome: outcomeNotOrdered, ExitCode: exitNotOrdered, Message: cause.Error(), summary: nothingBought, cause: cause}
	var response *client.Error
	var none *client.NoResponseError
	if errors.As(cause, &response) {
		f.describe(response)
	}
	if errors.As(cause, &none) {
		f.RequestID, f.Tries = none.RequestID, none.Tries
	}
	switch {
	case errors.Is(cause, client.ErrOutcomeUnknown):
		f.Outcome, f.ExitCode, f.summary = outcomeUnknown, exitUnknown, "It is unknown whether the order was carried out."
		f.Advice = "Check the billing account first: running this command again may place a second order."
	case errors.Is(cause, context.Canceled):
		f.ExitCode, f.summary = exitSignal+int(signalOf(ctx)), "Nothing was bought: the command was stopped before it sent the order."
	case response != nil:
		f.Advice = advice(response)
	case errors.Is(cause, context.DeadlineExceeded):
		f.Advice = "The time limit ended before there was a connection. Check the network, or raise --timeout."
	case errors.Is(cause, http.ErrSchemeMismatch):
		f.Advice = "The server does not speak https. Check the base URL."
	default:
		f.Advice = "The server was not reached. Check the network and the base URL, then run it again."
	}
	return f
}

// describe takes over what a response contains. Where it has no code and no message, the beginning of
// its body stands for the server's words.
func (f *failure) describe(e *client.Error) {
	f.Status, f.Code, f.Sent, f.RequestID, f.Tries = e.StatusCode, e.Code, e.Message, e.RequestID, e.Tries
	f.RetryAfter = int(e.RetryAfter.Round(time.Second) / time.Second)
	if f.Code == "" && f.Sent == "" {
		f.Sent = oneLine(string(e.Body))
	}
}

// text returns the failure for people: the program's name, and below the first line the rest indented.
func (f *failure) text() string {
	lines := []string{f.summary, f.Message}
	if f.summary == "" {
		lines = lines[1:]
	}
	if f.Code != "" {
		lines = append(lines, "Code: "+f.Code)
	}
	if f.Sent != "" && !strings.Contains(f.Message, strings.TrimSuffix(f.Sent, ".")) {
		lines = append(lines, "The server sent: "+f.Sent)
	}
	if f.URL != "" {
		lines = append(lines, "Link: "+oneLine(f.URL))
	}
	if f.Advice != "" {
		lines = append(lines, f.Advice)
	}
	return "buycredits: " + strings.Join(lines, "\n  ") + "\n"
}

// advice returns what to do about a response.
func advice(e *client.Error) string {
	if text := client.DescribeCode(e.Code); text != "" {
		return text
	}
	switch status := e.StatusCode; {
	case status < http.StatusBadRequest:
		return "The server redirects to another address. Check the base URL and its scheme."
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "The server rejects the request. Check the credentials, whether they belong to this server, and whether your IP address is allowed."
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "The server does not support this operation. Check the base URL."
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("The server is busy. Run it again in %s.", e.RetryAfter.Round(time.Second))
		}
		return "The server is busy. Run it again later."
	}
	return "Ask TurboSMTP's support, and include the request id " + e.RequestID + "."
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
