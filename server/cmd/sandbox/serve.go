package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

// serve is the command sandbox serve.
type serve struct {
	Addr         string `help:"Address to listen on; port 0 is any free one ($SANDBOX_ADDR)." placeholder:"HOST:PORT" default:"127.0.0.1:8080" variable:"SANDBOX_ADDR"`
	Database     string `help:"Where to keep accounts and purchases: sqlite:PATH or sqlite::memory: ($SANDBOX_DATABASE)." placeholder:"DATABASE" default:"sqlite:sandbox.db" variable:"SANDBOX_DATABASE"`
	PublicURL    string `help:"Address that payment links begin with, if it is not the one listened on ($SANDBOX_PUBLIC_URL)." placeholder:"URL" variable:"SANDBOX_PUBLIC_URL"`
	ControlToken string `help:"Token, of at least 16 characters, that the control API then needs. Where only this machine can reach the sandbox it needs none otherwise; anywhere else it is off ($SANDBOX_CONTROL_TOKEN)." placeholder:"TOKEN" variable:"SANDBOX_CONTROL_TOKEN"`
	NoPrefer     bool   `help:"Ignore the header Prefer, by which a request can choose its answer among the document's examples ($SANDBOX_NO_PREFER)." variable:"SANDBOX_NO_PREFER"`
	DemoAccounts bool   `help:"Let in the demo accounts, whose keys everybody knows, also on an address that others can reach ($SANDBOX_DEMO_ACCOUNTS)." variable:"SANDBOX_DEMO_ACCOUNTS"`
}

// Run serves until the context is done.
func (s *serve) Run(env *environment) (err error) {
	store, err := sandbox.OpenStore(env.ctx, s.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var config net.ListenConfig
	listener, err := config.Listen(env.ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --addr", s.Addr, err)
	}
	local := isLoopback(listener.Addr())
	demo := local || s.DemoAccounts
	public := s.PublicURL
	if public == "" {
		public = "http://" + reachable(listener.Addr())
	}
	options := []sandbox.Option{sandbox.WithLogger(slog.New(slog.NewTextHandler(env.stderr, nil)))}
	if demo {
		options = append(options, sandbox.WithDemoAccounts())
	}
	if s.ControlToken != "" {
		options = append(options, sandbox.WithControlToken(s.ControlToken))
	} else if local {
		options = append(options, sandbox.WithOpenControl())
	}
	if s.NoPrefer {
		options = append(options, sandbox.WithoutPrefer())
	}
	box, err := sandbox.New(env.ctx, store, public, options...)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := s.announce(env.stdout, box, strings.TrimRight(public, "/"), demo, local); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := box.Serve(env.ctx, listener); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(env.stdout, "Stopped.")
	return nil
}

// announce says where the sandbox is and what to paste next.
func (s *serve) announce(w io.Writer, box *sandbox.Sandbox, public string, demo, local bool) error {
	base := public + box.BasePath()
	hints, err := sandbox.NewHints(base)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The sandbox serves %s\n", base)
	fmt.Fprintf(&b, "and keeps its data in %s\n", s.Database)
	fmt.Fprintf(&b, "Look at %s/ for its reference, its accounts and what reached it.\n", public)
	switch {
	case !demo:
		b.WriteString("There are no demo accounts on an address that others can reach; --demo-accounts adds them.\n")
	case !local:
		b.WriteString("The demo accounts are let in, on an address that others can reach: everybody knows their keys.\n")
	default:
		b.WriteString("The demo accounts are let in, as only this machine can reach it.\n")
	}
	if demo {
		fmt.Fprintf(&b, "\nBuy credits in another terminal, with curl\n\n%s\n\nor with the client\n\n%s\n", hints.Curl, hints.BuyCredits)
	}
	b.WriteString("\nCtrl-C stops it.\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// isLoopback says whether only this machine can reach an address.
func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// reachable returns the address as a client on this machine dials it: nobody dials 0.0.0.0.
func reachable(addr net.Addr) string {
	port, err := netip.ParseAddrPort(addr.String())
	if err != nil || !port.Addr().IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(port.Port()))
}
