// Package checkout is the payment page: what a person or a program finds behind the link that a
// purchase is answered with, and where a person pays or cancels it. It is a sandbox's page, which says
// so, and moves no money.
package checkout

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Purchases is where a Handler finds what it shows. A *billing.Service is one.
type Purchases interface {
	// Purchase returns the purchase with a token. It fails with billing.ErrPurchaseNotFound for one
	// that does not exist and for a text that is no token.
	Purchase(ctx context.Context, token string) (billing.Purchase, error)
	// Account returns the account that a purchase belongs to.
	Account(ctx context.Context, id string) (billing.Account, error)
	// Pay and Cancel settle a purchase, and return it. They fail with billing.ErrNotPending, and return
	// it all the same, when it was settled in another way or has expired, and to do again what was done
	// before is no failure.
	Pay(ctx context.Context, token string) (billing.Purchase, error)
	Cancel(ctx context.Context, token string) (billing.Purchase, error)
}

// Handler answers below its prefix with the purchase whose token follows it: as a page for people, or
// as JSON for programs, as the request's Accept header prefers. The page's form, sent by POST, pays
// or cancels it; then the browser is led back to the page, so that to load it again sends nothing
// again. A form that does not come from the page is refused with 403.
//
// A purchase that does not exist is answered with 404, one that is paid or cancelled too late with
// 409, another method with 405, and a failure of Purchases with 503 when it passes, else 500, and a
// sentence that does not say what failed: that goes to the log, in which the token is cut short. No answer may be stored, framed
// or indexed, and the page loads nothing from anywhere.
type Handler struct {
	purchases Purchases
	settings  settings
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
	return &Handler{purchases: purchases, settings: s, pages: pages}, nil
}

// Prefix returns the path below which the Handler is to be mounted. It begins and ends with a slash.
func (h *Handler) Prefix() string { return h.settings.prefix }

// URL returns the address of a purchase's page on the server that people reach at publicURL, which
// may have a path of its own.
func (h *Handler) URL(publicURL, token string) string {
	return strings.TrimRight(publicURL, "/") + h.settings.prefix + token
}

// ServeHTTP answers with the purchase whose token is what follows the prefix in the request's path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	a := &answer{w: w, r: r, asJSON: prefersJSON(r.Header.Values("Accept")), handler: h}
	token, ok := strings.CutPrefix(r.URL.Path, h.settings.prefix)
	switch {
	case !ok:
		a.failure(ctx, http.StatusNotFound, notFound)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		h.show(ctx, a, token)
	case r.Method == http.MethodPost:
		h.settle(ctx, a, token)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		a.failure(ctx, http.StatusMethodNotAllowed, "This page can be looked at, and its form can be sent.")
	}
}

// show answers with the purchase as it is.
func (h *Handler) show(ctx context.Context, a *answer, token string) {
	purchase, err := h.purchases.Purchase(ctx, token)
	switch {
	case errors.Is(err, billing.ErrPurchaseNotFound):
		a.failure(ctx, http.StatusNotFound, notFound)
	case err != nil:
		a.broken(ctx, token, err, "The purchase cannot be shown right now. Please try again.")
	default:
		a.purchase(ctx, http.StatusOK, purchase, "")
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
