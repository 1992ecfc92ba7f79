// Package sandbox is a server that behaves like the documented API: it applies the billing rules to a
// store and serves a payment page for each purchase. A journal records the requests with the reason for
// each response, and faults make requests fail on demand. A Go program controls both with the methods of
// Sandbox, any other program with the control API.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/checkout"
	"github.com/turbosmtp-go/billing/server/internal/fault"
	"github.com/turbosmtp-go/billing/server/internal/journal"
	"github.com/turbosmtp-go/billing/server/internal/store"
)

// Sandbox is a server of the API with its billing system.
type Sandbox struct {
	public      string // the public URL
	settings    settings
	clock       *clock
	billing     *billing.Service
	checkout    *checkout.Handler
	journal     *journal.Journal
	faults      *fault.List
	faultSchema *openapi3.Schema
	server      *server.Server
}

// New returns a Sandbox on a store, which the caller closes. publicURL is the address of the sandbox
// for its users, such as http://127.0.0.1:8080; payment links begin with it. New returns an error for an
// invalid argument, and when the store does not accept the demo accounts.
func New(ctx context.Context, store billing.Store, publicURL string, options ...Option) (*Sandbox, error) {
	public, err := parsePublicURL(publicURL)
	if err != nil {
		return nil, err
	}
	settings, err := newSettings(options)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{public: public, settings: settings, clock: &clock{base: settings.now}, faults: fault.New()}
	if s.billing, err = billing.New(store, billing.WithClock(s.clock.now)); err != nil {
		return nil, err
	}
	if settings.demo {
		if err := s.billing.Seed(ctx, billing.DemoAccounts()); err != nil {
			return nil, fmt.Errorf("sandbox: add the demo accounts: %w", err)
		}
	}
	if s.checkout, err = checkout.New(s.billing, public, settings.logger); err != nil {
		return nil, err
	}
	if err := s.newServer(); err != nil { //nolint:contextcheck // no context ends the compilation of documents
		return nil, err
	}
	return s, nil
}

// Preload parses the documents that New needs, for a program that does something else first, such as opening
// the database. It returns at once; New waits for the results.
func Preload() {
	go func() { _, _ = api.Document() }() // New reports the errors
	go func() { _, _ = api.SandboxDocument() }()
}

// newServer wires everything behind the billing service and the payment page: journal, faults, control
// API, console, API reference and the server of the API.
func (s *Sandbox) newServer() error {
	document, err := api.Document()
	if err != nil {
		return err
	}
	controlDocument, err := api.SandboxDocument()
	if err != nil {
		return err
	}
	controlPath, err := controlDocument.Servers.BasePath()
	if err != nil {
		return fmt.Errorf("sandbox: the server of the control API: %w", err)
	}
	s.faultSchema = controlDocument.Components.Schemas["Fault"].Value
	var pages map[string]http.Handler
	s.journal = journal.New(journal.Settings{
		Size: journalSize,
		Now:  s.clock.now,
		Skip: func(path string) bool {
			return pages[path] != nil || notRecorded[path] || below(path, docsPath) || below(path, controlPath)
		},
		Secrets: secretHeaders(document),
		Redact:  newRedactor(s.checkout.Prefix()),
		Explain: explain,
	})
	access := newAccess(s.settings, controlDocument)
	if pages, err = s.pageHandlers(access, document); err != nil {
		return err
	}
	options := []server.Option{
		server.WithLogger(s.settings.logger),
		server.WithReadiness(s.billing.Ready),
		server.WithMiddleware(s.settings.middleware...),
		server.WithMiddleware(
			access.guard(controlPath),
			s.journal.Middleware,
			s.faults.Middleware(func() fault.API { return s.server.Contract() }, AccountID),
		),
		server.WithAPI(s.controlAPI(controlDocument, access)),
		server.WithHandler(s.checkout.Prefix()+"*", s.checkout),
	}
	for path, handler := range pages {
		options = append(options, server.WithHandler(path, handler))
	}
	if !s.settings.noPrefer {
		options = append(options, server.WithPrefer())
	}
	own := billingAPI{s}
	s.server, err = server.New(own, contract.AuthenticatorFunc(own.authenticate), append(options, s.settings.server...)...)
	return err
}

// controlAPI returns the control API. Without a token, access alone protects it.
func (s *Sandbox) controlAPI(document *openapi3.T, access access) server.API {
	if access.token == "" {
		open := *document // all sandboxes share the document
		open.Security = nil
		document = &open
	}
	return server.API{Document: document, Authenticator: access, Register: func(router *echo.Echo, basePath string) {
		control.RegisterHandlersWithBaseURL(router, control.NewStrictHandler(controller{s}, nil), basePath)
	}}
}

// journalSize is the number of requests in the journal, whose entries need a few megabytes.
const journalSize = 1000

// docsPath is the path of the API reference; see reference.Paths.
const docsPath = "/docs"

// notRecorded are paths, besides those of pages, that are not part of the API and whose requests are not in the journal.
var notRecorded = map[string]bool{"/favicon.ico": true, "/livez": true, "/readyz": true}

// Handler returns the sandbox as an http.Handler.
func (s *Sandbox) Handler() http.Handler { return s.server.Handler() }

// Serve accepts connections on a listener until ctx is done, which also ends the delays of faults; see
// server.Server.Serve.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, s.faults.StopDelays)()
	return s.server.Serve(ctx, s.faults.Listener(listener))
}

// Connections returns the number of open connections.
func (s *Sandbox) Connections() int { return s.server.Connections() }

// BasePath returns the base path of the API.
func (s *Sandbox) BasePath() string { return s.server.BasePath() }

// OpenStore opens the database at an address for New: sqlite:PATH, sqlite::memory: or a postgres:// URL.
// It creates the file and the tables if they are missing. The caller closes the store after Serve has
// returned.
func OpenStore(ctx context.Context, address string) (billing.Store, error) {
	return store.Open(ctx, address)
}

// DemoAccounts returns the accounts of WithDemoAccounts with their public credentials: an active account,
// an inactive account, and an account without a plan.
func DemoAccounts() []billing.SeedAccount { return billing.DemoAccounts() }

// link returns the payment link of a purchase.
func (s *Sandbox) link(token string) string { return s.checkout.URL(token) }

// parsePublicURL checks a public URL and returns it without trailing slashes.
func parsePublicURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("sandbox: the public URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", fmt.Errorf("sandbox: the public URL %q must begin with http:// or https:// and a host", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("sandbox: the public URL must not have a user, a query or a fragment")
	}
	return strings.TrimRight(text, "/"), nil
}
