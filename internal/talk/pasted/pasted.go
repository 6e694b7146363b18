// Package pasted makes the answer of `berth explain`: texts that somebody pasted
// become facts, refused binds and look-alikes, these become findings, and what is
// still open the one command that would tell.
//
// It changes nothing, needs no privilege and works on every OS; only [Files] reads
// files.
package pasted

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/judge"
	"github.com/berthd/berth/internal/answer/lookalike"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/settle"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/urlerror"
)

// Question is texts of one machine, and what is asked of them.
type Question struct {
	Texts []paste.Text
	Ports []uint16 // that the person asks about; none = those that the texts are about
	Raw   bool     // leave command lines as they are
	// Machine is what is known of the machine beside the texts: a snapshot of it.
	Machine fact.Set
}

// ErrNothing says that no line of the texts was recognised.
var ErrNothing = errors.New("nothing in the text was recognised")

// Explain answers q. The error is [ErrNothing], or that of data which is no text.
func Explain(q Question) (report.Explain, error) {
	var d desk
	r, err := paste.Reader{PortNumber: catalog.NumberNamed, Ports: q.Ports, Refused: d.refused, Commands: judge.NewFinder().Spot}.Read(q.Texts...)
	if err != nil {
		return report.Explain{}, err
	}
	if r.Set.Machine.OS == "" && slices.ContainsFunc(r.Commands, typedOnWindows) && !slices.ContainsFunc(d.said, func(s refusal.Refusal) bool { return s.OS != "" && s.OS != "windows" }) {
		r.Set.Machine.OS = "windows"
	}
	d.said = refusal.On(r.Set.Machine.OS, d.said)
	listed := len(r.Seen)+len(d.said)+len(d.found) > 0
	if !listed && len(r.Commands) == 0 {
		return report.Explain{}, ErrNothing
	}
	r.Set.Add(q.Machine)
	if !q.Raw {
		r.Set.Redact()
	}
	e := report.Explain{Index: chain.NewIndex(&r.Set)}
	if listed || len(q.Ports) > 0 || len(q.Machine.Sockets) > 0 {
		e = d.answer(&r)
	}
	e.Commands = judge.Commands(d.commands(&r, q.Raw), &r.Set, asked(&r)...)
	return e, nil
}

// commands are the lines to judge, without their secrets unless these are wanted. What
// stands in the line of a look-alike is a program's own doing, and no advice.
func (d *desk) commands(r *paste.Result, raw bool) []judge.Line {
	var out []judge.Line
	for _, l := range r.Commands {
		if at := where(l); slices.ContainsFunc(d.found, func(f lookalike.Found) bool { return f.Where == at }) {
			continue
		}
		line := l.Line
		if !raw {
			line = fact.RedactText(line)
		}
		out = append(out, judge.Line{Text: l.Text, Number: l.Number, Line: line, Shell: l.Shell})
	}
	return out
}

// where says in which line of which text l stands.
// typedOnWindows tells a command that no other system has.
func typedOnWindows(l paste.Line) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(l.Line)), " ")
	return slices.Contains([]string{"netsh", "taskkill", "sc", "net", "reg"}, strings.TrimSuffix(word, ".exe"))
}

func where(l paste.Line) string {
	return fmt.Sprintf("line %d of %s", l.Number, cmp.Or(l.Text, "the paste"))
}

// desk is what the lines beside the listings say.
type desk struct {
	said  []refusal.Refusal
	found []lookalike.Found
}

// refused reads the lines that no listing explains, and gives the ports that they
// say were refused.
func (d *desk) refused(rest []paste.Line) []paste.Asked {
	lines := make([]refusal.Line, len(rest))
	for i, l := range rest {
		lines[i] = refusal.Line{Text: l.Line, Where: where(l), Number: l.Number}
	}
	d.found, lines = lookalike.Find(lines)
	d.said = refusal.Read("", lines)
	var out []paste.Asked
	for _, s := range d.said {
		if s.Port != 0 {
			out = append(out, paste.Asked{Port: s.Port, Why: paste.Refused, Evidence: s.Where})
		}
	}
	return out
}

func (d *desk) answer(r *paste.Result) report.Explain {
	ports := asked(r)
	var broken []diagnose.Finding
	if len(ports) == 0 {
		broken = diagnose.Damage(chain.NewIndex(&r.Set))
	}
	if len(broken) == 0 || len(d.said)+len(r.Set.Sockets) > 0 {
		r.Set.AddGaps(settle.Open(&r.Set, ports, d.said, d.found)...)
	}
	x := chain.NewIndex(&r.Set)
	e := report.Explain{Index: x, Alike: d.found, Steps: settle.Steps(r.Set.Gaps)}
	for _, s := range r.Seen {
		e.Seen = append(e.Seen, report.Seen{Kind: string(s.Kind), File: s.Text, First: s.FirstLine, Last: s.LastLine, Rows: s.Rows})
	}
	words := !slices.ContainsFunc(r.Seen, func(s paste.Seen) bool { return !s.Kind.Words() })
	for _, p := range ports {
		e.Answers = append(e.Answers, who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: p}, Refusals: refusal.Of(p, d.said)}, words))
	}
	e.Errors = urlerror.Explain(x, d.said)
	for _, s := range refusal.Of(0, d.said) {
		e.Loose = append(e.Loose, diagnose.ErrorLine(s))
	}
	e.Loose = append(e.Loose, broken...)
	if len(ports) == 0 && len(r.Seen) > 0 && (len(broken) == 0 || len(r.Set.Sockets) > 0) {
		ls := report.NewLs(x, func(r report.ListRow) bool { return r.Socket.State.Serves() && r.Socket.Remote.Port() == 0 })
		e.Ls = &ls
	}
	return e
}

// asked are the ports to answer for: the person's, else those that the texts are
// about.
func asked(r *paste.Result) []uint16 {
	var ports []uint16
	for _, a := range r.Asked {
		if a.Port != 0 && !slices.Contains(ports, a.Port) {
			ports = append(ports, a.Port)
		}
	}
	return ports
}

// who answers for one port. On words alone nothing is certain.
func who(x *chain.Index, q diagnose.Question, words bool) report.Who {
	a := diagnose.Who(x, q)
	for i := range a.Findings {
		if f := &a.Findings[i]; words && f.Confidence == diagnose.Certain && f.Rule != diagnose.RuleUnknown {
			f.Confidence = diagnose.Likely
		}
	}
	port, _ := catalog.PortName(fact.TCP, q.Endpoint.Port)
	return report.Who{Answer: a, Index: x, Remedies: remedy.Suggest(a, x), PortName: port}
}
