// Package sandbox is a server that behaves as the documented API does and keeps what was bought: the
// billing rules over a store, behind the document's contract, with a page behind each payment link. It
// can be seen and steered: a journal says what came and why it was answered as it was, and faults make
// it fail on demand.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/checkout"
	"github.com/turbosmtp-go/billing/server/internal/fault"
	"github.com/turbosmtp-go/billing/server/internal/journal"
)

// Sandbox is a running billing system with its HTTP server.
type Sandbox struct {
	public   string
	billing  *billing.Service
	checkout *checkout.Handler
	journal  *journal.Journal
	faults   *fault.List
	clock    *clock
	server   *server.Server
	settings settings
}

// New makes a sandbox that keeps everything in store, which stays the caller's to close. publicURL is
// how its users reach it, such as http://127.0.0.1:8080: payment links begin with it. With
// WithDemoAccounts, the demo accounts are put into the store.
func New(ctx context.Context, store billing.Store, publicURL string, options ...Option) (*Sandbox, error) {
	s := &Sandbox{settings: defaultSettings()}
	for _, option := range options {
		option(&s.settings)
	}
	if err := s.settings.validate(); err != nil {
		return nil, err
	}
	var err error
	if s.public, err = parsePublicURL(publicURL); err != nil {
		return nil, err
	}
	s.clock = &clock{base: s.settings.now}
	if s.billing, err = billing.New(store, billing.WithClock(s.clock.now)); err != nil {
		return nil, err
	}
	if s.settings.demo {
		if err := s.billing.Seed(ctx, billing.DemoAccounts()); err != nil {
			return nil, fmt.Errorf("sandbox: add the demo accounts: %w", err)
		}
	}
	page := []checkout.Option{checkout.WithLogger(s.settings.logger)}
	if strings.HasPrefix(s.public, "https:") {
		page = append(page, checkout.WithSecureCookie())
	}
	if s.checkout, err = checkout.New(s.billing, page...); err != nil {
		return nil, err
	}
	if s.server, err = s.newServer(); err != nil { //nolint:contextcheck // it compiles documents, which no context ends
		return nil, err
	}
	return s, nil
}

// ReadDocuments reads the documents that New needs, unless they have been read. It is for a goroutine
// beside what comes before New, such as opening the store: New is the quicker for it. What is wrong with
// them, New says.
func ReadDocuments() {
	var both sync.WaitGroup
	both.Go(func() { _, _ = api.SandboxDocument() })
	both.Go(func() { _, _ = api.Document() })
	both.Wait()
}

// newServer puts everything behind one HTTP server.
func (s *Sandbox) newServer() (*server.Server, error) {
	document, err := api.Document()
	if err != nil {
		return nil, err
	}
	shared, err := api.SandboxDocument()
	if err != nil {
		return nil, err
	}
	steering := *shared // of which the topmost fields are changed
	schema := steering.Components.Schemas["Fault"]
	if schema == nil {
		return nil, errors.New("sandbox: the control API's document has no schema of a fault")
	}
	s.faults = fault.New(schema.Value)
	base, err := steering.Servers.BasePath()
	if err != nil {
		return nil, fmt.Errorf("sandbox: the control API's address: %w", err)
	}
	s.journal = journal.New(journal.Settings{
		Size: journalSize, Now: s.clock.now, Secrets: secretHeaders(document), Account: AccountID,
		Skip: func(path string) bool {
			return quiet[path] || strings.HasPrefix(path, docsPath+"/") || path == base || strings.HasPrefix(path, base+"/")
		},
		Shorten: shortener(s.checkout.Prefix()),
	})
	access := newAccess(s.settings, &steering)
	options := []server.Option{
		server.WithLogger(s.settings.logger),
		server.WithReadiness(s.billing.Ready),
		server.WithMiddleware(s.settings.middleware...),
		server.WithHandler(s.checkout.Prefix()+"*", s.checkout),
		server.WithMiddleware(access.guard(base), s.journal.Middleware,
			s.faults.Middleware(func() *contract.Contract { return s.server.Contract() }, AccountID)),
		server.WithRefusals(s.journal.Refused),
		server.WithAPI(server.API{Document: &steering, Authenticator: access, Register: func(router *echo.Echo, basePath string) {
			control.RegisterHandlersWithBaseURL(router, control.NewStrictHandler(controller{s}, nil), basePath)
		}}),
	}
	pages, err := s.pageHandlers(access, document)
	if err != nil {
		return nil, err
	}
	for path, handler := range pages {
		options = append(options, server.WithHandler(path, handler))
	}
	if !s.settings.noPrefer {
		options = append(options, server.WithPrefer())
	}
	return server.New(purchaser{s.billing, s.link}, authenticator{s.billing, s.settings.demo}, append(options, s.settings.server...)...)
}

// Handler returns the sandbox as an http.Handler.
func (s *Sandbox) Handler() http.Handler { return s.server.Handler() }

// Serve accepts connections on listener until ctx is done; see server.Server.Serve. What a fault delays
// then waits no longer.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, s.faults.Hurry)()
	return s.server.Serve(ctx, listener)
}

// Connections returns how many connections are open.
func (s *Sandbox) Connections() int { return s.server.Connections() }

// BasePath is the path that the API's routes begin with.
func (s *Sandbox) BasePath() string { return s.server.BasePath() }

// link is the address of a purchase's page.
func (s *Sandbox) link(token string) string { return s.checkout.URL(s.public, token) }

// parsePublicURL returns the address without a slash at its end.
func parsePublicURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("sandbox: the public URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", fmt.Errorf("sandbox: the public URL %q does not begin with http:// or https:// and a host", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("sandbox: the public URL has a user, a query or a fragment, which links cannot have")
	}
	return strings.TrimRight(text, "/"), nil
}
