package main

import (
	"fmt"
	"slices"
	"time"
)

// sample is one run of one command.
type sample struct {
	wall, cpu time.Duration
	peakKB    int64
}

// spread is the middle and the ends of some measurements.
type spread struct{ median, min, max float64 }

func spreadOf(all []float64) spread {
	if len(all) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// ms is the spread of one time of the samples, in milliseconds.
func ms(all []sample, of func(sample) time.Duration) spread {
	var v []float64
	for _, s := range all {
		v = append(v, float64(of(s))/1e6)
	}
	return spreadOf(v)
}

func wall(s sample) time.Duration { return s.wall }
func cpu(s sample) time.Duration  { return s.cpu }

// ratios is the spread of one time of a to that of b, each of one round.
func ratios(a, b []sample, of func(sample) time.Duration) spread {
	var v []float64
	for i := range min(len(a), len(b)) {
		if of(b[i]) > 0 {
			v = append(v, float64(of(a[i]))/float64(of(b[i])))
		}
	}
	return spreadOf(v)
}

func (s spread) String() string {
	return number(s.median) + " (" + number(s.min) + "..." + number(s.max) + ")"
}

// number writes three digits, or all in front of the point.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
