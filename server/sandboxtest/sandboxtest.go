// Package sandboxtest runs a sandbox inside a Go test: on a free port, in memory, and gone when the
// test ends. Any number of them can run at once.
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

// Sandbox is a running sandbox. Its methods fail the test when they cannot do what they are for.
type Sandbox struct {
	// URL is the base URL of the API, for client.WithBaseURL and other clients.
	URL string
	// Origin is where everything else is: the start page, /docs, and the control API.
	Origin string
	// Active, Inactive and NoPlan are options for client.New, one list for each demo account: they set
	// the base URL and the credentials.
	Active, Inactive, NoPlan []client.Option

	t   testing.TB
	box *sandbox.Sandbox
}

// Start starts a sandbox and stops it when the test ends. Its clock is the real one, until it is
// advanced. What the sandbox logs is thrown away unless options say otherwise.
func Start(t testing.TB, options ...sandbox.Option) *Sandbox {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	store, err := sandbox.OpenStore(ctx, "sqlite::memory:")
	if err != nil {
		t.Fatalf("sandboxtest: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("sandboxtest: %v", err)
		}
	})
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("sandboxtest: %v", err)
	}
	origin := "http://" + listener.Addr().String()
	box, err := sandbox.New(ctx, store, origin, append([]sandbox.Option{
		sandbox.WithDemoAccounts(), sandbox.WithOpenControl(), sandbox.WithLogger(slog.New(slog.DiscardHandler)),
		// A test that is over waits for nobody, and one that tries wrong keys is no attack.
		sandbox.WithServer(server.WithDrain(0), server.WithoutThrottle()),
	}, options...)...)
	if err != nil {
		_ = listener.Close()
		t.Fatalf("sandboxtest: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- box.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("sandboxtest: %v", err)
		}
	})
	s := &Sandbox{URL: origin + box.BasePath(), Origin: origin, t: t, box: box}
	s.Active, s.Inactive, s.NoPlan = s.options(0), s.options(1), s.options(2)
	return s
}

// options are for a client of a demo account, by its place among them.
func (s *Sandbox) options(account int) []client.Option {
	demo := sandbox.DemoAccounts()[account]
	return []client.Option{client.WithBaseURL(s.URL), client.WithConsumerKey(demo.ConsumerKey, demo.ConsumerSecret.Reveal())}
}

// Purchases returns what was bought, newest first.
func (s *Sandbox) Purchases() []control.Purchase {
	s.t.Helper()
	purchases, err := s.box.Purchases(s.t.Context(), sandbox.PurchaseFilter{})
	if err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
	return purchases
}

// Accounts returns the accounts with their balances, by ID.
func (s *Sandbox) Accounts() []control.Account {
	s.t.Helper()
	accounts, err := s.box.Accounts(s.t.Context())
	if err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
	return accounts
}

// Journal returns the last 1000 requests that arrived, newest first.
func (s *Sandbox) Journal() []control.JournalEntry {
	return s.box.Journal(1000, 0)
}

// Fail makes requests to the API fail, as the fault says, and returns what takes the fault away again.
// A fault without Times and Every acts on every request until then.
func (s *Sandbox) Fail(fault control.Fault) (remove func()) {
	s.t.Helper()
	added, err := s.box.Fail(fault)
	if err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
	return func() { s.box.RemoveFault(added.ID) }
}

// Advance moves the sandbox's clock forward. What is pending has expired after 24 hours.
func (s *Sandbox) Advance(d time.Duration) {
	s.t.Helper()
	if err := s.box.Advance(d); err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
}

// Pay pays the purchase behind a payment link, as its page does, and returns it.
func (s *Sandbox) Pay(link string) control.Purchase {
	s.t.Helper()
	return s.settle(link, control.SettlePaid)
}

// Cancel cancels the purchase behind a payment link, as its page does, and returns it.
func (s *Sandbox) Cancel(link string) control.Purchase {
	s.t.Helper()
	return s.settle(link, control.SettleCancelled)
}

func (s *Sandbox) settle(link string, status control.SettlementStatus) control.Purchase {
	s.t.Helper()
	purchase, err := s.box.Settle(s.t.Context(), path.Base(link), status)
	if err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
	return purchase
}

// Reset makes the sandbox as new: no purchases, balances, faults and journal, and the real time.
func (s *Sandbox) Reset() {
	s.t.Helper()
	if err := s.box.Reset(s.t.Context()); err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
}
