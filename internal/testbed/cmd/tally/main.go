// Command tally reads the events of `go test -json` and says what became of the
// tests: the output of those that failed, the reason of each that was skipped, and
// one line for the tier.
//
//	go test -json ./... | tally -tier unit -sum FILE
//	tally -total FILE
//	tally -check pass -tier static -sum FILE
//	tally -fuzz
//
// A test with subtests counts as its subtests. A package that fails without a
// failing test (it does not build, it panics, it runs out of time) counts as one
// failure, and so does a tier in which no test ran.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	tier := flag.String("tier", "unit", "`name` of the tier that the events are of")
	sum := flag.String("sum", "", "`file` to which the tier's counts are added")
	total := flag.String("total", "", "print the sum of the counts in `file` instead of reading events")
	check := flag.String("check", "", "count one check by this `result` (pass or fail) instead of reading events")
	fuzz := flag.Bool("fuzz", false, "print the module's fuzz targets instead of reading events")
	since := flag.Int64("since", time.Now().Unix(), "Unix `time` at which the tier began")
	flag.Parse()
	switch {
	case *total != "":
		os.Exit(printTotal(os.Stdout, *total))
	case *fuzz:
		fail(listFuzz(os.Stdout))
		return
	}
	c := checked(*check)
	if *check == "" {
		c = readTier(os.Stdin, os.Stdout, *tier, time.Since(time.Unix(*since, 0)))
	}
	fail(appendCounts(*sum, *tier, c))
	if c.Failed > 0 {
		os.Exit(1)
	}
}

func checked(result string) Counts {
	if result == "pass" {
		return Counts{Passed: 1}
	}
	return Counts{Failed: 1}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
}

func readTier(r io.Reader, w io.Writer, tier string, took time.Duration) Counts {
	start := time.Now()
	run := NewRun(w)
	if err := run.Read(r); err != nil {
		run.fault(fmt.Sprintf("events: %v", err))
	}
	c := run.Counts()
	if c == (Counts{}) {
		fmt.Fprintf(w, "tier %s: NO TEST RAN\n", tier)
		return Counts{Failed: 1}
	}
	took += time.Since(start)
	fmt.Fprintf(w, "tier %s: %s (%.0f s)\n", tier, c, took.Seconds())
	return c
}

func printTotal(w io.Writer, file string) int {
	c, err := sumCounts(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		return 2
	}
	fmt.Fprintln(w, c)
	if c.Failed > 0 || c.Passed == 0 {
		return 1
	}
	return 0
}
