package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// contender is one command that is timed.
type contender struct {
	name string
	argv []string
	weak bool     // runs without the rights that BPF needs
	says []string // what its answer must have in it, as whole words
	peer bool     // another tool that says who owns a port
	exit int      // how it ended when it was checked
}

// contest is some commands that are compared with each other.
type contest struct {
	all    []*contender
	times  map[*contender][]sample
	failed []string
}

// runner runs a command and measures it, or keeps what it says.
type runner interface {
	run(context.Context, *contender) (sample, int, error)
	output(context.Context, *contender) (string, int, error)
}

// newContest checks every answer before anything is timed. A command with another
// answer is left out, and said so.
func newContest(ctx context.Context, r runner, all ...*contender) (*contest, error) {
	c := &contest{times: map[*contender][]sample{}}
	for _, k := range all {
		text, code, err := r.output(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		k.exit = code
		if missing := unsaid(text, k.says); missing != "" {
			c.failed = append(c.failed, fmt.Sprintf("%s: its answer does not name %s", k.name, missing))
			continue
		}
		c.all = append(c.all, k)
	}
	return c, nil
}

// rounds runs every command once a round, every other round in reverse order.
func (c *contest) rounds(ctx context.Context, r runner, n int, talk io.Writer) error {
	for i := range n {
		order := slices.Clone(c.all)
		if i%2 == 1 {
			slices.Reverse(order)
		}
		for _, k := range order {
			s, code, err := r.run(ctx, k)
			if err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			if code != k.exit {
				return fmt.Errorf("%s: exit %d, and %d when it was checked", k.name, code, k.exit)
			}
			c.times[k] = append(c.times[k], s)
		}
		if i%10 == 9 || i == n-1 {
			fmt.Fprintf(talk, "  round %d of %d\n", i+1, n)
		}
	}
	return nil
}

// fastest is the peer that a command is the least ahead of, by the median of the
// ratios; nil where there is none.
func (c *contest) fastest(quick *contender) *contender {
	var best *contender
	least := 0.0
	for _, k := range c.all {
		if r := ratios(c.times[k], c.times[quick], wall).median; k.peer && k != quick && r > 0 && (best == nil || r < least) {
			best, least = k, r
		}
	}
	return best
}

// has tells whether a command was measured.
func (c *contest) has(k *contender) bool { return len(c.times[k]) > 0 }

// unsaid returns the first of words that is not in text, with no digit or letter
// beside it.
func unsaid(text string, words []string) string {
	for _, w := range words {
		if !saysWord(text, w) {
			return w
		}
	}
	return ""
}

func saysWord(text, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i:i+len(word)] == word && !wordByte(text, i-1) && !wordByte(text, i+len(word)) {
			return true
		}
	}
	return false
}

func wordByte(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return false
	}
	c := s[i]
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
