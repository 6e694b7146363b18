// Package judged says the verdicts on commands in words. It is a room of its own
// because it has as many sentences as all the rest of an answer.
package judged

import (
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Words says verdicts. N names the rows that they rest on.
type Words struct{ N sentence.Names }

// Class is a verdict's class in words.
func Class(c known.Class) string {
	switch c {
	case known.Sound:
		return "does what it says"
	case known.Look:
		return "only looks"
	case known.NoChange:
		return "changes nothing here"
	case known.NoPort:
		return "frees no port"
	case known.NotHere:
		return "does not exist here"
	case known.WrongTool:
		return "the wrong tool"
	case known.Risky:
		return "risky"
	case known.Breaks:
		return "breaks things"
	case known.Unknown:
		return "not judged"
	}
	return sentence.Name(string(c))
}

// Does says what the command is for.
func (w Words) Does(v ruling.Verdict) string {
	for i := range rules {
		if rules[i].rule == v.Rule {
			return w.fill(rules[i].text, v.Args, nil)
		}
	}
	return ""
}

// Note says one thing to know about a command here.
func (w Words) Note(v ruling.Verdict, n ruling.Note) string {
	switch n.ID {
	case ruling.Purpose, ruling.FeatureOfIt, ruling.ForwarderOnly:
		return w.entry(v, n)
	case ruling.CostHere:
		return "Cost: " + lower(sentence.Clean(n.Args["cost"], 0))
	case ruling.StartWord:
		return startWord(n.Args["value"])
	}
	for i := range notes {
		if notes[i].note == n.ID {
			text := notes[i].text
			if len(n.About) == 0 && notes[i].bare != "" {
				text = notes[i].bare
			}
			return w.fill(text, n.Args, n.About, v.Args)
		}
	}
	return ""
}

// entry says what the catalog knows of a thing.
func (w Words) entry(v ruling.Verdict, n ruling.Note) string {
	e, ok := catalog.ByID(n.Args["entry"])
	if !ok {
		return "It is known to berth's catalog as " + sentence.Name(n.Args["entry"]) + "."
	}
	switch n.ID {
	case ruling.FeatureOfIt:
		return "It belongs to " + e.Name + ", which cannot listen without it."
	case ruling.ForwarderOnly:
		return "It is " + e.Name + ", which only forwards: ending it takes down everything that it forwards for."
	}
	return e.Name + ": " + sentence.Clean(e.Purpose, 0)
}

// startWord says the five start values in words.
func startWord(value string) string {
	word := map[string]string{
		"0": "boot: the boot loader loads it, which only drivers of the disk need",
		"1": "system: loaded while the kernel starts",
		"2": "automatic: started at every boot",
		"3": "manual, on demand: started when something needs it, which is what HTTP is meant to have",
		"4": "disabled: nothing can start it any more",
	}[value]
	return "Start value " + sentence.Name(value) + " is " + word + "."
}

// Needs says which right a command asks for, "" where anybody may.
func Needs(n known.Need) string {
	switch n {
	case known.Admin:
		return "needs an administrator's prompt"
	case known.Root:
		return "needs root"
	case known.Owner:
		return "needs the owner of what it acts on, or root"
	case known.Engine:
		return "needs the right to the engine's socket"
	case known.Desktop:
		return "needs the user at the screen"
	}
	return ""
}

// Undo says how a command is taken back, "" where there is nothing to take back.
func (w Words) Undo(v ruling.Verdict) string {
	lines := make([]string, len(v.Undo))
	for i, u := range v.Undo {
		lines[i] = sentence.Clean(u, sentence.CommandWidth)
	}
	const many = 6
	if more := len(lines) - many; more > 0 {
		lines = append(lines[:many], "and "+sentence.Itoa(more)+" more of that kind (--json has all)")
	}
	back := strings.Join(lines, "; ")
	switch {
	case v.Reversal == known.Nothing:
		return ""
	case v.Reversal == known.Final && v.Class != known.Unknown:
		return "cannot be taken back by a command."
	case v.Reversal == known.Reboot && back != "":
		return back + "; the next boot does it too."
	case v.Reversal == known.Reboot:
		return "the next boot takes it back."
	case back == "":
		return ""
	case v.Reversal == known.Restartable:
		return back + "; what it held in memory is gone."
	}
	return back
}

// Instead says a better way.
func (w Words) Instead(i ruling.Instead) string {
	if i.Command != "" {
		return sentence.Clean(i.Command, sentence.CommandWidth)
	}
	kind, target, _ := strings.Cut(i.Remedy, ":")
	target = sentence.Name(target)
	switch catalog.RemedyKind(kind) {
	case catalog.Wait:
		return "wait a minute: ended connections go away by themselves"
	case catalog.Port:
		return "give your own server another port"
	case catalog.Address:
		return "bind another address of this machine"
	case catalog.Share:
		return "share the port: register your server under a URL of its own"
	case catalog.Move:
		return "move " + or(target, "the holder") + " to another port in its own settings"
	case catalog.Stop:
		return "stop " + or(target, "the one program behind the port, by its own service")
	case catalog.Startup:
		return "keep " + or(target, "it") + " from starting by itself (manual, not disabled)"
	case catalog.IPListen:
		return "netsh http add iplisten, one address at a time"
	case catalog.Exclude:
		return "keep port " + or(target, "PORT") + " out of the ranges: netsh interface ipv4 add excludedportrange protocol=tcp startport=" + or(target, "PORT") + " numberofports=1"
	}
	return sentence.Clean(i.Remedy, sentence.NameWidth)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func lower(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return string(s[0]-'A'+'a') + s[1:]
	}
	return s
}

// fill puts arguments and rows into a text: {x} is an argument, {about} the rows. A
// stretch in [brackets] is left out where an argument in it is not known.
func (w Words) fill(text string, args map[string]string, about []fact.ID, more ...map[string]string) string {
	value := func(name string) string {
		if name == "about" {
			return w.rows(about)
		}
		for _, m := range append([]map[string]string{args}, more...) {
			if v := m[name]; v != "" {
				return sentence.Clean(v, 160)
			}
		}
		return ""
	}
	var b strings.Builder
	for text != "" {
		at := strings.IndexAny(text, "{[")
		if at < 0 {
			break
		}
		b.WriteString(text[:at])
		end := strings.IndexByte(text[at:], map[byte]byte{'{': '}', '[': ']'}[text[at]]) + at
		inner := text[at+1 : end]
		if text[at] == '{' {
			b.WriteString(or(value(inner), "it"))
		} else if name, _, _ := strings.Cut(inner[strings.IndexByte(inner, '{')+1:], "}"); value(name) != "" {
			b.WriteString(strings.ReplaceAll(inner, "{"+name+"}", value(name)))
		}
		text = text[end+1:]
	}
	b.WriteString(text)
	return b.String()
}

// rows names rows, and counts those beyond the first few.
func (w Words) rows(ids []fact.ID) string {
	const many = 6
	var out []string
	for _, id := range ids[:min(len(ids), many)] {
		name := w.N.Row(id)
		if u := w.N.X.Unit(id); u != nil && u.Description != "" && !strings.EqualFold(u.Description, u.Name) && u.Manager == "scm" {
			name = sentence.Name(u.Description) + " (" + sentence.Name(u.Name) + ")"
		}
		out = append(out, name)
	}
	if more := len(ids) - many; more > 0 {
		out = append(out, sentence.Itoa(more)+" more")
	}
	return sentence.List(out)
}
