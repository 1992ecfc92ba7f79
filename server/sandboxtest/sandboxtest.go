// Package sandboxtest runs a sandbox inside a Go test: on a free port, in memory, until the test ends. A
// test can start several sandboxes.
package sandboxtest

import (
	"context"
	"log/slog"
	"net"
	"path"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// Sandbox is a running sandbox. Its methods fail the test on an error.
type Sandbox struct {
	// URL is the base URL of the API, for client.WithBaseURL.
	URL string
	// Origin is the address of the console, the API reference and the control API.
	Origin string
	// Active, Inactive and NoPlan are options for client.New, one list per demo account: the base URL and
	// the credentials.
	Active, Inactive, NoPlan []client.Option

	t   testing.TB
	box *sandbox.Sandbox
}

// Start starts a sandbox and stops it when the test ends. By default it discards its log.
func Start(t testing.TB, options ...sandbox.Option) *Sandbox {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	store, err := sandbox.OpenStore(ctx, "sqlite::memory:")
	check(t, err)
	t.Cleanup(func() { report(t, store.Close()) })
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // Serve closes it too
	origin := "http://" + listener.Addr().String()
	box, err := sandbox.New(ctx, store, origin, append([]sandbox.Option{
		sandbox.WithDemoAccounts(), sandbox.WithOpenControl(), sandbox.WithLogger(slog.New(slog.DiscardHandler)),
		// A test need not wait for its own connections, and may send wrong credentials at any rate.
		sandbox.WithServer(server.WithDrain(0), server.WithoutThrottle()),
	}, options...)...)
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- box.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		report(t, <-served)
	})
	s := &Sandbox{URL: origin + box.BasePath(), Origin: origin, t: t, box: box}
	for i, list := range []*[]client.Option{&s.Active, &s.Inactive, &s.NoPlan} {
		demo := sandbox.DemoAccounts()[i]
		*list = []client.Option{client.WithBaseURL(s.URL), client.WithConsumerKey(demo.ConsumerKey, demo.ConsumerSecret.Reveal())}
	}
	return s
}

// Purchases returns the purchases, newest first.
func (s *Sandbox) Purchases() []control.Purchase {
	s.t.Helper()
	purchases, err := s.box.Purchases(s.t.Context(), sandbox.PurchaseFilter{})
	check(s.t, err)
	return purchases
}

// Accounts returns the accounts with their balances, sorted by ID.
func (s *Sandbox) Accounts() []control.Account {
	s.t.Helper()
	accounts, err := s.box.Accounts(s.t.Context())
	check(s.t, err)
	return accounts
}

// Journal returns the last 1000 requests, newest first.
func (s *Sandbox) Journal() []control.JournalEntry { return s.box.Journal(1000, 0) }

// Fail adds a fault and returns a function that removes it. A fault without Times and Every acts on
// every request until it is removed.
func (s *Sandbox) Fail(fault control.Fault) (remove func()) {
	s.t.Helper()
	added, err := s.box.Fail(fault)
	check(s.t, err)
	return func() { s.box.RemoveFault(added.ID) }
}

// Advance moves the sandbox's clock forward. Pending purchases expire after 24 hours.
func (s *Sandbox) Advance(d time.Duration) {
	s.t.Helper()
	check(s.t, s.box.Advance(d))
}

// Pay pays the purchase of a payment link, as its page does, and returns it.
func (s *Sandbox) Pay(link string) control.Purchase {
	s.t.Helper()
	return s.settle(link, control.SettlePaid)
}

// Cancel cancels the purchase of a payment link, as its page does, and returns it.
func (s *Sandbox) Cancel(link string) control.Purchase {
	s.t.Helper()
	return s.settle(link, control.SettleCancelled)
}

func (s *Sandbox) settle(link string, status control.SettlementStatus) control.Purchase {
	s.t.Helper()
	purchase, err := s.box.Settle(s.t.Context(), path.Base(link), status)
	check(s.t, err)
	return purchase
}

// Reset deletes all purchases, balances, faults and journal entries, and sets the clock to the real time.
func (s *Sandbox) Reset() {
	s.t.Helper()
	check(s.t, s.box.Reset(s.t.Context()))
}

// check stops the test on an error, and report only fails it.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("sandboxtest: %v", err)
	}
}

func report(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("sandboxtest: %v", err)
	}
}
