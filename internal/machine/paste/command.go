package paste

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/typed"
)

// want is a port number that a command in a paste names.
type want struct {
	proto    fact.Proto
	port     uint16
	sure     bool // behind a colon or a word for it: can be nothing but a port
	why      Why
	evidence string
}

// maxWanted bounds the ports that a paste asks for.
const maxWanted = 64

// mark reads a line that a collecting script put between the outputs: nobody typed
// its command.
func (d *desk) mark(i int) int {
	m, ok := d.marks[i]
	if !ok {
		return 0
	}
	if m.OS != "" {
		d.saw(Collected, i, i, 1)
		d.machine.On(m.OS).Merge(fact.Set{}, 1)
	}
	return 1
}

// reported tells whether line i is of the file of a collecting script.
func (d *desk) reported(i int) bool { return d.report.from <= i && i < d.report.to }

// command reads a line typed at a prompt, or a command that stands alone.
func (d *desk) command(i int) int {
	line := strings.TrimSpace(d.lines[i])
	l, prompt := typed.Cut(line)
	if !prompt && !typed.WellKnown(l.Command) {
		return 0
	}
	if l.Command != "" {
		d.commandAt(i, l)
	}
	return 1
}

// commandAt notes a command; in the file of a collecting script nobody typed any.
func (d *desk) commandAt(i int, l typed.Line) {
	if d.reported(i) {
		return
	}
	d.result.Commands = append(d.result.Commands, Line{Text: d.name, Number: d.numbers[i], Line: l.Command, Shell: l.Shell})
	for _, p := range typed.Ports(l.Command) {
		d.want(want{p.Proto, p.Number, p.Sure, Filtered, d.evidence(i)})
	}
}

// bareCommand reads lines that are commands and nothing else, though no prompt stands
// before them: a step of a list, a line of code, the lines of a .reg file.
func (d *desk) bareCommand(i int) int {
	_, n := d.search(i, len(d.lines))
	if n == 1 {
		d.inSentence(i)
		return 1
	}
	for j := range n {
		d.result.Commands = append(d.result.Commands, Line{Text: d.name, Number: d.numbers[i+j], Line: d.lines[i+j]})
	}
	return n
}

// maxSearched bounds the prose that is searched for commands, in bytes; what is
// looked at twice counts twice. A forum thread has some hundred thousand.
const maxSearched = 4 << 20

// search looks for commands in the lines from i to end, as [Reader.Commands] does.
func (d *desk) search(i, end int) (found []string, took int) {
	if d.reader.Commands == nil || d.reported(i) || d.searched > maxSearched {
		return nil, 0
	}
	d.searched += len(d.lines[i])
	return d.reader.Commands(d.lines[i:end])
}

// inSentence notes the commands that stand in the middle of a line.
func (d *desk) inSentence(i int) {
	found, _ := d.search(i, i+1)
	for _, cmd := range found {
		d.commandAt(i, typed.Line{Command: cmd})
	}
}
