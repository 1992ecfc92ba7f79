// Package contest compares the time of several implementations of one task. They run in short alternating
// turns, so that other load on the machine affects all of them. The median of the turns counts, because it
// ignores interrupted turns.
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

// Subject is one implementation of the task.
type Subject struct {
	Name string
	// Do performs the task n times.
	Do func(times int) error
	// Allocates makes Run count the allocations of the process.
	Allocates bool
}

// Result contains the measurements of a subject, one per round.
type Result struct {
	Name        string
	Nanoseconds []float64 // per task
	Ratios      []float64 // of the time to the first subject's in the same round
	Allocations float64   // per task; only if Allocates is set
}

// Settings set the duration of a contest: Rounds × Turns × number of subjects × Turn. A turn should be long
// enough for several garbage collections, so that each subject pays for its own garbage.
type Settings struct {
	Rounds, Turns int
	Turn          time.Duration
}

// Run measures the subjects in alternating turns. It returns the first error of a subject.
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
			for _, i := range rand.Perm(len(subjects)) { //nolint:gosec // not a secret: the order only has to vary
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

// calibrate returns how many tasks a subject performs in one turn. The quickest of three tries counts: the
// first is cold, and any try can be interrupted.
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

// Summary returns the median and its 95 % confidence interval, computed as benchstat does.
func Summary(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}

// Lines formats results as go test -bench does, for benchstat: one line per round.
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
