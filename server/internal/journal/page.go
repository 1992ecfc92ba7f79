package journal

import (
	"fmt"
	"net/http"

	"github.com/turbosmtp-go/billing/gen/control"
)

// explainPage says why the page of a purchase was answered with a status. The page's own words are not
// kept.
func explainPage(method string, status int) control.Why {
	switch {
	case status == http.StatusNotFound:
		return control.Why{Text: "There is no such purchase."}
	case status == http.StatusMethodNotAllowed:
		return control.Why{Text: fmt.Sprintf("The page of a purchase does not take the method %s.", method)}
	case status == http.StatusForbidden:
		return control.Why{Text: "The form did not come from the page of the purchase, or without its cookie."}
	case status == http.StatusConflict:
		return control.Why{Text: "The purchase was paid or cancelled before, or has expired."}
	case status >= http.StatusInternalServerError:
		return control.Why{Text: "The server failed; its log says how."}
	case status >= http.StatusBadRequest:
		return control.Why{Text: "What was sent is not the form of the page, or asks for nothing that the page does."}
	case method == http.MethodPost:
		return control.Why{Text: "The form of the page of a purchase was sent, and carried out."}
	}
	return control.Why{Text: "The page of a purchase was asked for."}
}
