package checkout

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

//go:embed page
var files embed.FS

// pages are what people see.
type pages struct {
	purchase renderer
	failure  renderer
	// policy is the Content-Security-Policy of every answer: nothing is loaded and nothing runs, but
	// the style sheet that stands in the page itself, known by its hash.
	policy string
}

// renderer writes a page.
type renderer interface {
	Execute(w io.Writer, view any) error
}

func newPages() (*pages, error) {
	style, err := files.ReadFile("page/style.css")
	if err != nil {
		return nil, fmt.Errorf("checkout: %w", err)
	}
	base, err := template.New("layout.html").
		Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}). //nolint:gosec // it is embedded
		ParseFS(files, "page/layout.html")
	if err != nil {
		return nil, fmt.Errorf("checkout: %w", err)
	}
	p := &pages{policy: contentSecurityPolicy(style)}
	for name, into := range map[string]*renderer{"purchase": &p.purchase, "failure": &p.failure} {
		page, err := base.Clone()
		if err == nil {
			*into, err = page.ParseFS(files, "page/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("checkout: %w", err)
		}
	}
	return p, nil
}

func contentSecurityPolicy(style []byte) string {
	hash := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
}

// purchaseView is what the page of a purchase says.
type purchaseView struct {
	Account   string
	Amount    string
	Currency  string
	Status    billing.Status
	State     string // the status in words
	Created   moment
	Expires   moment
	Settled   moment
	Pending   bool
	Notice    string // what the reader must know besides
	FormToken string // of a pending one
}

// moment is a point in time for a page.
type moment struct {
	Text    string // for people
	Machine string // for the datetime attribute
}

func momentOf(t time.Time) moment {
	return moment{t.UTC().Format("2 Jan 2006, 15:04 UTC"), t.UTC().Format(time.RFC3339)}
}

// failureView is what the page of a failure says.
type failureView struct {
	Status   int
	Title    string
	Sentence string
}

func describe(p billing.Purchase, account billing.Account) purchaseView {
	return purchaseView{
		Account:  account.Name,
		Amount:   grouped(p.Amount),
		Currency: p.Currency,
		Status:   p.Status,
		State:    state(p.Status),
		Created:  momentOf(p.CreatedAt),
		Expires:  momentOf(p.ExpiresAt()),
		Settled:  momentOf(p.SettledAt),
		Pending:  p.Status == billing.StatusPending,
	}
}

// state says in words how far a purchase has come.
func state(status billing.Status) string {
	switch status {
	case billing.StatusPending:
		return "Waiting for payment"
	case billing.StatusPaid:
		return "Paid"
	case billing.StatusCancelled:
		return "Cancelled"
	case billing.StatusExpired:
		return "Expired"
	}
	return string(status)
}

// grouped writes a number with commas between thousands, as English has them.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
