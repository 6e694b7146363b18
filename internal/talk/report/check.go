package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Check is the answer for one or more endpoints, ready to be said.
type Check struct {
	Index    *chain.Index
	Ones     []CheckOne
	Findings []diagnose.Finding // why, beyond the rules: failed newcomers, NAT, namespaces
	Remedies []remedy.Remedy
	Exit     int
}

// CheckOne is the answer for one address.
type CheckOne struct {
	Endpoint fact.Endpoint
	Check    diagnose.Check
	Flags    []string
	As       string // for whom it was judged, "" = the asker
	Probe    *Probe // nil where none was run
}

// Probe is what the kernel said when the bind was tried.
type Probe struct {
	OK    bool
	Step  string // the call that was refused
	Errno string // "EADDRINUSE"
	Code  int
	Words string // the system's own
}

// CanBind is the probe's answer where one was run, else the rules'; known is
// false where only a probe could tell.
func (o CheckOne) CanBind() (can, known bool) {
	if o.Probe != nil {
		return o.Probe.OK, true
	}
	_, refused := o.Check.Refused()
	return !refused, refused || !o.Check.Doubtful()
}

// Document is the answer as api/v1 says it.
func (c Check) Document() v1.Check {
	n, set := words(c.Index), c.Index.Set
	doc := v1.Check{Head: head(set, "Check", c.Exit), Checks: []v1.CheckOne{},
		Tail: v1.Tail{Findings: n.findings(c.Findings), Remedies: n.remedies(c.Remedies), Warnings: n.warnings(c.Findings), Gaps: Gaps(set.Gaps, &set.Machine)}}
	for _, o := range c.Ones {
		doc.Checks = append(doc.Checks, n.checkOne(o))
	}
	return doc
}

func (n names) checkOne(o CheckOne) v1.CheckOne {
	v := v1.CheckOne{Endpoint: endpoint(o.Endpoint), Address: o.Check.Want.Local.Addr().String(), Flags: o.Flags,
		Verdicts: []v1.Verdict{}, Holders: converter{n.X}.holders(o.Check.Holders), Answer: n.checkLine(o)}
	v.Endpoint.Proto = string(o.Check.Want.Proto)
	if can, known := o.CanBind(); known {
		v.CanBind = &can
	}
	for _, r := range o.Check.Verdicts {
		v.Verdicts = append(v.Verdicts, v1.Verdict{Rule: string(r.Rule), OK: r.OK, Errno: r.Errno, Step: string(r.At),
			Confidence: string(r.Confidence), Text: sentence.Upper(n.Verdict(r)), About: ids(r.About), Args: r.Args})
	}
	if p := o.Probe; p != nil {
		v.Probe = &v1.Probe{OK: p.OK, Step: p.Step, Errno: p.Errno, Code: p.Code, Words: p.Words}
	}
	return v
}

// WriteText writes the answer for a person.
func (c Check) WriteText(out io.Writer, st layout.Style) error {
	b := &strings.Builder{}
	n := words(c.Index)
	said := map[string]bool{}
	for _, alike := range n.alike(c.Ones) {
		n.checked(b, st, alike, said)
	}
	n.why(b, st, diagnose.Answer{Findings: c.Findings})
	n.todo(b, st, c.Remedies)
	n.unseen(b, st, c.Index.Set.Gaps)
	_, err := io.WriteString(out, b.String())
	return err
}

// verdictLines are the rules for one address and what the kernel said. What said
// holds was explained for an earlier socket or address, and is not explained again.
func (n names) verdictLines(o CheckOne, said map[string]bool) []string {
	var out []string
	passed := o.Probe != nil && o.Probe.OK
	for _, v := range o.Check.Verdicts {
		if passed && !v.OK {
			out = append(out, n.Passed(v))
			continue
		}
		full := sentence.Upper(n.Verdict(v))
		if short := n.Again(v); short != "" && said[string(v.Rule)] {
			full = short
		}
		out = append(out, full)
		said[string(v.Rule)] = true
		if need := n.Needs(v); need != "" && !said[need] {
			said[need] = true
			out = append(out, "What would let you in: "+need+".")
		}
	}
	if s := n.probed(o); s != "" {
		out = append(out, s)
	}
	return out
}

// alike puts the answers together that differ in nothing but the address.
func (n names) alike(ones []CheckOne) [][]CheckOne {
	var out [][]CheckOne
	at := map[string]int{}
	for _, o := range ones {
		key := n.answered(o, "") + string(o.Check.Want.Proto) + n.probed(o)
		for _, v := range o.Check.Verdicts {
			key += "\n" + n.Verdict(v)
		}
		if i, ok := at[key]; ok {
			out[i] = append(out[i], o)
			continue
		}
		at[key] = len(out)
		out = append(out, []CheckOne{o})
	}
	return out
}

// checked writes the answer for addresses that share one.
func (n names) checked(b *strings.Builder, st layout.Style, alike []CheckOne, said map[string]bool) {
	var addrs []string
	for _, o := range alike {
		addrs = append(addrs, o.Check.Want.Local.String())
	}
	fmt.Fprintln(b, st.Strong(layout.Wrap(n.answered(alike[0], sentence.List(addrs)), "", st.Width)))
	all := alike[0]
	all.Check.Verdicts = slices.Clone(all.Check.Verdicts)
	for _, o := range alike[1:] {
		for i, v := range o.Check.Verdicts {
			all.Check.Verdicts[i].Needs = joined(all.Check.Verdicts[i].Needs, v.Needs)
		}
	}
	for _, l := range n.verdictLines(all, said) {
		fmt.Fprintf(b, "  %s\n", layout.Wrap(l, "  ", st.Width))
	}
}

// joined is a and what b has beyond it.
func joined(a, b []bindrule.Need) []bindrule.Need {
	a = slices.Clone(a)
	for _, n := range b {
		if !slices.Contains(a, n) {
			a = append(a, n)
		}
	}
	return a
}

// checkLine is the sentence that answers for one address.
func (n names) checkLine(o CheckOne) string { return n.answered(o, o.Check.Want.Local.String()) }

// answered is the sentence that answers for addrs, of which o is one.
func (n names) answered(o CheckOne, addrs string) string {
	what, who, it := strings.ToUpper(string(o.Check.Want.Proto))+" "+addrs, "you", "it"
	if len(o.Flags) > 0 {
		what += " with " + sentence.List(o.Flags)
	}
	if o.As != "" {
		who = "user " + sentence.Name(o.As)
	}
	if strings.Contains(addrs, " and ") {
		it = "them"
	}
	can, known := o.CanBind()
	switch {
	case !known:
		return what + ": only a try can tell."
	case can:
		return what + ": yes, " + who + " can bind " + it + "."
	}
	return what + ": no, " + who + " cannot bind " + it + n.because(o) + "."
}

func (n names) because(o CheckOne) string {
	errno := ""
	if o.Probe != nil && o.Probe.Errno != "" {
		errno = o.Probe.Errno + " from " + o.Probe.Step
	} else if v, ok := o.Check.Refused(); ok {
		errno = v.Errno + " from " + string(v.At)
	}
	if len(o.Check.Holders) > 0 && o.Check.Holders[0].Owner.Kind != chain.OwnerNobody {
		return " (" + errno + "): " + n.Holder(o.Check.Holders[0]) + " has " + n.Addresses(o.Check.Holders[0])
	}
	return " (" + errno + ")"
}

// probed says what the kernel said, where that adds to the rules.
func (n names) probed(o CheckOne) string {
	refused := slices.ContainsFunc(o.Check.Verdicts, func(v bindrule.Verdict) bool { return !v.OK })
	p := o.Probe
	switch {
	case p == nil && o.Check.NoRules:
		return "Nothing was tried, and berth does not know this system's bind rules yet."
	case p == nil && n.X.Set.Machine.Source == "paste":
		return "By rule alone, and only as far as the texts at hand go; nothing was tried."
	case p == nil:
		return "By rule alone; nothing was tried."
	case o.Check.NoRules && p.OK:
		return "A trial bind went through and was taken back at once."
	case o.Check.NoRules:
		return "The system refuses: " + p.Step + " said " + p.Errno + " (" + sentence.Itoa(p.Code) + ", " + sentence.Clean(p.Words, 80) + "). berth does not know this system's bind rules yet."
	case p.OK:
		return "The kernel agrees: a trial bind went through and was taken back at once."
	case refused:
		return "The kernel agrees: " + p.Step + " said " + p.Errno + " (" + sentence.Itoa(p.Code) + ", " + sentence.Clean(p.Words, 80) + ")."
	}
	return "The kernel refuses: " + p.Step + " said " + p.Errno + " (" + sentence.Itoa(p.Code) + ", " + sentence.Clean(p.Words, 80) + "), and no rule that berth knows explains it. It may be " + n.refusers() + "."
}

// refusers is what else may refuse a bind on this system.
func (n names) refusers() string {
	if n.X.Set.Machine.OS == "windows" {
		return "a filter driver or a security product, or a range of ports that could not be read"
	}
	return "a security module or a cgroup's socket filter"
}
