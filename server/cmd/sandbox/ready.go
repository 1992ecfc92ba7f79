package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ready is the command sandbox ready: a health check for a container that contains no other program. It
// fails unless /readyz responds with 200.
type ready struct {
	Addr    string `help:"Address that the sandbox listens on." default:"127.0.0.1:8080" variable:"SANDBOX_ADDR"`
	TLSCert string `help:"Certificate file of the sandbox. If it is set, the check uses HTTPS." placeholder:"FILE" variable:"SANDBOX_TLS_CERT"`
}

// readyTimeout limits how long the sandbox may take to respond.
const readyTimeout = 3 * time.Second

func (r *ready) Run(env *environment) error {
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return fmt.Errorf("--addr %q: %w", r.Addr, err)
	}
	scheme := "http"
	if r.TLSCert != "" {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(env.ctx, http.MethodGet, scheme+"://"+dialable(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	// The certificate is for the public host name and not for this address. The request contains no secret.
	client := &http.Client{Timeout: readyTimeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // see above
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", body)
	}
	_, err = fmt.Fprintln(env.stdout, "Ready.")
	return err
}
