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

// start times programs from their start until they say that they are ready: the sandbox with a database
// that is there, and a server of 500 operations.
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
				if err := errors.Join(answers(address), p.Stop()); err != nil {
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

// answers asks whether a server is ready, and takes any answer that is no failure.
func answers(address string) error {
	once := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := once.Get("http://" + address + "/readyz")
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusInternalServerError {
		err = errors.New("it is not ready: " + response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// serveOperations serves a document of 500 operations.
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
