package main

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
	"github.com/turbosmtp-go/billing/server/benchmarks/process"
)

// connections is the number of concurrent connections.
const connections = 32

// loopback measures all peers, each in a process of its own, over keep-alive connections.
func loopback(ctx context.Context, s settings) ([]row, error) {
	cases, err := peer.Cases()
	if err != nil {
		return nil, err
	}
	facts, err := peer.Document()
	if err != nil {
		return nil, err
	}
	var subjects []contest.Subject
	join := func(name, path string, p *process.Process) *contest.Load {
		load := contest.NewLoad(p.Address, path, connections, cases[0])
		subjects = append(subjects, contest.Subject{Name: name, Do: load.Do})
		return load
	}
	for _, of := range peer.All() {
		p, err := process.Self("serve", of.Name)
		if err != nil {
			return nil, err
		}
		defer p.Stop() //nolint:errcheck // the process ends in any case
		defer join(of.Name, facts.Path, p).Close()
	}
	if _, err := exec.LookPath("npx"); err == nil && s.prism != "" {
		p, err := startPrism(ctx, s)
		if err != nil {
			return nil, err
		}
		defer p.Stop() //nolint:errcheck // as above
		defer join("prism", facts.Path[len(facts.BasePath):], p).Close()
	}
	results, err := contest.Run(contest.Settings{Rounds: s.rounds, Turns: 5, Turn: 300 * time.Millisecond}, subjects)
	return []row{{"loopback", results}}, err
}

// serve serves a peer, or the fixed response for the client's measurement, until the process ends.
func serve(ctx context.Context, name string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	process.Announce(listener)
	if name == "seller" {
		return sell(listener)
	}
	return peer.Serve(ctx, listener, name)
}

// startPrism starts Prism, a mock server for the document. npx installs it if needed.
func startPrism(ctx context.Context, s settings) (*process.Process, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	document, err := filepath.Abs(s.document)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute) // installation included
	defer cancel()
	return process.Start(ctx, address, "npx", "--yes", "@stoplight/prism-cli@"+s.prism,
		"mock", "--host", host, "--port", port, "--verboseLevel", "silent", document)
}
