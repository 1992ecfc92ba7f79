// Command peers measures this project and its peers, prints the comparison of benchstat, and writes the table of
// README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// settings are the command line's flags.
type settings struct {
	rounds                int
	sandbox, readme, out  string
	prism, document, only string
}

// row is one measurement of several subjects.
type row struct {
	name    string
	results []contest.Result
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 2 && args[0] == "serve" {
		return serve(ctx, args[1])
	}
	if len(args) == 2 && args[0] == "serve-operations" {
		return serveOperations(args[1])
	}
	if len(args) == 1 && args[0] == "load-document" {
		_, err := api.Document()
		return err
	}
	var s settings
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 10, "number of measurements of everything")
	flags.StringVar(&s.sandbox, "sandbox", "", "path of the sandbox's program, to time its start")
	flags.StringVar(&s.readme, "readme", "", "file to write the table to")
	flags.StringVar(&s.out, "out", "peers.txt", "file for all figures, in the format of go test -bench")
	flags.StringVar(&s.prism, "prism", "", "version of @stoplight/prism-cli; needs npx")
	flags.StringVar(&s.document, "document", "../../api/openapi.yaml", "document that Prism serves")
	flags.StringVar(&s.only, "only", "", "measure only the parts whose name contains this text")
	if err := flags.Parse(args); err != nil {
		return err
	}

	var rows []row
	for _, part := range []struct {
		name    string
		measure func(context.Context, settings) ([]row, error)
	}{
		{"in process", inProcess},
		{"operations", operations},
		{"loopback", loopback},
		{"client", client},
		{"start", start},
	} {
		if !strings.Contains(part.name, s.only) {
			continue
		}
		_, _ = fmt.Fprintf(stderr, "measuring: %s …\n", part.name)
		more, err := part.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		rows = append(rows, more...)
	}
	if err := save(s.out, rows); err != nil {
		return err
	}
	benchstat := exec.CommandContext(ctx, "go", "tool", "benchstat", "-col", "/peer", s.out) //nolint:gosec // the caller names the file
	benchstat.Stdout, benchstat.Stderr = stdout, stderr
	if err := benchstat.Run(); err != nil {
		return fmt.Errorf("benchstat: %w", err)
	}
	if s.readme == "" {
		return nil
	}
	return writeTable(s.readme, rows)
}

// save writes all figures to a file in the format of go test -bench.
func save(path string, rows []row) error {
	var text strings.Builder
	for _, r := range rows {
		for _, line := range contest.Lines(r.name, r.results) {
			text.WriteString(line + "\n")
		}
	}
	return os.WriteFile(path, []byte(text.String()), 0o600)
}

// quick returns the settings for operations of microseconds.
func quick(s settings) contest.Settings {
	return contest.Settings{Rounds: s.rounds, Turns: 15, Turn: 20 * time.Millisecond}
}
