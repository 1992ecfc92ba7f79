package sandbox

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/console"
)

// Where people begin.
const (
	startPath    = "/"
	journalPath  = "/journal"
	controlYAML  = "/sandbox.yaml"
	entriesAPage = 50
)

// homePages are read once, as tests start hundreds of sandboxes.
var homePages = sync.OnceValues(console.New)

// homeHandlers returns the handlers of the pages for people, by path.
func (s *Sandbox) homeHandlers(who access) (map[string]http.Handler, error) {
	pages, err := homePages()
	if err != nil {
		return nil, err
	}
	return map[string]http.Handler{
		startPath:   readOnly(func(w http.ResponseWriter, r *http.Request) { s.serveStart(pages, w, r) }),
		journalPath: readOnly(func(w http.ResponseWriter, r *http.Request) { s.serveJournal(pages, who, w, r) }),
		controlYAML: readOnly(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/yaml")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(api.SandboxYAML()) // a client that has gone away is told nothing more
		}),
	}, nil
}

// readOnly answers all methods but GET and HEAD with 405.
func readOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusMethodNotAllowed)
			_, _ = w.Write([]byte(`{"message":"This page can only be looked at."}`))
			return
		}
		next(w, r)
	})
}

func (s *Sandbox) serveStart(pages *console.Pages, w http.ResponseWriter, r *http.Request) {
	view := console.Start{API: s.public + s.BasePath()}
	if s.settings.demo {
		hints, err := NewExampleCommands(view.API)
		if err != nil {
			s.pageFailed(w, r, err)
			return
		}
		view.Curl = hints.Curl
		view.Keys = []string{model.ConsumerKeyHeader, model.ConsumerSecretHeader, model.AuthorizationHeader}
		for _, demo := range billing.DemoAccounts() {
			view.Accounts = append(view.Accounts, console.Account{
				Name: demo.Account.Name, Gets: gets(demo.Account),
				Keys: []string{demo.ConsumerKey, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal()},
			})
		}
	}
	if err := pages.WriteStart(w, view); err != nil {
		s.pageFailed(w, r, err)
	}
}

// gets is what a valid purchase of an account is answered with.
func gets(account billing.Account) string {
	switch {
	case !account.Active:
		return "401 " + string(model.AccountIsInactive)
	case !account.ActivePlan:
		return "400 " + string(model.CanNotBuyExtraCreditWithoutActivePlan)
	}
	return "200, with the payment link"
}

func (s *Sandbox) serveJournal(pages *console.Pages, who access, w http.ResponseWriter, r *http.Request) {
	if status, sentence := who.refusal(r); status != 0 {
		if err := pages.WriteFailure(w, console.Failure{Status: status, Sentence: sentence}); err != nil {
			s.pageFailed(w, r, err)
		}
		return
	}
	// A browser sends no bearer token, but asks for a password.
	if _, password, _ := r.BasicAuth(); who.token != "" && !who.isToken(password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="The control token is the password", charset="UTF-8"`)
		if err := pages.WriteFailure(w, console.Failure{Status: http.StatusUnauthorized, Sentence: "The journal needs the control token, as the password of any user name."}); err != nil {
			s.pageFailed(w, r, err)
		}
		return
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number begins with the newest
	view := console.Journal{Entries: s.Journal(entriesAPage+1, before), Later: before > 0}
	if len(view.Entries) > entriesAPage {
		view.Entries = view.Entries[:entriesAPage]
		view.Older = view.Entries[entriesAPage-1].ID
	}
	if err := pages.WriteJournal(w, view); err != nil {
		s.pageFailed(w, r, err)
	}
}

func (s *Sandbox) pageFailed(w http.ResponseWriter, r *http.Request, err error) {
	s.settings.logger.ErrorContext(r.Context(), "a page cannot be rendered", "error", err)
	http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
}
