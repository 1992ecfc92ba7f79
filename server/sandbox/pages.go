package sandbox

import (
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/console"
	"github.com/turbosmtp-go/billing/server/internal/reference"
)

// pageHandlers returns the handlers of the web console and of the API reference, by path.
func (s *Sandbox) pageHandlers(access access, document *openapi3.T) (map[string]http.Handler, error) {
	docs, err := reference.New(api.YAML(), document, s.public, s.settings.logger)
	if err != nil {
		return nil, err
	}
	start, err := s.startContent(docs.BaseURL())
	if err != nil {
		return nil, err
	}
	pages, err := console.New(console.Config{Start: start, Entries: s.journal.List, Logger: s.settings.logger})
	if err != nil {
		return nil, err
	}
	handlers := map[string]http.Handler{
		"/":             pages.StartPage(),
		"/journal":      access.protect(pages.JournalPage(), pages.Refuse),
		"/sandbox.yaml": pages.Document(api.SandboxYAML()),
	}
	for _, path := range reference.Paths() {
		handlers[path] = docs
	}
	return handlers, nil
}

// startContent returns the content of the start page. The demo accounts are part of it if the sandbox has them.
func (s *Sandbox) startContent(baseURL string) (console.Start, error) {
	start := console.Start{BaseURL: baseURL}
	if !s.settings.demo {
		return start, nil
	}
	example, err := NewExampleCommands(baseURL)
	if err != nil {
		return start, err
	}
	start.Curl = example.Curl
	start.KeyNames = []string{model.ConsumerKeyHeader, model.ConsumerSecretHeader, model.AuthorizationHeader}
	for _, demo := range billing.DemoAccounts() {
		result := "200 and the payment link"
		switch {
		case !demo.Account.Active:
			result = "401 " + string(model.AccountIsInactive)
		case !demo.Account.ActivePlan:
			result = "400 " + string(model.CanNotBuyExtraCreditWithoutActivePlan)
		}
		start.Accounts = append(start.Accounts, console.Account{
			Name: demo.Account.Name, Result: result,
			Keys: []string{demo.ConsumerKey, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal()},
		})
	}
	return start, nil
}

// protect passes a request for a page to next if the client has access, and to refuse if not. Browsers
// cannot send the control token as a bearer token, so the page takes it as the password of HTTP Basic.
func (a access) protect(next http.Handler, refuse func(w http.ResponseWriter, r *http.Request, status int, sentence string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, sentence := a.refusal(r); status != 0 {
			refuse(w, r, status, sentence)
			return
		}
		if _, password, _ := r.BasicAuth(); a.token != "" && !a.isToken(password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="The control token is the password", charset="UTF-8"`)
			refuse(w, r, http.StatusUnauthorized, "The journal requires the control token. Enter it as the password, with any user name.")
			return
		}
		next.ServeHTTP(w, r)
	})
}
