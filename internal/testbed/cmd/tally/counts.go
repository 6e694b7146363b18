package main

import (
	"bufio"
	"fmt"
	"os"
)

// Counts is how many tests ended in which way.
type Counts struct{ Passed, Failed, Skipped int }

// String is the line that closes a run: "3 passed, 0 failed", with the skipped
// ones when there are any.
func (c Counts) String() string {
	s := fmt.Sprintf("%d passed, %d failed", c.Passed, c.Failed)
	if c.Skipped > 0 {
		s += fmt.Sprintf(", %d skipped", c.Skipped)
	}
	return s
}

func appendCounts(file, tier string, c Counts) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, tier, c.Passed, c.Failed, c.Skipped); err != nil {
		return err
	}
	return f.Close()
}

func sumCounts(file string) (Counts, error) {
	var sum Counts
	f, err := os.Open(file)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var tier string
		var c Counts
		if _, err := fmt.Sscan(lines.Text(), &tier, &c.Passed, &c.Failed, &c.Skipped); err != nil {
			return sum, fmt.Errorf("%s: %w", file, err)
		}
		sum.Passed += c.Passed
		sum.Failed += c.Failed
		sum.Skipped += c.Skipped
	}
	return sum, lines.Err()
}
