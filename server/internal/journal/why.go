package journal

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/contract"
)

// whyKey is where SetWhy puts a reason.
const whyKey = "journal.why"

// SetWhy says why a request is answered as it is, where that is no check of the document.
func SetWhy(ec echo.Context, why control.Why) { ec.Set(whyKey, given{why, true}) }

// AddWhy says what else happened to a request that takes its way: its text is put before the reason.
func AddWhy(ec echo.Context, why control.Why) { ec.Set(whyKey, given{why, false}) }

// Explain finds the reason of an answer that is kept from the client, in place of the one that it gets.
func Explain(ec echo.Context, status int, err error, body string) {
	SetWhy(ec, explain(ec, status, err, body))
}

// given is a reason that was given; unless it is all, the one that is found follows it.
type given struct {
	why control.Why
	all bool
}

// explain says why a request was answered with a status. err is what the answer was made from, body
// is the answer's.
func explain(ec echo.Context, status int, err error, body string) control.Why {
	given, ok := ec.Get(whyKey).(given)
	if ok && given.all {
		return given.why
	}
	why := reason(ec, status, err, body)
	if ok {
		why.Text, why.Fault = given.why.Text+" "+why.Text, given.why.Fault
	}
	return why
}

func reason(ec echo.Context, status int, err error, body string) control.Why {
	var refused *contract.Error
	var wrong *contract.ResponseError
	switch preferred := contract.PreferredExample(ec); {
	case preferred != "":
		return control.Why{Text: "The request asked for this example of the document: Prefer: " + preferred + ".", In: "header Prefer"}
	case errors.As(err, &refused):
		return control.Why{
			Text: refusal(refused), In: refused.In, Keyword: refused.Keyword, Pointer: refused.Pointer, Code: refused.Code,
		}
	case errors.As(err, &wrong):
		return control.Why{Text: "The server gave an answer that the document does not allow: " + wrong.Reason + "."}
	case status == http.StatusNotFound:
		return control.Why{Text: "There is no such path. Compare the base URL, and where the document's paths begin."}
	case status == http.StatusMethodNotAllowed:
		return control.Why{Text: fmt.Sprintf("The path does not take the method %s.", ec.Request().Method)}
	case err != nil && ec.Response().Header().Get(echo.HeaderRetryAfter) != "":
		return control.Why{Text: "The server did nothing, for a reason that passes; its log says more."}
	case err != nil:
		return control.Why{Text: "The server failed; its log says how."}
	case status >= http.StatusBadRequest:
		return decided(body)
	case status == 0:
		return control.Why{Text: "The connection was cut."}
	}
	return control.Why{Text: "The request is as the document has it."}
}

// refusal says in words what a check of the document found.
func refusal(e *contract.Error) string {
	text := subject(e) + " " + predicate(e.Keyword) + "."
	if e.In == "credentials" {
		text = credentials(e.Keyword)
	}
	if advice := model.DescribeCode(e.Code); advice != "" {
		text += " " + advice
	}
	return text
}

func subject(e *contract.Error) string {
	if e.Pointer != "" {
		return fmt.Sprintf("The value at %s of the %s", e.Pointer, e.In)
	}
	return "The " + e.In
}

func credentials(keyword string) string {
	switch keyword {
	case "missing":
		return "No complete credentials were sent (missing)."
	case "denied":
		return "The account behind the credentials is not let in (denied)."
	}
	return "The credentials are not accepted (" + keyword + ")."
}

// predicate is what a failed keyword of a schema, or another check, says of its subject.
func predicate(keyword string) string {
	switch keyword {
	case "required":
		return "is missing (required)"
	case "type":
		return "is of another type than the document has (type)"
	case "nullable":
		return "is null, which the document does not allow (nullable)"
	case "minimum", "exclusiveMinimum":
		return "is below the document's " + keyword
	case "maximum", "exclusiveMaximum":
		return "is above the document's " + keyword
	case "unreadable":
		return "cannot be read: it is not well-formed, or not what its media type says (unreadable)"
	case "mediaType":
		return "comes in a media type or a content coding that the document does not have (mediaType)"
	case "size":
		return "is too large (size)"
	case "time":
		return "did not arrive in time (time)"
	case "invalid":
		return "is not accepted (invalid)"
	case "prefer":
		return "asks for an example that the document does not have (prefer)"
	}
	return "does not satisfy the document's " + keyword
}
