package checkout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// answer is one answer on its way out.
type answer struct {
	w       http.ResponseWriter
	r       *http.Request
	asJSON  bool
	handler *Handler
}

// purchase answers with a purchase and, where a notice is not empty, with what the reader must know
// besides.
func (a *answer) purchase(ctx context.Context, status int, purchase billing.Purchase, notice string) {
	switch {
	case a.asJSON && notice != "":
		a.json(ctx, status, failureBody{Message: notice})
		return
	case a.asJSON:
		a.json(ctx, status, purchaseBody{
			Status: purchase.Status, Amount: purchase.Amount, Currency: purchase.Currency,
			CreatedAt: purchase.CreatedAt.UTC(),
		})
		return
	}
	account, err := a.handler.purchases.Account(ctx, purchase.AccountID)
	if err != nil {
		a.broken(ctx, purchase.Token, err, "The purchase cannot be shown right now. Please try again.")
		return
	}
	view := describe(purchase, account)
	view.Notice = notice
	if view.Pending {
		view.FormToken = a.handler.formToken(a.w, a.r, purchase.Token)
	}
	a.page(ctx, status, a.handler.pages.purchase, view)
}

// failure answers with a sentence for the reader.
func (a *answer) failure(ctx context.Context, status int, sentence string) {
	if a.asJSON {
		a.json(ctx, status, failureBody{Message: sentence})
		return
	}
	a.page(ctx, status, a.handler.pages.failure, failureView{Status: status, Title: http.StatusText(status), Sentence: sentence})
}

// broken answers for what is not the client's fault, and logs what it was. A client that has gone
// away is nobody's fault.
func (a *answer) broken(ctx context.Context, token string, err error, sentence string) {
	if ctx.Err() == nil {
		a.handler.settings.logger.ErrorContext(ctx, "a purchase cannot be shown or settled",
			"token", billing.ShortToken(token), "error", err)
	}
	status := http.StatusInternalServerError
	if errors.Is(err, billing.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		status = http.StatusServiceUnavailable
		a.w.Header().Set("Retry-After", "1") // to look, pay or cancel again is safe
	}
	a.failure(ctx, status, sentence)
}

func (a *answer) json(ctx context.Context, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // such as a year past 9999
		a.handler.settings.logger.ErrorContext(ctx, "an answer cannot be encoded", "error", err)
		status, encoded = http.StatusInternalServerError, []byte(`{"message":"The answer cannot be written."}`)
	}
	a.write(status, "application/json", encoded)
}

func (a *answer) page(ctx context.Context, status int, page renderer, view any) {
	var body bytes.Buffer // whole before the first byte leaves, so that no page breaks off in the middle
	if err := page.Execute(&body, view); err != nil {
		a.handler.settings.logger.ErrorContext(ctx, "a page cannot be rendered", "error", err)
		a.write(http.StatusInternalServerError, "text/plain; charset=utf-8", []byte("The page cannot be shown.\n"))
		return
	}
	a.write(status, "text/html; charset=utf-8", body.Bytes())
}

func (a *answer) write(status int, contentType string, body []byte) {
	a.protect()
	header := a.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	a.w.WriteHeader(status)
	if a.r.Method != http.MethodHead {
		_, _ = a.w.Write(body) // a client that has gone away is told nothing more
	}
}

// back leads the browser to the page again, with a GET. The address is relative, so that it holds also
// behind a proxy that has put the page below a path of its own.
func (a *answer) back(token string) {
	a.protect()
	a.w.Header().Set("Location", token)
	a.w.WriteHeader(http.StatusSeeOther)
}

// protect keeps an answer from being stored, framed, indexed or told to others.
func (a *answer) protect() {
	header := a.w.Header()
	header.Set("Content-Security-Policy", a.handler.pages.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
}
