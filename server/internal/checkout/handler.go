// Package checkout serves the payment page of a purchase. The page displays the purchase, and its form
// pays or cancels it. It is the page of a sandbox: no money moves.
package checkout

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/page"
)

//go:embed html
var files embed.FS

const prefix = "/checkout/"

// Purchases finds and settles purchases. *billing.Service implements it.
type Purchases interface {
	// Purchase returns the purchase with a token. It returns billing.ErrPurchaseNotFound if there is none
	// or if the token is malformed.
	Purchase(ctx context.Context, token string) (billing.Purchase, error)
	// Account returns the account of a purchase.
	Account(ctx context.Context, id string) (billing.Account, error)
	// Pay and Cancel settle a purchase and return it. Both are idempotent. They return the purchase and
	// billing.ErrNotPending if it has expired or is settled in the other way.
	Pay(ctx context.Context, token string) (billing.Purchase, error)
	Cancel(ctx context.Context, token string) (billing.Purchase, error)
}

// Handler serves the purchase whose token follows the prefix in the request's path. The Accept header
// selects the HTML page or JSON. POST with the page's form pays or cancels the purchase and redirects to
// the page; a form that was not sent by the page gets 403.
//
// A missing purchase gets 404, a purchase that can no longer be paid or cancelled 409, another method
// 405, and an error of Purchases 503 if it is temporary, else 500. Details of such an error go to the
// log only, with a shortened token.
type Handler struct {
	purchases Purchases
	publicURL string // without a slash at the end
	logger    *slog.Logger
	pages     *page.Pages
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler for purchases. publicURL is the address of the server and can have a path. If it begins with
// https, the page's cookie is Secure, also behind a proxy.
func New(purchases Purchases, publicURL string, logger *slog.Logger) (*Handler, error) {
	if purchases == nil || logger == nil {
		return nil, errors.New("checkout: the purchases or the logger are nil")
	}
	pages, err := page.New(page.Config{Files: files, NoLinks: true, Forms: true, Logger: logger, Funcs: template.FuncMap{
		"grouped": grouped, "statusLabel": statusLabel,
	}})
	if err != nil {
		return nil, err
	}
	return &Handler{purchases: purchases, publicURL: strings.TrimRight(publicURL, "/"), logger: logger, pages: pages}, nil
}

// Prefix returns the path prefix of the payment pages. It begins and ends with a slash.
func (h *Handler) Prefix() string { return prefix }

// URL returns the address of a purchase's page.
func (h *Handler) URL(token string) string { return h.publicURL + prefix + token }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.pages.SetHeaders(w.Header())
	w.Header().Set("Vary", "Accept")
	token, ok := strings.CutPrefix(r.URL.Path, prefix)
	switch {
	case !ok:
		h.writeFailure(w, r, http.StatusNotFound, notFound)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		purchase, err := h.purchases.Purchase(r.Context(), token)
		if err != nil {
			h.writeError(w, r, err, token, cannotDisplay)
			return
		}
		h.writePurchase(w, r, http.StatusOK, purchase, "")
	case r.Method == http.MethodPost:
		h.settle(w, r, token)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		h.writeFailure(w, r, http.StatusMethodNotAllowed, "The method is not allowed for this path. Use GET, HEAD or POST.")
	}
}
