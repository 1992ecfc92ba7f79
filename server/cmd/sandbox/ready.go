package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ready is the command sandbox ready: a probe for a container that holds this program and nothing else.
type ready struct {
	Addr    string `help:"Address that the sandbox listens on ($SANDBOX_ADDR)." placeholder:"HOST:PORT" default:"127.0.0.1:8080" variable:"SANDBOX_ADDR"`
	TLSCert string `help:"That it serves HTTPS ($SANDBOX_TLS_CERT)." placeholder:"FILE" variable:"SANDBOX_TLS_CERT"`
}

// readyLimit is how long an answer may take.
const readyLimit = 3 * time.Second

// Run asks whether the sandbox on this machine should be sent requests.
func (r *ready) Run(env *environment) error {
	ctx, cancel := context.WithTimeout(env.ctx, readyLimit)
	defer cancel()
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return fmt.Errorf("the address %s: %w", r.Addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if r.TLSCert != "" {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	// The certificate is made out to another name than this machine's own, and no secret is sent.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // said above
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
