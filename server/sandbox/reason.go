package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/internal/fault"
	"github.com/turbosmtp-go/billing/server/internal/journal"
)

// explain sets the account and the reason of a journal entry; see journal.Settings.
func explain(ec echo.Context, entry *journal.Entry, err error) {
	entry.Account = AccountID(contract.Principal(ec.Request().Context()))
	applied := fault.Of(ec)
	switch {
	case entry.Page:
		entry.Reason.Text = pageReason(entry.Method, entry.Status)
	case applied == nil, applied.Fault.Kind == fault.KindDelay:
		entry.Reason = apiReason(ec, entry.Status, entry.ResponseBody, err)
	case applied.Withheld != nil:
		entry.Reason = apiReason(ec, applied.Withheld.Status, applied.Withheld.Body.String(), applied.Withheld.Err)
	}
	if applied != nil {
		entry.Account = cmp.Or(entry.Account, applied.Account)
		entry.Reason.Fault = applied.Fault.ID
		entry.Reason.Text = strings.TrimSpace(applied.Fault.Description() + " " + entry.Reason.Text)
	}
}

// apiReason returns the reason for a response that is not a payment page. err is the error that the
// response was created from, nil if the handler wrote it.
func apiReason(ec echo.Context, status int, body string, err error) journal.Reason {
	var refused *contract.Error
	var wrong *contract.ResponseError
	switch preferred := contract.PreferredExample(ec); {
	case preferred != "":
		return journal.Reason{Text: "The request selected this example of the document with Prefer: " + preferred + ".", In: "header Prefer"}
	case errors.As(err, &refused):
		return journal.Reason{
			Text: violation(refused), In: refused.In, Keyword: refused.Keyword, Pointer: refused.Pointer, Code: refused.Code,
		}
	case errors.As(err, &wrong):
		return journal.Reason{Text: "The server created a response that the document does not allow: " + wrong.Reason + "."}
	case status == http.StatusNotFound:
		return journal.Reason{Text: "The path does not exist. Check the base URL and the paths of the document."}
	case status == http.StatusMethodNotAllowed:
		return journal.Reason{Text: fmt.Sprintf("The path does not support the method %s.", ec.Request().Method)}
	case err != nil && ec.Response().Header().Get(echo.HeaderRetryAfter) != "":
		return journal.Reason{Text: "The server is temporarily unavailable and did nothing. The log contains the details."}
	case err != nil:
		return journal.Reason{Text: "The server failed. The log contains the details."}
	case status >= http.StatusBadRequest:
		return handlerReason(body)
	case status == 0:
		return journal.Reason{Text: "The connection was closed without a response."}
	}
	return journal.Reason{Text: "The request is valid."}
}

// handlerReason returns the reason for an error response of the implementation.
func handlerReason(body string) journal.Reason {
	var failure struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(body), &failure); err != nil || failure.Message == "" {
		return journal.Reason{Text: "The sandbox rejected the request."}
	}
	if description := model.DescribeCode(failure.Message); description != "" {
		return journal.Reason{Text: description, In: "account", Code: failure.Message}
	}
	return journal.Reason{Text: failure.Message}
}

// checks describes the checks of the contract, by keyword.
var checks = map[string]string{ //nolint:gosec // the keys name credentials, and contain none
	"required":            "is missing",
	"type":                "has a type that the document does not allow",
	"nullable":            "is null, which the document does not allow",
	"minimum":             "is below the limit of the document",
	"exclusiveMinimum":    "is below the limit of the document",
	"maximum":             "is above the limit of the document",
	"exclusiveMaximum":    "is above the limit of the document",
	"unreadable":          "is not well-formed",
	"mediaType":           "has a media type or a content coding that the document does not allow",
	"size":                "is too large",
	"time":                "did not arrive in time",
	"invalid":             "is not accepted",
	"prefer":              "selects an example that the document does not contain",
	"credentials missing": "are missing or incomplete",
	"credentials invalid": "are not accepted",
	"credentials denied":  "belong to an account that is not allowed to use the API",
}

// violation describes a request that the contract rejected, with the advice of the document.
func violation(e *contract.Error) string {
	subject := "The " + e.In
	if e.Pointer != "" {
		subject = fmt.Sprintf("The value at %s of the %s", e.Pointer, e.In)
	}
	check := cmp.Or(checks[e.In+" "+e.Keyword], checks[e.Keyword], "violates the document")
	return strings.TrimSpace(fmt.Sprintf("%s %s (%s). %s", subject, check, e.Keyword, model.DescribeCode(e.Code)))
}

// pageReason returns the reason for a response of a payment page, whose body is not recorded.
func pageReason(method string, status int) string {
	switch {
	case status == http.StatusNotFound:
		return "The purchase does not exist."
	case status == http.StatusMethodNotAllowed:
		return fmt.Sprintf("The payment page does not support the method %s.", method)
	case status == http.StatusForbidden:
		return "The form was not sent from the payment page, or it was sent without the cookie of the page."
	case status == http.StatusConflict:
		return "The purchase was already paid or cancelled, or it has expired."
	case status >= http.StatusInternalServerError:
		return "The server failed. The log contains the details."
	case status >= http.StatusBadRequest:
		return "The request body is not a form of the payment page."
	case method == http.MethodPost:
		return "The form of the payment page was processed."
	}
	return "The payment page was requested."
}
