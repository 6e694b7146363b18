// Package known is the commands that people copy when a port is taken, as data: how
// to recognise each, what may be said of it on any machine, and where that was read.
//
// What a command would do on one machine is answer/judge's to say; the words are
// talk/report's. The tables are laid out by the linker and cost nothing at start.
// The package is pure.
package known

import (
	"strings"

	"github.com/berthd/berth/internal/answer/judge/shell"
)

// Rule names what a command does. JSON carries it; it stays for ever.
type Rule string

// Class is the judgement in one word.
type Class string

// Classes, best first.
const (
	Sound     Class = "sound"           // does what it says, and can be taken back
	Look      Class = "harmless-look"   // only looks
	NoChange  Class = "changes-nothing" // fails, or leaves everything as it is
	NoPort    Class = "frees-nothing"   // does something, and no port is free by it
	NotHere   Class = "not-here"        // does not exist on this system, or not any more
	WrongTool Class = "wrong-tool"      // made for something else
	Risky     Class = "risky"           // may do what is wanted, and more than that
	Breaks    Class = "breaks"          // takes something down that people count on
	Unknown   Class = "not-judged"      // berth does not know the command
)

// Need is the right a command asks for.
type Need string

// Needs of a command.
const (
	Nobody  Need = ""              // anybody may
	Admin   Need = "administrator" // an elevated prompt
	Root    Need = "root"
	Owner   Need = "owner" // root, or whoever owns what it acts on
	Engine  Need = "engine"
	Desktop Need = "console-user" // the user at the screen
)

// Reversal says how far a command can be taken back.
type Reversal string

// Ways to take a command back.
const (
	Nothing     Reversal = "nothing"     // there is nothing to take back
	Reversible  Reversal = "reversible"  // exactly as before
	Restartable Reversal = "restartable" // the same thing is started again; what it held in memory is gone
	Final       Reversal = "final"       // cannot be taken back
	Reboot      Reversal = "reboot"      // the next boot takes it back
)

// Fact is what may be said of a rule on any machine.
type Fact struct {
	Rule     Rule
	Class    Class
	Need     Need
	Reversal Reversal
	// Undo are the commands that take it back, placeholders in braces.
	Undo []string
	// Instead are better ways: a remedy's ID, or a command behind "$ ".
	Instead []string
	Sources []string // web addresses, or threads as owner/name#number; none = general knowledge
}

// pattern recognises one command.
type pattern struct {
	words string // see match.go
	rule  Rule
	os    string // "windows", "linux", "darwin", "unix"; "" = any
	// shy patterns look like everyday English ("kill the process"): a line of prose
	// is not searched for them.
	shy bool
}

// Match is a command that is known.
type Match struct {
	Rule Rule
	OS   string // systems it is of: "windows", "linux", "darwin", "unix", ""
	Args map[string]string
	// bare: the program's name alone was recognised.
	bare bool
}

// Table finds commands by the name of their program. Make one with [NewTable]; it may
// be used by several goroutines.
type Table struct{ by map[string][]*pattern }

// NewTable indexes the patterns, which takes some ten microseconds.
func NewTable() *Table {
	t := &Table{by: make(map[string][]*pattern, 2*len(patterns))}
	for i := range patterns {
		names, _, _ := strings.Cut(patterns[i].words, " ")
		for _, name := range strings.Split(names, "|") {
			t.by[name] = append(t.by[name], &patterns[i])
		}
	}
	return t
}

// Find recognises a command.
func (t *Table) Find(c shell.Command) (Match, bool) { return t.find(c, false) }

func (t *Table) find(c shell.Command, prose bool) (Match, bool) {
	for _, p := range t.by[c.Name] {
		if prose && p.shy {
			continue
		}
		_, rest, _ := strings.Cut(p.words, " ")
		if args, ok := match(rest, c, prose); ok {
			return Match{Rule: p.rule, OS: p.os, Args: args, bare: rest == "..."}, true
		}
	}
	return Match{}, false
}

// Of returns what may be said of a rule anywhere.
func Of(r Rule) Fact {
	for i := range facts {
		if facts[i].Rule == r {
			return facts[i]
		}
	}
	return Fact{Rule: r, Class: Unknown}
}

// Rules yields every rule that may be judged, in the order of the table.
func Rules() []Rule {
	out := make([]Rule, len(facts))
	for i := range facts {
		out[i] = facts[i].Rule
	}
	return out
}

// oneOf tells whether word is one of alternatives "a|b".
func oneOf(alternatives, word string) bool {
	for alternatives != "" {
		var a string
		a, alternatives, _ = strings.Cut(alternatives, "|")
		if a == word {
			return true
		}
	}
	return false
}
