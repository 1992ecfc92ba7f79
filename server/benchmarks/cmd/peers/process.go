package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
)

// inProcess measures each case with the handlers of all peers.
func inProcess(_ context.Context, s settings) ([]row, error) {
	cases, err := peer.Cases()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, of := range cases {
		var subjects []contest.Subject
		for _, p := range peer.All() {
			handler, err := p.New()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			asker, err := newAsker(handler, of)
			if err != nil {
				return nil, err
			}
			subjects = append(subjects, contest.Subject{Name: p.Name, Do: asker.Do, Allocates: true})
		}
		results, err := contest.Run(quick(s), subjects)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", of.Name, err)
		}
		rows = append(rows, row{of.Name, results})
	}
	return rows, nil
}

// operations measures one operation of documents with one and with 500 operations.
func operations(_ context.Context, s settings) ([]row, error) {
	cases, err := peer.Cases()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, p := range []struct {
		name string
		with func(n int) (http.Handler, error)
	}{
		{"this", peer.WithContract},
		{"echo-middleware", peer.WithFilter},
	} {
		var subjects []contest.Subject
		for _, n := range []int{1, 500} {
			handler, err := p.with(n)
			if err != nil {
				return nil, err
			}
			asker, err := newAsker(handler, cases[0])
			if err != nil {
				return nil, err
			}
			subjects = append(subjects, contest.Subject{Name: fmt.Sprint(n), Do: asker.Do})
		}
		results, err := contest.Run(quick(s), subjects)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"operations-" + p.name, results})
	}
	return rows, nil
}

func newAsker(handler http.Handler, of peer.Case) (*contest.Asker, error) {
	facts, err := peer.Document()
	if err != nil {
		return nil, err
	}
	return contest.NewAsker(handler, facts.Path, of), nil
}
