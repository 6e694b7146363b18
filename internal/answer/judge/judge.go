// Package judge says of the commands and .reg files in a text what each would do to
// one machine: what it breaks there, whether it can be taken back and by which
// command, and what to do instead.
//
// The machine is a [fact.Set]; an empty one will do, and then a verdict says what is
// true of most machines. The package is pure: it runs nothing, and no line of a text
// makes it look anywhere but in the set.
package judge

import (
	"maps"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/listener"
	"github.com/berthd/berth/internal/answer/judge/ranges"
	"github.com/berthd/berth/internal/answer/judge/regfile"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/answer/judge/services"
	"github.com/berthd/berth/internal/answer/judge/shell"
	"github.com/berthd/berth/internal/answer/judge/units"
	"github.com/berthd/berth/internal/fact"
)

// Line is a command line of a text.
type Line = ruling.Line

// Verdict is the judgement on one command.
type Verdict = ruling.Verdict

// Bounds: the commands that are judged, the lines they stand in, and the places of one.
const (
	maxVerdicts = 200
	maxLines    = 5000
	maxPlaces   = 20
)

// Commands judges lines against the machine that set speaks of. ports are those that
// somebody wants; with none, nothing is said about whether a port becomes free.
// Lines that stand several times are judged once.
func Commands(lines []Line, set *fact.Set, ports ...uint16) []Verdict {
	j := &judge{machine: ruling.NewMachine(set, ports), table: known.NewTable(), have: map[string]int{}}
	lines = lines[:min(len(lines), maxLines)]
	for i := 0; i < len(lines) && len(j.out) < maxVerdicts; {
		if n := j.registry(lines[i:]); n > 0 {
			i += n
			continue
		}
		j.line(lines[i])
		i++
	}
	return j.out
}

type judge struct {
	machine *ruling.Machine
	table   *known.Table
	out     []Verdict
	have    map[string]int // where in out a command is
}

// registry judges the lines of a .reg file that begin here, and returns how many.
func (j *judge) registry(lines []Line) int {
	if _, _, ok := regfile.Key(lines[0].Line); !ok && !regfile.Header(lines[0].Line) {
		return 0
	}
	var text []string
	for i, l := range lines {
		if i > 0 && (l.Text != lines[0].Text || l.Number <= lines[i-1].Number || l.Number > lines[i-1].Number+maxGap) {
			break
		}
		text = append(text, l.Line)
	}
	changes, n := regfile.Read(text)
	for _, c := range changes {
		said := strings.TrimSpace(strings.Join(text[c.Line:c.Last+1], " "))
		if !c.Whole {
			said = "[" + c.Key + "] " + said
		}
		r := j.rule(said, lines[c.Line], known.RegistryChange)
		r.change(c)
		r.Finish()
		j.add(r.V)
	}
	return max(n, 1)
}

// maxGap is how far apart the lines of one .reg file may stand: blank lines and the
// signs of a quote may have been left out.
const maxGap = 3

// line judges the commands of one line.
func (j *judge) line(l Line) {
	for _, p := range shell.Parse(l.Line) {
		judged := false
		for i, c := range p.Commands {
			m, ok := j.table.Find(c)
			if ok && m.Rule == known.LookOnly && c.Into == "" && c.Name != "tee" {
				continue
			}
			r := j.rule(p.Text, l, m.Rule)
			r.C = c
			if i > 0 {
				r.Before = &p.Commands[i-1]
			}
			r.judge(m, ok)
			if r.V.Rule == known.LookOnly {
				continue
			}
			j.add(r.V)
			judged = true
		}
		if !judged && len(p.Commands) > 0 {
			j.add(j.rule(p.Text, l, known.LookOnly).V)
		}
	}
}

func (j *judge) rule(text string, at Line, what known.Rule) rule {
	return rule{ruling.New(j.machine, text, at, what)}
}

// rule is the ruling on one command, with what this room knows.
type rule struct{ *ruling.Ruling }

// judge settles what a known command does here; found tells whether it is one.
func (r rule) judge(m known.Match, found bool) {
	if !found {
		r.Become(known.NotJudged)
		return
	}
	maps.Copy(r.V.Args, m.Args)
	if r.Elsewhere(m.OS) {
		r.V.Class, r.V.Confidence, r.V.Undo, r.V.Reversal = known.NotHere, ruling.Certain, nil, known.Nothing
		r.Note(ruling.OtherSystem, "os", m.OS)
	} else if !services.Judge(r.Ruling) && !listener.Judge(r.Ruling) && !ranges.Judge(r.Ruling) && !units.Judge(r.Ruling) {
		r.own()
	}
	r.Finish()
}

// own settles what no other room does.
func (r rule) own() {
	switch r.V.Rule {
	case known.RegistryChange:
		r.registryCommand()
	case known.RegistryImport:
		r.Note(ruling.FileNotHere, "file", r.V.Args["file"])
	default:
		_ = r.kills() || r.containers() || r.parts()
	}
}

// add keeps a verdict, or one more place of a command that was judged before.
func (j *judge) add(v *Verdict) {
	key := string(v.Rule) + " " + strings.ToLower(strings.Join(strings.Fields(v.Command), " "))
	if i, ok := j.have[key]; ok {
		if w := &j.out[i].Where; len(*w) < maxPlaces {
			*w = append(*w, v.Where...)
		}
		return
	}
	if len(j.out) < maxVerdicts {
		j.have[key] = len(j.out)
		j.out = append(j.out, *v)
	}
}

// Finder finds commands in lines of text.
type Finder struct{ table *known.Table }

// NewFinder makes one; it may be used by several goroutines.
func NewFinder() *Finder { return &Finder{known.NewTable()} }

// Spot looks at the line that lines begins with. took is how many lines are nothing
// but commands: one command line, or the lines of a .reg file. Where it is 0, found
// are the commands in the middle of a sentence.
func (f *Finder) Spot(lines []string) (found []string, took int) {
	if len(lines) == 0 {
		return nil, 0
	}
	if _, _, ok := regfile.Key(lines[0]); ok || regfile.Header(lines[0]) {
		if changes, n := regfile.Read(lines[:min(len(lines), maxBlock)]); len(changes) > 0 {
			return lines[:n], n
		}
	}
	found, whole := f.table.Spot(lines[0])
	if whole {
		took = 1
	}
	return found, took
}

// maxBlock bounds the lines of one .reg file in a post.
const maxBlock = 4096
