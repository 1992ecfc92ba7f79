// Package checkout is the payment page: what a person or a program finds behind the link that a
// purchase is answered with. It is a sandbox's page, which says so, and moves no money.
package checkout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/server/billing"
)

// Purchases is where a Handler finds what it shows. A *billing.Service is one.
type Purchases interface {
	// Purchase returns the purchase with a token. It fails with billing.ErrPurchaseNotFound for one
	// that does not exist and for a text that is no token.
	Purchase(ctx context.Context, token string) (billing.Purchase, error)
	// Account returns the account that a purchase belongs to.
	Account(ctx context.Context, id string) (billing.Account, error)
}

// Handler answers GET and HEAD below its prefix, with the purchase whose token follows it: as a page
// for people, or as JSON for programs, as the request's Accept header prefers.
//
// A purchase that does not exist is answered with 404, another method with 405, and a failure of
// Purchases with 500 and a sentence that does not say what failed: that goes to the log, in which
// the token is cut short. No answer may be stored, framed or indexed, and the page loads nothing
// from anywhere.
type Handler struct {
	purchases Purchases
	prefix    string
	logger    *slog.Logger
	pages     *pages
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler that shows purchases.
func New(purchases Purchases, options ...Option) (*Handler, error) {
	if purchases == nil {
		return nil, errors.New("checkout: there are no purchases to show")
	}
	s := defaultSettings()
	for _, option := range options {
		option(&s)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	return &Handler{purchases: purchases, prefix: s.prefix, logger: s.logger, pages: pages}, nil
}

// Prefix returns the path below which the Handler is to be mounted. It begins and ends with a slash.
func (h *Handler) Prefix() string { return h.prefix }

// URL returns the address of a purchase's page on the server that people reach at publicURL, which
// may have a path of its own.
func (h *Handler) URL(publicURL, token string) string {
	return strings.TrimRight(publicURL, "/") + h.prefix + token
}

// ServeHTTP answers with the purchase whose token is what follows the prefix in the request's path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	a := answer{w: w, r: r, asJSON: prefersJSON(r.Header.Values("Accept")), handler: h}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		a.failure(ctx, http.StatusMethodNotAllowed, "This page can only be looked at.")
		return
	}
	token, ok := strings.CutPrefix(r.URL.Path, h.prefix)
	if !ok {
		a.failure(ctx, http.StatusNotFound, notFound)
		return
	}
	purchase, err := h.purchases.Purchase(ctx, token)
	switch {
	case errors.Is(err, billing.ErrPurchaseNotFound):
		a.failure(ctx, http.StatusNotFound, notFound)
	case err != nil:
		a.broken(ctx, token, err)
	case a.asJSON:
		a.json(ctx, http.StatusOK, purchaseBody{
			Status: purchase.Status, Amount: purchase.Amount, Currency: purchase.Currency,
			CreatedAt: purchase.CreatedAt.UTC(),
		})
	default:
		account, err := h.purchases.Account(ctx, purchase.AccountID)
		if err != nil {
			a.broken(ctx, token, err)
			return
		}
		a.page(ctx, http.StatusOK, h.pages.purchase, describe(purchase, account))
	}
}

const notFound = "There is no such purchase."

// purchaseBody is a purchase for programs.
type purchaseBody struct {
	Status    billing.Status `json:"status"`
	Amount    int64          `json:"amount"`
	Currency  string         `json:"currency"`
	CreatedAt time.Time      `json:"created_at"`
}

// failureBody is every other answer for programs, in the form of the API's own.
type failureBody struct {
	Message string `json:"message"`
}

// answer is one answer on its way out.
type answer struct {
	w       http.ResponseWriter
	r       *http.Request
	asJSON  bool
	handler *Handler
}

// failure answers with a sentence for the reader.
func (a answer) failure(ctx context.Context, status int, sentence string) {
	if a.asJSON {
		a.json(ctx, status, failureBody{Message: sentence})
		return
	}
	a.page(ctx, status, a.handler.pages.failure, failureView{Status: status, Title: http.StatusText(status), Sentence: sentence})
}

// broken answers for what is not the client's fault, and logs what it was. A client that has gone
// away is nobody's fault.
func (a answer) broken(ctx context.Context, token string, err error) {
	if ctx.Err() == nil {
		a.handler.logger.ErrorContext(ctx, "a purchase cannot be shown",
			"token", billing.ShortToken(token), "error", err)
	}
	a.failure(ctx, http.StatusInternalServerError, "The purchase cannot be shown right now. Please try again.")
}

func (a answer) json(ctx context.Context, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // such as a year past 9999
		a.handler.logger.ErrorContext(ctx, "an answer cannot be encoded", "error", err)
		status, encoded = http.StatusInternalServerError, []byte(`{"message":"The answer cannot be written."}`)
	}
	a.write(status, "application/json", encoded)
}

func (a answer) page(ctx context.Context, status int, page renderer, view any) {
	var body bytes.Buffer // whole before the first byte leaves, so that no page breaks off in the middle
	if err := page.Execute(&body, view); err != nil {
		a.handler.logger.ErrorContext(ctx, "a page cannot be rendered", "error", err)
		a.write(http.StatusInternalServerError, "text/plain; charset=utf-8", []byte("The page cannot be shown.\n"))
		return
	}
	a.write(status, "text/html; charset=utf-8", body.Bytes())
}

func (a answer) write(status int, contentType string, body []byte) {
	header := a.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Content-Security-Policy", a.handler.pages.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	a.w.WriteHeader(status)
	if a.r.Method != http.MethodHead {
		_, _ = a.w.Write(body) // a client that has gone away is told nothing more
	}
}
