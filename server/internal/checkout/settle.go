package checkout

import (
	"errors"
	"mime"
	"net/http"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// maxForm is the size limit of a form in bytes. The page's own form is smaller than 200.
const maxForm = 16 << 10

const (
	cannotSettle = "The request failed. Try again: a purchase is never charged twice."
	notFromPage  = "Nothing was changed: the form was not sent by this page, or the browser blocks cookies. Allow cookies and press the button again."
)

// settle pays or cancels a purchase, as the form in the request's body says.
func (h *Handler) settle(w http.ResponseWriter, r *http.Request, token string) {
	if status, sentence := parseForm(w, r); status != 0 {
		h.writeFailure(w, r, status, sentence)
		return
	}
	purchase, err := h.purchases.Purchase(r.Context(), token)
	if err != nil {
		h.writeError(w, r, err, token, cannotSettle)
		return
	}
	if !fromPage(r, token) {
		h.writePurchase(w, r, http.StatusForbidden, purchase, notFromPage)
		return
	}
	switch r.PostForm.Get("action") {
	case "pay":
		purchase, err = h.purchases.Pay(r.Context(), token)
	case "cancel":
		purchase, err = h.purchases.Cancel(r.Context(), token)
	default:
		h.writeFailure(w, r, http.StatusBadRequest, `The form field "action" must be "pay" or "cancel".`)
		return
	}
	switch {
	case errors.Is(err, billing.ErrNotPending):
		h.writePurchase(w, r, http.StatusConflict, purchase, conflict(purchase.Status))
	case err != nil:
		h.writeError(w, r, err, token, cannotSettle)
	case prefersJSON(r):
		h.writePurchase(w, r, http.StatusOK, purchase, "")
	default:
		// After a redirect, reloading the page does not send the form again. The address is relative, so
		// that it also works behind a proxy that adds a path prefix.
		w.Header().Set("Location", token)
		w.WriteHeader(http.StatusSeeOther)
	}
}

// parseForm parses the form in the request's body. It returns a status and a sentence if the body is not a form.
func parseForm(w http.ResponseWriter, r *http.Request) (status int, sentence string) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return http.StatusUnsupportedMediaType, "The media type is not supported. Send application/x-www-form-urlencoded."
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "The form is larger than 16 KiB. Send a smaller form."
	case err != nil:
		return http.StatusBadRequest, "The form is malformed. Send the form of the payment page."
	}
	return 0, ""
}

// conflict says why a purchase with this status cannot be settled in another way.
func conflict(status billing.Status) string {
	switch status {
	case billing.StatusPaid:
		return "Nothing was cancelled: the purchase is already paid."
	case billing.StatusCancelled:
		return "Nothing was paid: the purchase is already cancelled."
	default:
		return "Nothing was changed: the purchase has expired. Create a new purchase."
	}
}
