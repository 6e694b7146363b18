package script

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

// clean holds the last stdout and stderr to characters that a terminal shows.
func clean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: clean")
	}
	for _, file := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(file)
		if !utf8.ValidString(text) {
			ts.Fatalf("%s is no UTF-8", file)
		}
		for i, r := range text {
			if r != '\n' && !unicode.IsPrint(r) {
				ts.Fatalf("%s has %U at %d", file, r, i)
			}
		}
	}
}

// hammer runs a command many times over and takes every answer that is one: yes
// or no, with nothing on stderr but notes.
func hammer(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(append(args, "")[0])
	if neg || len(args) < 2 || err != nil {
		ts.Fatalf("usage: hammer TIMES CMD...")
	}
	seen := map[int]int{}
	for range n {
		err := ts.Exec(args[1], args[2:]...)
		got, ok := code(err)
		if !ok || got != 0 && got != 1 {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		seen[got]++
	}
	ts.Logf("exit codes: %v", seen)
}
