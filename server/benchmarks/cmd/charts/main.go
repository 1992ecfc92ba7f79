// Command charts draws charts from the output of go test -bench. The benchmark's name selects the chart, n is the
// place on the horizontal axis, and of names the line.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: charts FIGURES FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "charts:", err)
		os.Exit(1)
	}
}

func run(figures, folder string) error {
	file, err := os.Open(figures) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // the file is only read
	found, err := read(file, figures)
	if err != nil {
		return err
	}
	for _, c := range charts {
		lines := found[c.name]
		if len(lines) == 0 {
			return fmt.Errorf("%s contains no figures of the benchmark %s", figures, c.name)
		}
		if err := c.draw(lines, filepath.Join(folder, strings.ToLower(c.name)+".svg")); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// figures are times in seconds by chart, line and place.
type figures map[string]map[string]map[float64][]float64

func read(r io.Reader, name string) (figures, error) {
	found := figures{}
	for reader := benchfmt.NewReader(r, name); reader.Scan(); {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		chart, n, of, ok := place(result)
		seconds, timed := result.Value("sec/op")
		if !ok || !timed {
			continue
		}
		if found[chart] == nil {
			found[chart] = map[string]map[float64][]float64{}
		}
		if found[chart][of] == nil {
			found[chart][of] = map[float64][]float64{}
		}
		found[chart][of][n] = append(found[chart][of][n], seconds)
	}
	if len(found) == 0 {
		return nil, errors.New(name + " contains no figures")
	}
	return found, nil
}

// place parses a name such as Body/n=14/of=bare-2. For benchmarks of stores, the line is named after the store.
func place(result *benchfmt.Result) (chart string, n float64, of string, ok bool) {
	base, parts := result.Name.Parts()
	for _, part := range parts {
		key, value, _ := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		switch key {
		case "n":
			n, _ = strconv.ParseFloat(value, 64)
			ok = true
		case "of":
			of = value
		}
	}
	if _, store, found := strings.Cut(result.GetConfig("pkg"), "/store/"); found {
		of = store + ": " + of
	}
	return string(base), n, of, ok && of != ""
}

// points returns the medians of a line from left to right.
func points(line map[float64][]float64) (places, medians []float64) {
	for n := range line {
		places = append(places, n)
	}
	slices.Sort(places)
	for _, n := range places {
		sample := benchmath.NewSample(line[n], &benchmath.DefaultThresholds)
		medians = append(medians, benchmath.AssumeNothing.Summary(sample, 0.95).Center)
	}
	return places, medians
}
