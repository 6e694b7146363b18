package main

import (
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{9, 1, 2}, spread{2, 1, 9}},
		{[]float64{4, 1, 2, 9}, spread{3, 1, 9}},
	} {
		if got := spreadOf(c.in); got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
}

// The ratio is that of the rounds, not of the medians: a round that was slow for
// both changes nothing.
func TestRatiosAreOfPairs(t *testing.T) {
	of := func(all ...int) (s []sample) {
		for _, ms := range all {
			s = append(s, sample{wall: time.Duration(ms) * time.Millisecond, cpu: time.Millisecond})
		}
		return s
	}
	a, b := of(20, 200, 60), of(10, 100, 20)
	if got, want := ratios(a, b, wall), (spread{2, 2, 3}); got != want {
		t.Errorf("wall: %v, want %v", got, want)
	}
	if got, want := ratios(a, b, cpu), (spread{1, 1, 1}); got != want {
		t.Errorf("CPU: %v, want %v", got, want)
	}
	if got := ratios(a, of(0, 0, 0), wall); got != (spread{}) {
		t.Errorf("of nothing: %v", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.123: "0.12", 1.5: "1.50", 12.34: "12.3", 1234.5: "1234"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
