// Package collect holds the scripts for machines on which berth cannot run, and
// knows the marks that they leave in the one file that each of them writes.
//
// A script only asks: it changes nothing, needs nothing installed and no privilege,
// and tells more with an administrator's rights. The package is pure.
package collect

import (
	_ "embed"
	"strings"
)

//go:embed windows.cmd
var windows string

//go:embed linux.sh
var linux string

//go:embed mac.sh
var mac string

// Systems are the words that [Script] takes.
func Systems() []string { return []string{"windows", "linux", "mac"} }

// Script is the script for a system and the name to save it under; ok is false for
// other words. Windows' has the line ends that its command interpreter wants.
func Script(system string) (name, text string, ok bool) {
	switch system {
	case "windows":
		return "berth-collect.cmd", strings.ReplaceAll(windows, "\n", "\r\n"), true
	case "linux":
		return "berth-collect.sh", linux, true
	case "mac":
		return "berth-collect.sh", mac, true
	}
	return "", "", false
}

// How says how to run the script of a system and what to do with its file, one
// sentence a line.
func How(system string) []string {
	name, _, _ := Script(system)
	run := "Run it there: sudo sh " + name + "; without sudo it tells less."
	if system == "windows" {
		run = "Start it there by a double click, or as administrator to see more."
	}
	return []string{
		"Save the lines above as " + name + " on the machine in question; they change nothing there.",
		run,
		"It writes one file, berth-report.txt, on the Desktop or where it was started.",
		"Bring that file here: berth explain berth-report.txt",
	}
}

// Mark is a line that a script puts between the outputs.
type Mark struct {
	OS      string // GOOS word, at the file's beginning
	Command string // whose output follows
	End     bool   // all of them are done
}

// Parse reads a mark.
func Parse(line string) (m Mark, ok bool) {
	inner, ok := strings.CutPrefix(strings.TrimSpace(line), "=== berth-")
	inner, ok2 := strings.CutSuffix(inner, " ===")
	if !ok || !ok2 {
		return Mark{}, false
	}
	if command, is := strings.CutPrefix(inner, "run: "); is {
		return Mark{Command: command}, true
	}
	switch inner {
	case "end":
		return Mark{End: true}, true
	case "collect 1 windows":
		return Mark{OS: "windows"}, true
	case "collect 1 linux":
		return Mark{OS: "linux"}, true
	case "collect 1 mac":
		return Mark{OS: "darwin"}, true
	}
	return Mark{}, false
}

// Marks are the marks among lines, by index.
func Marks(lines []string) map[int]Mark {
	var out map[int]Mark
	for i, l := range lines {
		m, ok := Parse(l)
		if !ok {
			continue
		}
		if out == nil {
			out = map[int]Mark{}
		}
		out[i] = m
	}
	return out
}

// Span is the lines from the first mark up to the last, or up to the end of a text
// of n lines whose end was cut off; 0 and 0 without a mark.
func Span(marks map[int]Mark, n int) (from, to int) {
	if len(marks) == 0 {
		return 0, 0
	}
	from, to = n, 0
	ends := false
	for i, m := range marks {
		from, to = min(from, i), max(to, i+1)
		ends = ends || m.End
	}
	if !ends {
		to = n
	}
	return from, to
}
