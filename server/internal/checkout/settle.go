package checkout

import (
	"context"
	"errors"
	"mime"
	"net/http"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// The fields of the page's form, and what its buttons ask for.
const (
	actionField  = "action"
	tokenField   = "form_token"
	payAction    = "pay"
	cancelAction = "cancel"
)

// maxForm is far beyond any form that the page sends, in bytes.
const maxForm = 16 << 10

// settle does what the form of a purchase's page asks for.
func (h *Handler) settle(ctx context.Context, a *answer, token string) {
	if media, _, err := mime.ParseMediaType(a.r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		a.failure(ctx, http.StatusUnsupportedMediaType, "This is not the page's form.")
		return
	}
	a.r.Body = http.MaxBytesReader(a.w, a.r.Body, maxForm)
	if err := a.r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			a.failure(ctx, http.StatusRequestEntityTooLarge, "The form is too large.")
			return
		}
		a.failure(ctx, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	purchase, err := h.purchases.Purchase(ctx, token)
	switch {
	case errors.Is(err, billing.ErrPurchaseNotFound):
		a.failure(ctx, http.StatusNotFound, notFound)
		return
	case err != nil:
		a.broken(ctx, token, err, cannotSettle)
		return
	case !fromPage(a.r, token):
		a.purchase(ctx, http.StatusForbidden, purchase, notFromPage)
		return
	}
	switch a.r.PostForm.Get(actionField) {
	case payAction:
		h.finish(ctx, a, token, h.purchases.Pay)
	case cancelAction:
		h.finish(ctx, a, token, h.purchases.Cancel)
	default:
		a.failure(ctx, http.StatusBadRequest, "The form asks for nothing that this page does.")
	}
}

const (
	cannotSettle = "This cannot be done right now. Please try again: a purchase is never paid twice."
	notFromPage  = "Nothing was done: the form did not come from this page, or the browser keeps no cookies. Please press the button once more."
)

// finish settles the purchase, and leads the browser back to its page.
func (h *Handler) finish(ctx context.Context, a *answer, token string, act func(context.Context, string) (billing.Purchase, error)) {
	purchase, err := act(ctx, token)
	switch {
	case errors.Is(err, billing.ErrNotPending):
		a.purchase(ctx, http.StatusConflict, purchase, tooLate(purchase.Status))
	case errors.Is(err, billing.ErrPurchaseNotFound):
		a.failure(ctx, http.StatusNotFound, notFound)
	case err != nil:
		a.broken(ctx, token, err, cannotSettle)
	case a.asJSON:
		a.purchase(ctx, http.StatusOK, purchase, "")
	default:
		a.back(token)
	}
}

// tooLate says why a purchase that has this status could not be settled in another way.
func tooLate(status billing.Status) string {
	switch status {
	case billing.StatusPaid:
		return "Nothing was cancelled: the purchase had already been paid."
	case billing.StatusCancelled:
		return "Nothing was paid: the purchase had already been cancelled."
	default:
		return "Nothing was done: the purchase had expired."
	}
}
