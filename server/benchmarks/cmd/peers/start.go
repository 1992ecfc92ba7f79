package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
	"github.com/turbosmtp-go/billing/server/benchmarks/process"
)

// start measures the time from a program's start until it is ready: a server with 500 operations, and the sandbox
// with an existing database beside a program that only loads the document.
func start(ctx context.Context, s settings) ([]row, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	untilReady := func(command ...string) func(int) error {
		return repeat(func() error {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			p, err := process.Start(ctx, address, command...)
			if err != nil {
				return err
			}
			return errors.Join(checkReady(address), p.Stop())
		})
	}
	subjects := map[string][]contest.Subject{
		"start-500-operations": {{Name: "this", Do: untilReady(program, "serve-operations", address)}},
	}
	if s.sandbox != "" {
		folder, err := os.MkdirTemp("", "peers")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		subjects["start-sandbox"] = []contest.Subject{
			{Name: "document", Do: repeat(func() error { return exec.CommandContext(ctx, program, "load-document").Run() })},
			{Name: "sandbox", Do: untilReady(s.sandbox, "serve", "--addr", address, "--database", "sqlite:"+filepath.Join(folder, "sandbox.db"))},
		}
	}
	var rows []row
	for name, list := range subjects {
		results, err := contest.Run(contest.Settings{Rounds: s.rounds, Turns: 5, Turn: time.Millisecond}, list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row{name, results})
	}
	return rows, nil
}

func repeat(do func() error) func(times int) error {
	return func(times int) error {
		for range times {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkReady returns an error unless the server reports that it is ready.
func checkReady(address string) error {
	once := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := once.Get("http://" + address + "/readyz")
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusInternalServerError {
		err = errors.New("peers: not ready: " + response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// serveOperations serves a document with 500 operations.
func serveOperations(address string) error {
	handler, err := peer.WithContract(500)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return (&http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}).Serve(listener)
}
