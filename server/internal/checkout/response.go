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

// response writes the response to one request, as a page or as JSON.
type response struct {
	handler *Handler
	w       http.ResponseWriter
	r       *http.Request
	json    bool
}

// purchase writes a purchase. An optional notice explains why the request changed nothing. In JSON
// the notice replaces the purchase.
func (res *response) purchase(status int, purchase billing.Purchase, notice string) {
	pages := res.handler.pages
	switch {
	case res.json && notice != "":
		pages.WriteJSON(res.w, res.r, status, page.Failure{Message: notice})
		return
	case res.json:
		pages.WriteJSON(res.w, res.r, status, purchaseBody{
			Status: purchase.Status, Amount: purchase.Amount, Currency: purchase.Currency, CreatedAt: purchase.CreatedAt.UTC(),
		})
		return
	}
	account, err := res.handler.purchases.Account(res.r.Context(), purchase.AccountID)
	if err != nil {
		res.error(err, purchase.Token, cannotDisplay)
		return
	}
	view := purchaseView{Purchase: purchase, Account: account.Name, Notice: notice}
	if purchase.Status == billing.StatusPending {
		view.FormToken = res.handler.formToken(res.w, res.r, purchase.Token)
	}
	pages.Write(res.w, res.r, status, "purchase", view)
}

// purchaseBody is a purchase in JSON.
type purchaseBody struct {
	Status    billing.Status `json:"status"`
	Amount    int64          `json:"amount"`
	Currency  string         `json:"currency"`
	CreatedAt time.Time      `json:"created_at"`
}

// failure writes a failure. The sentence says what is wrong and what to do.
func (res *response) failure(status int, sentence string) {
	if res.json {
		res.handler.pages.WriteJSON(res.w, res.r, status, page.Failure{Message: sentence})
		return
	}
	res.handler.pages.WriteFailure(res.w, res.r, status, sentence)
}

// error writes a failure for an error of Purchases. It logs the error, unless the purchase does not
// exist or the client has closed the connection. The sentence describes the failure without details.
func (res *response) error(err error, token, sentence string) {
	ctx := res.r.Context()
	if errors.Is(err, billing.ErrPurchaseNotFound) {
		res.failure(http.StatusNotFound, notFound)
		return
	}
	if ctx.Err() == nil {
		res.handler.settings.logger.ErrorContext(ctx, "checkout: request failed", "token", billing.ShortToken(token), "error", err)
	}
	status := http.StatusInternalServerError
	if errors.Is(err, billing.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		status = http.StatusServiceUnavailable
		res.w.Header().Set("Retry-After", "1") // all requests to this page are idempotent
	}
	res.failure(status, sentence)
}

// prefersJSON reports whether the values of an Accept header prefer application/json to text/html. The
// higher quality wins, then the more specific media range: "application/json, */*" prefers JSON. The
// default is HTML.
func prefersJSON(accept []string) bool {
	jsonQuality, jsonRank := page.Quality(accept, "application/json", "application/*", "*/*")
	htmlQuality, htmlRank := page.Quality(accept, "text/html", "text/*", "*/*")
	if jsonQuality != htmlQuality {
		return jsonQuality > htmlQuality
	}
	return jsonQuality > 0 && jsonRank < htmlRank
}
