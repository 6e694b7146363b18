package httpsys

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// nameQueues tells names from the phrase that stands for "unnamed": queue names
// are unique on a machine, so what two headers say is the phrase; where there is
// only one header, a phrase is what ends like a sentence.
func (p *parser) nameQueues() {
	times := map[string]int{}
	for _, q := range p.state.Queues {
		times[q.said]++
	}
	for i := range p.state.Queues {
		q := &p.state.Queues[i]
		if times[q.said] == 1 && !sentence(q.said) {
			q.Name = q.said
		}
	}
}

func sentence(s string) bool {
	switch r, _ := utf8.DecodeLastRuneInString(s); r {
	case '.', '。', '．', '｡', '।':
		return true
	}
	return false
}

// controllers finds each queue's controlling process: a decimal between the
// number of attached processes and their list. Which row that number is, is the
// label whose value equals the length of the list most often.
func (p *parser) controllers() {
	votes := map[string]int{}
	for _, q := range p.state.Queues {
		for _, l := range q.lastNumbers() {
			if n, ok := count(l.Value); ok && n == len(q.Processes) {
				votes[l.Label]++
			}
		}
	}
	for i := range p.state.Queues {
		q := &p.state.Queues[i]
		last := q.lastNumbers()
		if len(last) < 2 || votes[last[0].Label] <= votes[last[1].Label] {
			continue
		}
		if pid, ok := pidOf(last[1].Value); ok && pid > 4 && pid%4 == 0 {
			q.Controller = pid
		}
	}
	p.missingProcesses(votes)
}

// lastNumbers are the last two "label: decimal" rows above the list.
func (q *Queue) lastNumbers() []line {
	return q.numbers[max(0, len(q.numbers)-2):]
}

// missingProcesses marks the listing as cut where a queue lists fewer
// processes than it says.
func (p *parser) missingProcesses(votes map[string]int) {
	for _, q := range p.state.Queues {
		for _, l := range q.lastNumbers() {
			n, ok := count(l.Value)
			if ok && votes[l.Label]*2 > len(p.state.Queues) && n != len(q.Processes) {
				p.state.Partial = true
			}
		}
	}
}

// services understands the rows below each process: its services, then the
// tagged one of them. Rows of another kind between or around them do not matter.
func (p *parser) services() {
	for i := range p.state.Queues {
		for j := range p.state.Queues[i].Processes {
			p.state.Queues[i].Processes[j].serve()
		}
	}
}

func (pr *Process) serve() {
	for i, row := range pr.rows {
		for _, tag := range pr.rows[i+1:] {
			if names := serviceNames(row); slices.Contains(names, tag) {
				pr.Services, pr.Tagged = names, tag
				return
			}
		}
	}
	for _, row := range pr.rows {
		names := serviceNames(row)
		if len(names) > 0 && !shape.Digits(row) && !strings.Contains(names[0], " ") {
			pr.Services = names
			return
		}
	}
}

// serviceNames splits a list of service names. Slashes are never part of one.
func serviceNames(list string) []string {
	if strings.ContainsAny(list, `\/`) {
		return nil
	}
	var out []string
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",，、;", r) }) {
		if name = strings.TrimSpace(name); name != "" && len(out) < 64 {
			out = append(out, name)
		}
	}
	return out
}

// join ties every URL to its queue as surely as the listing allows.
func (p *parser) join() {
	p.groupNames()
	p.merge()
	bySaid := map[string][]int{}
	for i, q := range p.state.Queues {
		bySaid[q.said] = append(bySaid[q.said], i)
	}
	for i := range p.state.Groups {
		g := &p.state.Groups[i]
		if g.queue < 0 && g.said != "" && bySaid[g.said] == nil {
			p.state.Partial = true
			if !sentence(g.said) {
				bySaid[g.said] = []int{p.nameOnly(g)}
			}
		}
	}
	sessions := p.sessionsOf()
	for i := range p.state.Registrations {
		r := &p.state.Registrations[i]
		if len(r.Queues) > 0 || r.group < 0 {
			continue
		}
		g := p.state.Groups[r.group]
		r.Queues = bySaid[g.said]
		r.Certain = len(r.Queues) == 1 && (p.state.Queues[r.Queues[0]].Name != "" || p.whole() && sessions[g.said] == 1)
	}
	p.bind(bySaid)
}

// bind ties a group to the queue that it is nested in, that it names, or that all
// its URLs are in.
func (p *parser) bind(bySaid map[string][]int) {
	for i := range p.state.Groups {
		g := &p.state.Groups[i]
		if named := bySaid[g.said]; g.queue < 0 && len(named) == 1 && p.state.Queues[named[0]].Name != "" {
			g.bound = named[0]
		} else {
			g.bound = g.queue
		}
	}
	for _, r := range p.state.Registrations {
		if r.group >= 0 && r.Certain && p.state.Groups[r.group].bound < 0 {
			p.state.Groups[r.group].bound = r.Queues[0]
		}
	}
}

// whole tells whether nothing seems to be missing: the title is there, and all
// that is announced follows.
func (p *parser) whole() bool {
	return !p.state.Partial && slices.ContainsFunc(p.lines, func(l line) bool { return l.Kind == shape.Rule })
}

// sessionsOf counts the server sessions behind groups whose queue is said to have
// one name. An unnamed queue belongs to one process: where several sessions meet
// a single one, the listing may have lost the others.
func (p *parser) sessionsOf() map[string]int {
	type key struct {
		said    string
		session int
	}
	seen := map[key]bool{}
	times := map[string]int{}
	for _, g := range p.state.Groups {
		if k := (key{g.said, g.session}); g.queue < 0 && !seen[k] {
			seen[k] = true
			times[g.said]++
		}
	}
	return times
}

// nameOnly adds a queue of which nothing but a URL group's mention was pasted.
func (p *parser) nameOnly(g *Group) int {
	p.state.Queues = append(p.state.Queues, Queue{Name: g.said, said: g.said, Line: g.Line, at: g.at})
	return len(p.state.Queues) - 1
}

// merge makes one registration of a URL that its group and its queue both list.
func (p *parser) merge() {
	known := make(map[string]int, len(p.state.Registrations))
	out := p.state.Registrations[:0]
	for _, r := range p.state.Registrations {
		key := strings.ToLower(r.URL)
		at, seen := known[key]
		switch {
		case !seen:
			known[key] = len(out)
			out = append(out, r)
		case r.Certain && !out[at].Certain:
			out[at].Queues, out[at].Certain = r.Queues, true
		case out[at].group < 0:
			out[at].group = r.group
		}
	}
	p.state.Registrations = out
}

// groupNames gives a group its queue's name where no queue header taught the
// label: it is the last row above the group's first heading.
func (p *parser) groupNames() {
	for i := range p.state.Groups {
		g := &p.state.Groups[i]
		if g.said == "" && p.label == "" && len(g.first) >= 2 {
			g.said = g.first[len(g.first)-1].Value
		}
	}
}

// short finds the URL groups that list other than they announce, and marks the
// listing as cut.
func (p *parser) short() {
	for _, g := range p.state.Groups {
		if g.Declared >= 0 && g.Declared != len(g.URLs) {
			p.state.Partial = true
			p.missing(fmt.Sprintf("registered URLs of URL group %s: %d of %d listed", g.ID, len(g.URLs), g.Declared))
		}
	}
}

func (p *parser) missing(subject string) {
	p.found = append(p.found, fact.Gap{Kind: fact.GapNotInPaste, Subject: subject, Hint: hintQueues})
}

// gaps says where the listing is shorter than it claims, or none at all.
func (p *parser) gaps(text string) []fact.Gap {
	switch {
	case len(p.state.Queues) == 0 && len(p.state.Groups) == 0 && !p.empty():
		return []fact.Gap{{Kind: fact.GapShape, Subject: "netsh http show servicestate", Raw: clip(text, maxRaw)}}
	case p.state.Partial && len(p.found) == 0:
		p.missing("the whole listing")
	}
	return p.found
}

// maxRaw bounds the text a gap carries.
const maxRaw = 64 << 10

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// empty tells whether the listing has only titles: HTTP.sys with nothing registered.
func (p *parser) empty() bool {
	rules := 0
	for _, l := range p.lines {
		switch l.Kind {
		case shape.Rule:
			rules++
		case shape.Blank, shape.Heading:
		default:
			return false
		}
	}
	return rules > 0
}
