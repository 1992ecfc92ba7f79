// Package console serves the web console of a sandbox: the start page, and the journal page, which
// displays recorded requests.
package console

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/turbosmtp-go/billing/server/internal/journal"
	"github.com/turbosmtp-go/billing/server/internal/page"
)

//go:embed html
var files embed.FS

// entriesPerPage is the number of entries on one journal page.
const entriesPerPage = 50

// Config contains what a Console displays. All fields are required.
type Config struct {
	Start Start
	// Entries returns up to limit journal entries, the newest first. If before is not 0, all of them have
	// a lower id than before.
	Entries func(limit int, before int64) []journal.Entry
	// Logger receives the errors of pages that cannot be rendered.
	Logger *slog.Logger
}

// Start is the content of the start page.
type Start struct {
	// BaseURL is the base URL of the API.
	BaseURL string
	// KeyNames are the names of the credential headers, in the order of Account.Keys.
	KeyNames []string
	// Accounts are the demo accounts. The list can be empty.
	Accounts []Account
	// Curl is a command that buys credits. It is empty if there are no demo accounts.
	Curl string
}

// Account is a demo account.
type Account struct {
	Name string
	Keys []string
	// Result is the response to a valid purchase request of the account.
	Result string
}

// Console serves the pages.
type Console struct {
	config Config
	pages  *page.Pages
}

// New returns a Console.
func New(c Config) (*Console, error) {
	if c.Entries == nil || c.Logger == nil {
		return nil, errors.New("console: the entries or the logger are nil")
	}
	pages, err := page.New(page.Config{Files: files, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	return &Console{config: c, pages: pages}, nil
}

// journalView is the content of the journal page.
type journalView struct {
	Entries []journal.Entry
	Older   int64 // the value of before for the next page, or 0 if this is the last one
	Later   bool  // there are newer entries than these
}

// StartPage returns the handler of the start page.
func (c *Console) StartPage() http.Handler {
	return c.pages.ReadOnly(func(w http.ResponseWriter, r *http.Request) {
		c.pages.Write(w, r, http.StatusOK, "start", c.config.Start)
	})
}

// JournalPage returns the handler of the journal page. The query parameter before is the id of an entry:
// the page then begins with the next older entry. An invalid id is ignored.
func (c *Console) JournalPage() http.Handler {
	return c.pages.ReadOnly(func(w http.ResponseWriter, r *http.Request) {
		before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
		if err != nil {
			before = 0
		}
		view := journalView{Entries: c.config.Entries(entriesPerPage+1, before), Later: before > 0}
		if len(view.Entries) > entriesPerPage {
			view.Entries = view.Entries[:entriesPerPage]
			view.Older = view.Entries[entriesPerPage-1].ID
		}
		c.pages.Write(w, r, http.StatusOK, "journal", view)
	})
}

// Document returns a handler that serves an OpenAPI document in YAML.
func (c *Console) Document(yaml []byte) http.Handler {
	return c.pages.ReadOnly(func(w http.ResponseWriter, r *http.Request) {
		page.WriteBytes(w, r, http.StatusOK, "application/yaml", yaml)
	})
}

// Refuse responds with the failure page: the status, and a sentence that says what to do.
func (c *Console) Refuse(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	c.pages.ReadOnly(func(w http.ResponseWriter, r *http.Request) {
		c.pages.WriteFailure(w, r, status, sentence)
	}).ServeHTTP(w, r)
}
