package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
)

// The table is between these lines.
const (
	begin = "<!-- make bench-peers: begin -->\n"
	end   = "<!-- make bench-peers: end -->\n"
)

// writeTable replaces the table in a file.
func writeTable(path string, rows []row) error {
	text, err := os.ReadFile(path) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return errors.New(path + " does not contain the lines around the table")
	}
	return os.WriteFile(path, slices.Concat(before, []byte(begin+table(rows)+end), after), 0o644) //nolint:gosec // a README is public
}

// columns are the table's peers by name.
var columns = []struct{ name, title string }{
	{"bare", "bare echo"},
	{"this", "**this**"},
	{"this-responses", "**… responses validated**"},
	{"this-all", "**… log and metrics**"},
	{"ogen", "ogen"},
	{"echo-middleware", "echo-middleware"},
	{"prism", "Prism"},
}

func table(rows []row) string {
	var b strings.Builder
	b.WriteString("|")
	for _, c := range columns {
		b.WriteString(" | " + c.title)
	}
	b.WriteString(" |\n|---" + strings.Repeat("|---", len(columns)) + "|\n")
	line := func(title, of string, figure func(contest.Result) string) {
		results := find(rows, of)
		if results == nil {
			return
		}
		b.WriteString("| " + title)
		for _, c := range columns {
			b.WriteString(" | ")
			if i := slices.IndexFunc(results, func(r contest.Result) bool { return r.Name == c.name }); i >= 0 {
				b.WriteString(figure(results[i]))
			}
		}
		b.WriteString(" |\n")
	}
	allocations := func(r contest.Result) string { return fmt.Sprintf("%.0f", r.Allocations) }
	line("a purchase, time", "valid", ratio)
	line("a purchase, allocations", "valid", allocations)
	line("an amount above the limit, time", "invalid", ratio)
	line("1 MiB in one string, time", "1MiB-string", ratio)
	line("1 MiB in many objects, time", "1MiB-nested", ratio)
	line("over loopback, purchases per second", "loopback", rate)

	fmt.Fprintf(&b, "\nTimes and rates are ratios to bare echo: medians of %d interleaved runs with their 95 %% confidence interval. %s, %d cores.\n", rounds(rows), runtime.Version(), runtime.NumCPU())
	for _, list := range []struct {
		of, format string
		figure     func([]contest.Result) []any
	}{
		{"client", "An order with package client takes %s × the time of a bare net/http call, and %.0f allocations (net/http: %.0f).", func(r []contest.Result) []any {
			return []any{ratio(r[1]), r[1].Allocations, r[0].Allocations}
		}},
		{"operations-this", "A request takes %s × the time if the document has 500 operations instead of one", func(r []contest.Result) []any { return []any{ratio(r[1])} }},
		{"operations-echo-middleware", "(echo-middleware: %s ×).", func(r []contest.Result) []any { return []any{ratio(r[1])} }},
		{"start-sandbox", "The sandbox starts in %s, which is %s × the time of a program that only loads the document;", func(r []contest.Result) []any {
			return []any{milliseconds(r[1]), ratio(r[1])}
		}},
		{"start-500-operations", "a server with 500 operations starts in %s.", func(r []contest.Result) []any { return []any{milliseconds(r[0])} }},
	} {
		if results := find(rows, list.of); results != nil {
			fmt.Fprintf(&b, list.format+"\n", list.figure(results)...)
		}
	}
	return b.String()
}

func find(rows []row, name string) []contest.Result {
	for _, r := range rows {
		if r.name == name {
			return r.results
		}
	}
	return nil
}

func rounds(rows []row) int { return len(rows[0].results[0].Ratios) }

// ratio formats the time as a ratio to the first subject's, and rate the number per second.
func ratio(r contest.Result) string { return spread(r.Ratios) }

func rate(r contest.Result) string {
	inverse := make([]float64, len(r.Ratios))
	for i, ratio := range r.Ratios {
		inverse[i] = 1 / ratio
	}
	return spread(inverse)
}

func spread(values []float64) string {
	s := contest.Summary(values)
	if s.Lo == s.Center && s.Hi == s.Center {
		return "1"
	}
	return fmt.Sprintf("%.2f ± %.0f %%", s.Center, 100*max(s.Center-s.Lo, s.Hi-s.Center)/s.Center)
}

func milliseconds(r contest.Result) string {
	return fmt.Sprintf("%.0f ms", contest.Summary(r.Nanoseconds).Center/1e6)
}
