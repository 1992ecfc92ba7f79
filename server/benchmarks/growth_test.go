// Package benchmarks_test measures how cost grows with the document, the body, connections and replicas.
// Command charts draws its output.
package benchmarks_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
	"github.com/turbosmtp-go/billing/server/benchmarks/process"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

// TestMain serves a peer instead of running tests if process.Self started this process.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != "serve" {
		os.Exit(m.Run())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		process.Announce(listener)
		err = peer.Serve(context.Background(), listener, os.Args[2])
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// report prints the median time of each subject as a benchmark of its own.
func report(b *testing.B, name string, results []contest.Result) {
	b.Helper()
	for _, r := range results {
		b.Run(fmt.Sprintf("%s/of=%s", name, r.Name), func(b *testing.B) {
			b.ReportMetric(contest.Summary(r.Nanoseconds).Center, "ns/op")
		})
	}
}

func run(b *testing.B, s contest.Settings, subjects []contest.Subject) []contest.Result {
	b.Helper()
	results, err := contest.Run(s, subjects)
	if err != nil {
		b.Fatal(err)
	}
	return results
}

func purchase(b *testing.B) (peer.Facts, peer.Case) {
	b.Helper()
	facts, err := peer.Document()
	if err != nil {
		b.Fatal(err)
	}
	cases, err := peer.Cases()
	if err != nil {
		b.Fatal(err)
	}
	return facts, cases[0]
}

// inProcess suits operations of microseconds, overLoopback operations that need both processors.
var (
	inProcess    = contest.Settings{Rounds: 6, Turns: 15, Turn: 20 * time.Millisecond}
	overLoopback = contest.Settings{Rounds: 6, Turns: 3, Turn: 400 * time.Millisecond}
)

func BenchmarkOperations(b *testing.B) {
	facts, of := purchase(b)
	for _, n := range []int{1, 50, 500} {
		var subjects []contest.Subject
		for name, with := range map[string]func(int) (http.Handler, error){"this": peer.WithContract, "echo-middleware": peer.WithFilter} {
			handler, err := with(n)
			if err != nil {
				b.Fatal(err)
			}
			subjects = append(subjects, contest.Subject{Name: name, Do: contest.NewAsker(handler, facts.Path, of).Do})
		}
		report(b, fmt.Sprintf("n=%d", n), run(b, inProcess, subjects))
	}
}

func BenchmarkBody(b *testing.B) {
	facts, smallest := purchase(b)
	for _, bytes := range []int{len(smallest.Body), 256, 4 << 10, 64 << 10, 1 << 20} {
		of, err := peer.WithNote(bytes)
		if err != nil {
			b.Fatal(err)
		}
		var subjects []contest.Subject
		for _, p := range peer.All() {
			handler, err := p.New()
			if err != nil {
				b.Fatal(err)
			}
			if p.Name != "this-responses" && p.Name != "this-all" {
				subjects = append(subjects, contest.Subject{Name: p.Name, Do: contest.NewAsker(handler, facts.Path, of).Do})
			}
		}
		report(b, fmt.Sprintf("n=%d", len(of.Body)), run(b, inProcess, subjects))
	}
}

func BenchmarkConnections(b *testing.B) {
	facts, of := purchase(b)
	addresses := map[string]string{}
	for _, name := range []string{"bare", "this-all"} {
		p, err := process.Self("serve", name)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = p.Stop() })
		addresses[name] = p.Address
	}
	for _, n := range []int{1, 4, 16, 64, 256, 1000} {
		var subjects []contest.Subject
		for name, address := range addresses {
			load := contest.NewLoad(address, facts.Path, n, of)
			defer load.Close()
			subjects = append(subjects, contest.Subject{Name: name, Do: load.Do})
		}
		report(b, fmt.Sprintf("n=%d", n), run(b, overLoopback, subjects))
	}
}

// BenchmarkReplicas runs one to four sandboxes on one PostgreSQL. SANDBOX is the path of the sandbox's program.
func BenchmarkReplicas(b *testing.B) {
	facts, of := purchase(b)
	program := os.Getenv("SANDBOX")
	if program == "" {
		b.Fatal("set SANDBOX to the path of the sandbox's program")
	}
	database := postgrestest.Start(b).NewDatabase(b)
	var addresses []string
	for range 4 {
		address, err := process.FreeAddress()
		if err != nil {
			b.Fatal(err)
		}
		p, err := process.Start(b.Context(), address, program, "serve", "--addr", address, "--database", database, "--demo-accounts", "--log-level", "warn")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = p.Stop() })
		addresses = append(addresses, address)
	}
	const connections = 64
	for n := 1; n <= len(addresses); n++ {
		var loads []*contest.Load
		for _, address := range addresses[:n] {
			load := contest.NewLoad(address, facts.Path, connections/n, of)
			load.Key, load.Secret = "sandbox-active-key", "sandbox-active-secret"
			defer load.Close()
			loads = append(loads, load)
		}
		all := func(times int) error {
			failed := make(chan error, n)
			for _, load := range loads {
				go func() { failed <- load.Do((times + n - 1) / n) }()
			}
			var err error
			for range loads {
				if e := <-failed; e != nil {
					err = e
				}
			}
			return err
		}
		report(b, fmt.Sprintf("n=%d", n), run(b, overLoopback, []contest.Subject{{Name: "sandbox", Do: all}}))
	}
}
