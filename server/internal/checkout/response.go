package checkout

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/page"
)

const (
	notFound      = "Purchase not found. Check the payment link."
	cannotDisplay = "The purchase cannot be displayed. Try again later."
)

// writePurchase writes a purchase, as a page or as JSON. An optional notice explains why the request
// changed nothing. In JSON the notice replaces the purchase.
func (h *Handler) writePurchase(w http.ResponseWriter, r *http.Request, status int, purchase billing.Purchase, notice string) {
	switch {
	case prefersJSON(r) && notice != "":
		h.pages.WriteJSON(w, r, status, page.Failure{Message: notice})
		return
	case prefersJSON(r):
		h.pages.WriteJSON(w, r, status, purchaseBody{
			Status: purchase.Status, Amount: purchase.Amount, Currency: purchase.Currency, CreatedAt: purchase.CreatedAt.UTC(),
		})
		return
	}
	account, err := h.purchases.Account(r.Context(), purchase.AccountID)
	if err != nil {
		h.writeError(w, r, err, purchase.Token, cannotDisplay)
		return
	}
	view := purchaseView{Purchase: purchase, Account: account.Name, Notice: notice}
	if purchase.Status == billing.StatusPending {
		view.FormToken = h.formToken(w, r, purchase.Token)
	}
	h.pages.Write(w, r, status, "purchase", view)
}

// purchaseBody is a purchase in JSON.
type purchaseBody struct {
	Status    billing.Status `json:"status"`
	Amount    int64          `json:"amount"`
	Currency  string         `json:"currency"`
	CreatedAt time.Time      `json:"created_at"`
}

// writeError writes a failure for an error of Purchases. It logs the error, unless the purchase does not
// exist or the client has closed the connection. The sentence describes the failure without details.
func (h *Handler) writeError(w http.ResponseWriter, r *http.Request, err error, token, sentence string) {
	if errors.Is(err, billing.ErrPurchaseNotFound) {
		h.writeFailure(w, r, http.StatusNotFound, notFound)
		return
	}
	if r.Context().Err() == nil {
		h.logger.ErrorContext(r.Context(), "checkout: request failed", "token", billing.ShortToken(token), "error", err)
	}
	status := http.StatusInternalServerError
	if errors.Is(err, billing.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1") // all requests to this page are idempotent
	}
	h.writeFailure(w, r, status, sentence)
}

// writeFailure writes a failure, as a page or as JSON. The sentence says what is wrong and what to do.
func (h *Handler) writeFailure(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	if prefersJSON(r) {
		h.pages.WriteJSON(w, r, status, page.Failure{Message: sentence})
		return
	}
	h.pages.WriteFailure(w, r, status, sentence)
}

// prefersJSON reports whether the Accept header prefers application/json to text/html. The higher quality
// wins, then the more specific media range: "application/json, */*" prefers JSON. The default is HTML.
func prefersJSON(r *http.Request) bool {
	accept := r.Header.Values("Accept")
	jsonQuality, jsonRank := page.Quality(accept, "application/json", "application/*", "*/*")
	htmlQuality, htmlRank := page.Quality(accept, "text/html", "text/*", "*/*")
	if jsonQuality != htmlQuality {
		return jsonQuality > htmlQuality
	}
	return jsonQuality > 0 && jsonRank < htmlRank
}
