// Package ruling is what all rooms that judge commands have in common: the verdict,
// the notes it is made of, and what the facts of a machine say of services, ports and
// what stands behind them. It is pure.
package ruling

import (
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/fact"
)

// Line is a command line, or a line of a .reg file, and where it stands.
type Line struct {
	Text   string // name of the text; "" = the paste
	Number int    // from 1
	Line   string
	Shell  string // "powershell" where the prompt says so, or ""
}

// Confidence is how sure a verdict is.
type Confidence string

// Degrees of confidence.
const (
	Certain  Confidence = "certain"  // the machine's facts, or the command alone, decide
	Likely   Confidence = "likely"   // it is so on most machines, and the facts do not say
	Possible Confidence = "possible" // general knowledge that nobody tried here
)

// Note is one thing to know about a command on this machine.
type Note struct {
	ID    NoteID
	About []fact.ID // rows it rests on
	Args  map[string]string
}

// Instead is a better way: a remedy by its ID, or a command.
type Instead struct {
	Remedy  string // KIND[:TARGET]
	Command string
}

// Verdict is the judgement on one command.
type Verdict struct {
	Command    string // as it stands
	Where      []Line // every place where it stands
	Rule       known.Rule
	Class      known.Class
	Args       map[string]string // what the command names: service, address, port
	Notes      []Note
	Need       known.Need
	Reversal   known.Reversal
	Undo       []string // commands that take it back, in order
	Instead    []Instead
	Confidence Confidence
	Sources    []string
}
