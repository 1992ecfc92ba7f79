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

// serve is the command sandbox serve. A flag takes precedence over its environment variable, and that over
// the default.
type serve struct {
	Addr         string `help:"Address to listen on. Port 0 selects a free port." default:"127.0.0.1:8080" variable:"SANDBOX_ADDR"`
	Database     string `help:"Database for accounts and purchases: sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/NAME." default:"sqlite:sandbox.db" variable:"SANDBOX_DATABASE"`
	PublicURL    string `help:"Base URL of the payment links, if it differs from the address to listen on." placeholder:"URL" variable:"SANDBOX_PUBLIC_URL"`
	ControlToken string `help:"Token that the control API requires, at least 16 characters. Without a token, the control API is open if only this machine can reach the sandbox, and disabled otherwise." placeholder:"TOKEN" variable:"SANDBOX_CONTROL_TOKEN"`
	NoPrefer     bool   `help:"Ignore the header Prefer, with which a request selects its response from the examples in the API's document." variable:"SANDBOX_NO_PREFER"`
	DemoAccounts bool   `help:"Enable the demo accounts (their keys are public) even if others can reach the sandbox or its database." variable:"SANDBOX_DEMO_ACCOUNTS"`

	TLSCert        string         `help:"Certificate file for HTTPS. It is read again when it is renewed." placeholder:"FILE" variable:"SANDBOX_TLS_CERT" group:"Network" and:"tls"`
	TLSKey         string         `help:"Private key file of the certificate." placeholder:"FILE" variable:"SANDBOX_TLS_KEY" group:"Network" and:"tls"`
	TrustedProxies []netip.Prefix `help:"Networks of the proxies whose X-Forwarded-For is trusted." placeholder:"NETWORK" variable:"SANDBOX_TRUSTED_PROXIES" group:"Network"`
	MaxConnections int            `help:"Maximum number of open connections." default:"12000" variable:"SANDBOX_MAX_CONNECTIONS" group:"Network"`
	TimeLimit      time.Duration  `help:"How long a request may take before its response is 503." default:"15s" variable:"SANDBOX_TIME_LIMIT" group:"Network"`
	Drain          time.Duration  `help:"How long a stopping sandbox waits for its load balancer to notice before it stops accepting connections." default:"1s" variable:"SANDBOX_DRAIN" group:"Network"`

	LogFormat   string `help:"Format of the log on standard error: text or json." enum:"text,json" default:"text" variable:"SANDBOX_LOG_FORMAT" group:"Monitoring"`
	LogLevel    string `help:"Lowest level to log: debug, info (includes one line per request), warn or error." enum:"debug,info,warn,error" default:"info" variable:"SANDBOX_LOG_LEVEL" group:"Monitoring"`
	MetricsAddr string `help:"Address to serve Prometheus metrics on, at /metrics. By default there are none." placeholder:"HOST:PORT" variable:"SANDBOX_METRICS_ADDR" group:"Monitoring"`
}

// Help is the part of the command's help above the flags.
func (*serve) Help() string {
	return "SIGINT (Ctrl-C), SIGTERM and SIGHUP stop the sandbox gracefully: it finishes the requests that have begun. " +
		"Further signals have no effect for 2 seconds; after that, SIGINT and SIGTERM end the process at once."
}

// Run serves until the context is done.
func (s *serve) Run(env *environment) (err error) {
	sandbox.Preload()
	m, err := s.monitor(env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	db, err := store.Open(env.ctx, s.Database, m.commits()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	listener, err := listen(env, s.Addr, "--addr")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Serve has closed it, unless Run fails before
	a := s.access(listener.Addr())
	options, err := s.options(a, m)
	if err != nil {
		return err
	}
	box, err := sandbox.New(env.ctx, m.store(db), a.publicURL, options...)
	if err != nil {
		return err
	}
	m.watch(box, db)
	if err := s.announce(env.stdout, a, box.BasePath()); err != nil {
		return err
	}
	if err := box.Serve(env.ctx, listener); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(env.stdout, "Stopped.")
	return nil
}

func (s *serve) options(a access, m *monitoring) ([]sandbox.Option, error) {
	options := append(m.options(), sandbox.WithServer(
		server.WithMaxConnections(s.MaxConnections), server.WithTimeLimit(s.TimeLimit), server.WithDrain(s.Drain),
		server.WithTrustedProxies(s.TrustedProxies...)))
	if s.TLSCert != "" {
		certificate, err := serveCertificate(s.TLSCert, s.TLSKey, certificateMaxAge, m.logger)
		if err != nil {
			return nil, err
		}
		options = append(options, sandbox.WithServer(server.WithTLS(certificate)))
	}
	if a.demoAccounts {
		options = append(options, sandbox.WithDemoAccounts())
	}
	if s.ControlToken != "" {
		options = append(options, sandbox.WithControlToken(s.ControlToken))
	} else if a.local {
		options = append(options, sandbox.WithOpenControl())
	}
	if s.NoPrefer {
		options = append(options, sandbox.WithoutPrefer())
	}
	return options, nil
}

// listen listens on addr, the value of flag.
func listen(env *environment, addr, flag string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(env.ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with %s", err, flag)
	}
	return listener, nil
}

// announce prints the addresses of the sandbox, what it allows, and commands to try it.
func (s *serve) announce(w io.Writer, a access, basePath string) error {
	base := a.publicURL + basePath
	var b strings.Builder
	fmt.Fprintf(&b, "API:       %s\n", base)
	fmt.Fprintf(&b, "Console:   %s/\n", a.publicURL)
	fmt.Fprintf(&b, "Database:  %s\n", store.Redact(s.Database))
	switch {
	case a.demoAccounts && a.local:
		b.WriteString("The demo accounts are enabled, because only this machine can reach the sandbox.\n")
	case a.demoAccounts:
		b.WriteString("The demo accounts are enabled, and others can reach the sandbox: the demo keys are public.\n")
	case a.local:
		b.WriteString("The demo accounts are disabled, because others may use the database. --demo-accounts enables them.\n")
	default:
		b.WriteString("The demo accounts are disabled, because others can reach the sandbox. --demo-accounts enables them.\n")
	}
	if a.unencrypted {
		b.WriteString("Credentials travel unencrypted. Use --tls-cert, or a proxy that serves HTTPS and --public-url.\n")
	}
	if a.demoAccounts {
		example, err := sandbox.NewExampleCommands(base)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nTo buy credits, run this in another terminal:\n\n%s\n\nor this:\n\n%s\n", example.Curl, example.BuyCredits)
	}
	b.WriteString("\nPress Ctrl-C to stop.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
