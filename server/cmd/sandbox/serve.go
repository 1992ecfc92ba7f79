package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/internal/store"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// serve is the command sandbox serve. Each flag is an environment variable too; a flag wins over its
// variable, and that over the default.
type serve struct {
	Addr         string `help:"Address to listen on; port 0 is any free one ($SANDBOX_ADDR)." placeholder:"HOST:PORT" default:"127.0.0.1:8080" variable:"SANDBOX_ADDR"`
	Database     string `help:"Where to keep accounts and purchases: sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/NAME ($SANDBOX_DATABASE)." placeholder:"DATABASE" default:"sqlite:sandbox.db" variable:"SANDBOX_DATABASE"`
	PublicURL    string `help:"Address that payment links begin with, if it is not the one listened on ($SANDBOX_PUBLIC_URL)." placeholder:"URL" variable:"SANDBOX_PUBLIC_URL"`
	ControlToken string `help:"Token, of at least 16 characters, that the control API then needs. Where only this machine can reach the sandbox it needs none otherwise; anywhere else it is off ($SANDBOX_CONTROL_TOKEN)." placeholder:"TOKEN" variable:"SANDBOX_CONTROL_TOKEN"`
	NoPrefer     bool   `help:"Ignore the header Prefer, by which a request can choose its answer among the document's examples ($SANDBOX_NO_PREFER)." variable:"SANDBOX_NO_PREFER"`
	DemoAccounts bool   `help:"Let in the demo accounts, whose keys everybody knows, also on an address that others can reach ($SANDBOX_DEMO_ACCOUNTS)." variable:"SANDBOX_DEMO_ACCOUNTS"`

	TLSCert        string         `help:"File with the certificate to serve HTTPS with, read again when it changes ($SANDBOX_TLS_CERT)." placeholder:"FILE" variable:"SANDBOX_TLS_CERT" group:"Network"`
	TLSKey         string         `help:"File with its key ($SANDBOX_TLS_KEY)." placeholder:"FILE" variable:"SANDBOX_TLS_KEY" group:"Network"`
	TrustedProxies []netip.Prefix `help:"Networks of proxies that are believed in X-Forwarded-For ($SANDBOX_TRUSTED_PROXIES)." placeholder:"NETWORK" variable:"SANDBOX_TRUSTED_PROXIES" group:"Network"`
	MaxConnections int            `help:"How many connections may be open at once ($SANDBOX_MAX_CONNECTIONS)." default:"12000" variable:"SANDBOX_MAX_CONNECTIONS" group:"Network"`
	TimeLimit      time.Duration  `help:"How long a request may take before it is answered with 503 ($SANDBOX_TIME_LIMIT)." default:"15s" variable:"SANDBOX_TIME_LIMIT" group:"Network"`
	Drain          time.Duration  `help:"For how long requests are answered with 503 and Retry-After, before a stopping sandbox takes no more connections ($SANDBOX_DRAIN)." default:"1s" variable:"SANDBOX_DRAIN" group:"Network"`

	LogFormat   string `help:"Logs on standard error as text, or as json ($SANDBOX_LOG_FORMAT)." enum:"text,json" default:"text" variable:"SANDBOX_LOG_FORMAT" group:"Operation"`
	LogLevel    string `help:"What to log: debug, info (each request), warn or error ($SANDBOX_LOG_LEVEL)." enum:"debug,info,warn,error" default:"info" variable:"SANDBOX_LOG_LEVEL" group:"Operation"`
	MetricsAddr string `help:"Address to serve metrics for Prometheus on, at /metrics; none, unless it is given ($SANDBOX_METRICS_ADDR)." placeholder:"HOST:PORT" variable:"SANDBOX_METRICS_ADDR" group:"Operation"`
}

// Run serves until the context is done.
func (s *serve) Run(env *environment) (err error) {
	ops, err := s.operate(env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ops.close()) }()
	db, err := store.Open(env.ctx, s.Database, ops.commits()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	network, err := s.network(ops)
	if err != nil {
		return err
	}
	listener, err := listen(env, s.Addr, "--addr")
	if err != nil {
		return err
	}
	where := s.place(listener.Addr())
	options := append(s.options(where), sandbox.WithServer(network...))
	box, err := sandbox.New(env.ctx, ops.store(db), where.public, append(options, ops.options()...)...)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ops.watch(box, db)
	if where.clear {
		ops.logger.Warn("credentials travel in the clear: others can reach this address, and it serves no HTTPS; use --tls-cert, or a proxy and --public-url https://…")
	}
	if err := s.announce(env.stdout, box, where); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := box.Serve(env.ctx, listener); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(env.stdout, "Stopped.")
	return nil
}

// place is where a sandbox is, and so who can reach it.
type place struct {
	local  bool   // only this machine can
	demo   bool   // the demo accounts are let in
	clear  bool   // credentials would be read on their way
	public string // without a slash at its end
}

func (s *serve) place(addr net.Addr) place {
	p := place{local: isLoopback(addr), public: strings.TrimRight(s.PublicURL, "/")}
	// Who serves several from one database, or to others, has accounts of their own.
	p.demo = s.DemoAccounts || p.local && store.Embedded(s.Database)
	if p.public == "" {
		scheme := "http://"
		if s.TLSCert != "" {
			scheme = "https://"
		}
		p.public = scheme + reachable(addr)
	}
	p.clear = !p.local && s.TLSCert == "" && !strings.HasPrefix(p.public, "https://")
	return p
}

// options are the sandbox's own.
func (s *serve) options(where place) []sandbox.Option {
	var options []sandbox.Option
	if where.demo {
		options = append(options, sandbox.WithDemoAccounts())
	}
	if s.ControlToken != "" {
		options = append(options, sandbox.WithControlToken(s.ControlToken))
	} else if where.local {
		options = append(options, sandbox.WithOpenControl())
	}
	if s.NoPrefer {
		options = append(options, sandbox.WithoutPrefer())
	}
	return options
}

// network are the options of the HTTP server.
func (s *serve) network(ops *operation) ([]server.Option, error) {
	options := []server.Option{
		server.WithMaxConnections(s.MaxConnections), server.WithTimeLimit(s.TimeLimit), server.WithDrain(s.Drain),
		server.WithTrustedProxies(s.TrustedProxies...),
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key need each other")
	}
	if s.TLSCert != "" {
		certificate, err := newCertificate(s.TLSCert, s.TLSKey, ops.logger)
		if err != nil {
			return nil, err
		}
		options = append(options, server.WithTLS(certificate.config()))
	}
	return options, nil
}

func listen(env *environment, addr, flag string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(env.ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with %s", addr, err, flag)
	}
	return listener, nil
}

// announce says where the sandbox is and what to paste next.
func (s *serve) announce(w io.Writer, box *sandbox.Sandbox, where place) error {
	base := where.public + box.BasePath()
	hints, err := sandbox.NewHints(base)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The sandbox serves %s\n", base)
	fmt.Fprintf(&b, "and keeps its data in %s\n", store.Redact(s.Database))
	fmt.Fprintf(&b, "Look at %s/ for its reference, its accounts and what reached it.\n", where.public)
	switch {
	case !where.demo && where.local:
		b.WriteString("There are no demo accounts, as others may share its database; --demo-accounts adds them.\n")
	case !where.demo:
		b.WriteString("There are no demo accounts on an address that others can reach; --demo-accounts adds them.\n")
	case !where.local:
		b.WriteString("The demo accounts are let in, on an address that others can reach: everybody knows their keys.\n")
	default:
		b.WriteString("The demo accounts are let in, as only this machine can reach it.\n")
	}
	if where.clear {
		b.WriteString("Credentials travel in the clear here: use --tls-cert, or a proxy with HTTPS in front.\n")
	}
	if where.demo {
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
