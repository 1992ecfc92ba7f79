// Package sandbox is a server that behaves as the documented API does and keeps what was bought: the
// billing rules over a store, behind the document's contract, with a page behind each payment link.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/billing"
	"github.com/turbosmtp-go/billing/server/checkout"
)

// Sandbox is a running billing system with its HTTP server.
type Sandbox struct {
	billing  *billing.Service
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
	public, err := parsePublicURL(publicURL)
	if err != nil {
		return nil, err
	}
	if s.billing, err = billing.New(store, billing.WithClock(s.settings.now)); err != nil {
		return nil, err
	}
	if s.settings.demo {
		if err := s.billing.Seed(ctx, billing.DemoAccounts()); err != nil {
			return nil, fmt.Errorf("sandbox: add the demo accounts: %w", err)
		}
	}
	page := []checkout.Option{checkout.WithLogger(s.settings.logger)}
	if strings.HasPrefix(public, "https:") {
		page = append(page, checkout.WithSecureCookie())
	}
	pages, err := checkout.New(s.billing, page...)
	if err != nil {
		return nil, err
	}
	link := func(token string) string { return pages.URL(public, token) }
	s.server, err = server.New(purchaser{s.billing, link}, authenticator{s.billing, s.settings.demo}, //nolint:contextcheck // it compiles the document, which no context ends
		append([]server.Option{
			server.WithLogger(s.settings.logger),
			server.WithReadiness(s.billing.Ready),
			server.WithHandler(pages.Prefix()+"*", pages),
		}, s.settings.server...)...)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Handler returns the sandbox as an http.Handler.
func (s *Sandbox) Handler() http.Handler { return s.server.Handler() }

// Serve accepts connections on listener until ctx is done; see server.Server.Serve.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener) error {
	return s.server.Serve(ctx, listener)
}

// BasePath is the path that the API's routes begin with.
func (s *Sandbox) BasePath() string { return s.server.BasePath() }

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
