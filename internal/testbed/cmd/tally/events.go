package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json` (see go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

// test is what is known of one test while its package runs.
type test struct {
	output []string
	kids   int
	bad    int // children that failed
}

// Run adds up the events of one go test.
type Run struct {
	w      io.Writer
	counts Counts
	tests  map[string]map[string]*test // by package, by name; "" is the package itself
	failed map[string]int              // failures by package
	build  map[string][]string         // compiler output by import path
}

// NewRun returns a run that writes what a person must read to w.
func NewRun(w io.Writer) *Run {
	return &Run{w: w, tests: map[string]map[string]*test{}, failed: map[string]int{}, build: map[string][]string{}}
}

// Counts is the sum so far.
func (r *Run) Counts() Counts { return r.counts }

// Read takes in all events. Lines that are none are passed on to the reader.
func (r *Run) Read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *Run) line(line string) {
	var e event
	if err := json.Unmarshal([]byte(line), &e); err != nil || e.Action == "" {
		fmt.Fprint(r.w, line)
		return
	}
	switch e.Action {
	case "run":
		r.started(e)
	case "output":
		t := r.test(e)
		t.output = append(t.output, e.Output)
	case "build-output":
		r.build[e.ImportPath] = append(r.build[e.ImportPath], e.Output)
	case "build-fail":
		r.print("build "+e.ImportPath, r.build[e.ImportPath])
	case "pass", "skip", "fail":
		r.ended(e)
	}
}

func (r *Run) test(e event) *test {
	pkg := r.tests[e.Package]
	if pkg == nil {
		pkg = map[string]*test{}
		r.tests[e.Package] = pkg
	}
	if pkg[e.Test] == nil {
		pkg[e.Test] = new(test)
	}
	return pkg[e.Test]
}

func (r *Run) started(e event) {
	r.test(e)
	if up := parent(e.Test); up != "" {
		e.Test = up
		r.test(e).kids++
	}
}

func parent(name string) string {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return ""
	}
	return name[:i]
}

func (r *Run) ended(e event) {
	t := r.test(e)
	switch {
	case e.Test == "":
		r.endedPackage(e, t)
		return
	case e.Action == "pass" && t.kids == 0:
		r.counts.Passed++
	case e.Action == "skip" && t.kids == 0:
		r.counts.Skipped++
		fmt.Fprintf(r.w, "--- skipped: %s %s: %s\n", e.Package, e.Test, reason(t.output))
	case e.Action == "fail":
		r.failedTest(e, t)
	}
	t.output = nil
}

func (r *Run) failedTest(e event, t *test) {
	r.failed[e.Package]++
	if up := parent(e.Test); up != "" {
		r.test(event{Package: e.Package, Test: up}).bad++
	}
	if t.bad == 0 { // else it failed because a subtest did, which is counted
		r.counts.Failed++
	}
	r.print("FAILED: "+e.Package+" "+e.Test, t.output)
}

func (r *Run) endedPackage(e event, t *test) {
	if e.Action == "fail" && r.failed[e.Package] == 0 {
		r.counts.Failed++
		r.print("FAILED: "+e.Package, t.output)
	}
	delete(r.tests, e.Package)
}

func (r *Run) fault(text string) {
	r.counts.Failed++
	fmt.Fprintln(r.w, "--- FAILED:", text)
}

func (r *Run) print(title string, output []string) {
	fmt.Fprintln(r.w, "---", title)
	for _, line := range output {
		fmt.Fprint(r.w, "    ", line)
		if !strings.HasSuffix(line, "\n") {
			fmt.Fprintln(r.w)
		}
	}
}

// reason is the line in which a skipped test said why.
func reason(output []string) string {
	for i := len(output) - 1; i >= 0; i-- {
		line := strings.TrimSpace(output[i])
		if line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return line
		}
	}
	return "no reason given"
}
