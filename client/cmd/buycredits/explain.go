package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// The exit codes. Those from exitCancelled on come of --wait alone.
const (
	exitBought = iota
	exitNothingBought
	exitUsage
	exitUnknown
	exitCancelled
	exitExpired
	exitUnseen
)

// exitCode returns what the program exits with, for what run returned.
func exitCode(err error) int {
	var usage usageError
	var link linkError
	var unpaid unpaidError
	var state stateError
	var unseen unseenError
	switch {
	case err == nil:
		return exitBought
	case errors.As(err, &unpaid) && unpaid.status == cancelled:
		return exitCancelled
	case errors.As(err, &unpaid):
		return exitExpired
	case errors.As(err, &state), errors.As(err, &unseen):
		return exitUnseen
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &link), errors.Is(err, client.ErrOutcomeUnknown):
		return exitUnknown
	}
	return exitNothingBought
}

// explain says what happened, and what to do about it.
func explain(err error) string {
	var usage usageError
	var link linkError
	var unpaid unpaidError
	var state stateError
	var unseen unseenError
	var answer *client.Error
	answered := errors.As(err, &answer)
	switch {
	case errors.As(err, &unpaid):
		return lines(err.Error())
	case errors.As(err, &state):
		return lines(err.Error(), "Do not run it again, as that orders twice.")
	case errors.As(err, &unseen):
		return lines("the order was taken, but what became of it was not seen.", err.Error(),
			"Do not run it again, as that orders twice. Open the link to see.")
	case errors.As(err, &usage):
		return lines(err.Error(), "Run \"buycredits --help\" to see how it is used.")
	case errors.As(err, &link):
		return lines("the order was taken, but its link could not be printed.", err.Error(),
			"Do not run it again. Look for the order in the billing account.")
	case errors.Is(err, client.ErrOutcomeUnknown):
		return lines("it is unknown whether the order was taken.", err.Error(),
			"Do not simply run it again, as that may order twice. Look for the order in the billing account first.")
	case answered:
		return refused(answer, err)
	case errors.Is(err, context.Canceled):
		return lines("nothing was bought.", err.Error(), "It was interrupted before the order was sent.")
	case errors.Is(err, http.ErrSchemeMismatch):
		return lines("nothing was bought.", err.Error(), "The server does not speak https. Check the base URL.")
	}
	return lines("nothing was bought.", err.Error(), "The server was not reached. Check the network and the base URL, then run it again.")
}

func refused(answer *client.Error, err error) string {
	texts := []string{"nothing was bought.", err.Error()}
	if answer.Code != "" {
		texts = append(texts, "Code: "+answer.Code)
	}
	advice := model.DescribeCode(answer.Code)
	if advice == "" {
		advice = hint(answer)
	}
	return lines(append(texts, advice)...)
}

// hint is for an answer whose code the document does not describe, or that has none.
func hint(answer *client.Error) string {
	switch status := answer.StatusCode; {
	case status < http.StatusBadRequest:
		return "The server points somewhere else. Check the base URL, also whether it should begin with https."
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "The server does not let these credentials in. Check them, and whether they belong to this server."
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "The server does not know this operation. Check the base URL."
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if answer.RetryAfter > 0 {
			return fmt.Sprintf("The server has too much to do. Run it again in %s.", answer.RetryAfter.Round(time.Second))
		}
		return "The server has too much to do. Run it again later."
	case answer.RequestID != "":
		return "Ask TurboSMTP's support, and name the request " + answer.RequestID + "."
	}
	return "Ask TurboSMTP's support."
}

// lines prints the first text after the program's name, and the others indented below it.
func lines(texts ...string) string {
	return "buycredits: " + strings.Join(texts, "\n  ") + "\n"
}
