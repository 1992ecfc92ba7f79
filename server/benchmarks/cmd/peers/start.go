package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
	"github.com/turbosmtp-go/billing/server/benchmarks/process"
)

// start measures the time from a program's start until it is ready: the sandbox with an existing database, and a
// server with 500 operations.
func start(ctx context.Context, s settings) ([]row, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	commands := map[string][]string{"start-500-operations": {program, "serve-operations", address}}
	if s.sandbox != "" {
		folder, err := os.MkdirTemp("", "peers")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		commands["start-sandbox"] = []string{s.sandbox, "serve", "--addr", address, "--database", "sqlite:" + filepath.Join(folder, "sandbox.db")}
	}
	var rows []row
	for name, command := range commands {
		once := func(times int) error {
			for range times {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				p, err := process.Start(ctx, address, command...)
				cancel()
				if err != nil {
					return err
				}
				if err := errors.Join(checkReady(address), p.Stop()); err != nil {
					return err
				}
			}
			return nil
		}
		results, err := contest.Run(contest.Settings{Rounds: s.rounds, Turns: 5, Turn: time.Millisecond}, []contest.Subject{{Name: "this", Do: once}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row{name, results})
	}
	return rows, nil
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
