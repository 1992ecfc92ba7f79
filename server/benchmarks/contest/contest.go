// Package contest times things that do the same beside each other. They take short turns, one after the
// other and again and again, so that whatever else the machine does falls on all of them; of the turns the
// median counts, as a turn that was interrupted says nothing.
package contest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchmath"
)

// Subject is one of those that do the same.
type Subject struct {
	Name string
	// Do does it so many times.
	Do func(times int) error
	// Allocates has its allocations counted. They are the process's.
	Allocates bool
}

// Result is what came of a subject, with one figure a round.
type Result struct {
	Name        string
	Nanoseconds []float64 // for doing it once
	Ratios      []float64 // to the first subject's in the same round
	Allocations float64   // for doing it once; of those that Allocates
}

// Settings say how long a contest takes: rounds × turns × the number of subjects × turn. A turn should be
// long enough for some collections of garbage, so that each pays for its own.
type Settings struct {
	Rounds, Turns int
	Turn          time.Duration
}

// Run lets the subjects take their turns.
func Run(s Settings, subjects []Subject) ([]Result, error) {
	results := make([]Result, len(subjects))
	times := make([]int, len(subjects))
	for i, subject := range subjects {
		results[i].Name = subject.Name
		var err error
		if times[i], err = calibrate(subject, s.Turn); err != nil {
			return nil, fmt.Errorf("%s: %w", subject.Name, err)
		}
	}
	for range s.Rounds {
		turns := make([][]float64, len(subjects))
		for range s.Turns {
			for _, i := range rand.Perm(len(subjects)) { //nolint:gosec // no secret: nobody shall always follow the same
				began := time.Now()
				if err := subjects[i].Do(times[i]); err != nil {
					return nil, fmt.Errorf("%s: %w", subjects[i].Name, err)
				}
				turns[i] = append(turns[i], float64(time.Since(began).Nanoseconds())/float64(times[i]))
			}
		}
		base := median(turns[0])
		for i := range subjects {
			m := median(turns[i])
			results[i].Nanoseconds = append(results[i].Nanoseconds, m)
			results[i].Ratios = append(results[i].Ratios, m/base)
		}
	}
	for i, subject := range subjects {
		if subject.Allocates {
			var err error
			results[i].Allocations = testing.AllocsPerRun(100, func() { err = subject.Do(1) })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", subject.Name, err)
			}
		}
	}
	return results, nil
}

// calibrate finds out how often a subject does it in one turn. The quickest of three tries counts: the
// first is cold, and any may be interrupted.
func calibrate(s Subject, turn time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		quickest := time.Duration(math.MaxInt64)
		for range 3 {
			began := time.Now()
			if err := s.Do(n); err != nil {
				return 0, err
			}
			quickest = min(quickest, time.Since(began))
		}
		if quickest >= turn/2 {
			return max(1, int(float64(n)*float64(turn)/float64(quickest))), nil
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Summary is a median and the bounds that it is in with a confidence of 95 %, as benchstat reckons them.
func Summary(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}

// Lines writes results as the testing package does, for benchstat: a line a round.
func Lines(name string, results []Result) []string {
	var lines []string
	for _, r := range results {
		for round := range r.Nanoseconds {
			line := fmt.Sprintf("Benchmark%s%s/peer=%s 1 %.1f ns/op %.4f ×first", strings.ToUpper(name[:1]), name[1:], r.Name, r.Nanoseconds[round], r.Ratios[round])
			if r.Allocations > 0 {
				line += fmt.Sprintf(" %.0f allocs/op", r.Allocations)
			}
			lines = append(lines, line)
		}
	}
	return lines
}
