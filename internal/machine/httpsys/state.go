package httpsys

import (
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// State is what one listing of `netsh http show servicestate` says.
type State struct {
	Queues        []Queue
	Sessions      []Session
	Groups        []Group
	Registrations []Registration
	// Partial tells that the listing contradicts itself as one does whose
	// beginning or end was cut off.
	Partial bool
}

// Queue is one request queue of a listing.
type Queue struct {
	Name       string // "" = unnamed
	Version    string // of the API that made it
	Controller int    // PID, 0 where there is none
	Processes  []Process
	Line       int // of its header, from 1

	at      int    // index of its header in the parser's lines
	said    string // the header's value as printed: a name, or a phrase for "unnamed"
	numbers []line // its "label: decimal" rows above the first list
	listed  bool   // the list of processes has begun
}

// Process is one process attached to a queue.
type Process struct {
	PID      int
	Image    string   // path; "" where the listing may not tell
	Services []string // in that process
	Tagged   string   // the one of Services that made the queue
	Line     int

	rows []string // values of the rows below it, until they are understood
}

// Session is a server session: what the URL groups of one process have in common.
type Session struct {
	ID      string // 16 hexadecimal digits
	Version string // of the API that made it
	Line    int
}

// Group is a URL group: URLs with common settings.
type Group struct {
	ID       string // "" where the listing begins inside it
	URLs     []string
	Declared int // number of URLs the group says it has; -1 where it does not
	Line     int

	at      int // index in the parser's lines of its header, or of its first line where the header is cut off
	cut     bool
	version string // of its server session
	session int    // which one: counted from 1 in the order of the listing, 0 where it has none
	queue   int    // index into Queues; -1 where the view does not nest it
	bound   int    // index of the queue that it is surely bound to, or -1
	said    string // its queue's name as printed
	first   []line // its "label: value" rows above the first heading
	headed  bool   // a heading was seen
}

// Registration is one registered URL and the queues it may belong to: several
// cannot be told apart, none is unknown.
type Registration struct {
	URL     string
	Queues  []int // indexes into State.Queues
	Certain bool  // it belongs to the one in Queues: the listing says so, or there is no other
	Line    int

	group int // index into State.Groups; -1 for a URL listed by its queue
}

// ParseState reads a listing of `netsh http show servicestate`, either view,
// either layout, any UI language, whole or cut, with anything around it. A text
// without any queue, group or URL in it is a gap of kind unknown-shape that
// carries the text; a list that is shorter than it says is a gap too.
func ParseState(text string) (State, []fact.Gap) {
	p := parser{lines: shape.Squeeze(shape.Split(text)), queue: -1, group: -1}
	p.learn()
	for i := range p.lines {
		p.read(i)
	}
	p.end()
	p.short()
	p.nameQueues()
	p.controllers()
	p.services()
	p.join()
	gaps := p.gaps(text)
	return p.state, gaps
}

type parser struct {
	lines []line
	state State
	label string // of queue headers, learnt from the listing itself
	flat  bool   // no line is indented: a web page ate the blanks

	queue, group int    // the open ones, or -1
	version      string // of the open session
	session      int    // the open one, counted from 1; 0 outside
	indent       int    // of the open process line; -1 outside
	counted      int    // value of the "label: decimal" row right above the open heading; -1 where there is none
	found        []fact.Gap
	listing      bool // inside a list under a heading
}

// learn finds out how this listing introduces a queue: the label of a line that
// opens a block, and whose value is no object ID. Labels above a version row
// outweigh all others.
func (p *parser) learn() {
	p.flat = true
	for _, l := range p.lines {
		if l.Kind != shape.Blank && l.Indent > 0 {
			p.flat = false
			break
		}
	}
	votes := map[string]int{}
	best := 0
	for i, l := range p.lines {
		if l.Kind != shape.Pair || objectID(l.Value) || !p.opens(i) {
			continue
		}
		weight := 1
		if isVersion(p.lines[i+1]) {
			weight = len(p.lines)
		}
		votes[l.Label] += weight
		if votes[l.Label] > best {
			best, p.label = votes[l.Label], l.Label
		}
	}
}

// opens tells whether the line below i begins a block of i's own.
func (p *parser) opens(i int) bool {
	if i+1 >= len(p.lines) {
		return false
	}
	below := p.lines[i+1]
	if p.flat {
		return isVersion(below)
	}
	if _, _, process := processOf(p.lines[i]); process && !isVersion(below) {
		return false
	}
	return (below.Kind == shape.Pair || below.Kind == shape.Heading) && below.Indent > p.lines[i].Indent
}

func (p *parser) read(i int) {
	l := p.lines[i]
	if l.Kind == shape.Blank {
		return
	}
	p.leave(i)
	switch l.Kind {
	case shape.Pair:
		p.pair(i)
	case shape.Heading:
		p.heading(i)
	case shape.Number:
		p.number(l)
	case shape.Address:
		p.url(i)
	case shape.Rule:
		p.queue, p.group, p.session, p.version = -1, -1, 0, ""
	default:
		p.listing, p.counted = false, -1
	}
}

// leave closes what line i is no longer part of.
func (p *parser) leave(i int) {
	if p.flat {
		return
	}
	indent := p.lines[i].Indent
	if p.group >= 0 {
		g := p.state.Groups[p.group]
		if from := p.lines[g.at].Indent; indent < from || indent == from && !g.cut {
			p.group = -1
		}
	}
	if p.queue >= 0 && indent <= p.lines[p.state.Queues[p.queue].at].Indent {
		p.queue = -1
	}
}

func (p *parser) pair(i int) {
	l := p.lines[i]
	p.listing = false
	switch {
	case l.Label == p.label && p.opens(i):
		p.openQueue(i)
	case objectID(l.Value) && i+1 < len(p.lines) && isVersion(p.lines[i+1]):
		p.openSession(i)
	case objectID(l.Value):
		p.openGroup(i, l.Value)
	case l.Label == p.label && p.group < 0:
		p.cutHeader(i)
	case p.group >= 0:
		p.groupRow(l)
	case p.queue >= 0:
		p.queueRow(l)
	}
	p.counted = -1
	if n, ok := count(l.Value); ok {
		p.counted = n
	}
}

func (p *parser) openQueue(i int) {
	l := p.lines[i]
	p.state.Queues = append(p.state.Queues, Queue{said: l.Value, Line: l.N, at: i})
	p.queue, p.group, p.indent = len(p.state.Queues)-1, -1, -1
}

// openSession reads a server session: the one that the groups below it belong to,
// or, in the view of queues, the one that the open group belongs to.
func (p *parser) openSession(i int) {
	version := p.lines[i+1].Value
	p.state.Sessions = append(p.state.Sessions, Session{ID: p.lines[i].Value, Version: version, Line: p.lines[i].N})
	n := len(p.state.Sessions)
	if p.group >= 0 {
		if g := &p.state.Groups[p.group]; g.session == 0 && (!p.flat || !g.cut) {
			g.session, g.version = n, version
			return
		}
	}
	p.session, p.version = n, version
}

// openGroup begins a URL group; id is "" where its header was cut off.
func (p *parser) openGroup(i int, id string) {
	g := Group{ID: id, Declared: -1, Line: p.lines[i].N, at: i, cut: id == "", version: p.version, session: p.session, queue: p.queue, bound: -1}
	p.state.Groups = append(p.state.Groups, g)
	p.group = len(p.state.Groups) - 1
}

// cutHeader reads a queue's name outside any group: of a group whose beginning
// is missing, or, as the last line, of a queue whose rest is.
func (p *parser) cutHeader(i int) {
	p.state.Partial = true
	if i+1 < len(p.lines) {
		p.openGroup(i, "")
		p.state.Groups[p.group].said = p.lines[i].Value
	}
}

func (p *parser) groupRow(l line) {
	g := &p.state.Groups[p.group]
	if l.Label == p.label && g.said == "" {
		g.said = l.Value
	}
	if !g.headed && len(g.first) < 4 {
		g.first = append(g.first, l)
	}
}

func (p *parser) queueRow(l line) {
	q := &p.state.Queues[p.queue]
	pid, image, process := processOf(l)
	switch {
	case process:
		q.Processes = append(q.Processes, Process{PID: pid, Image: image, Line: l.N})
		q.listed, p.indent = true, l.Indent
	case q.Version == "" && !q.listed && isVersion(l):
		q.Version = l.Value
	case q.listed && p.indent >= 0 && l.Indent >= p.indent:
		pr := &q.Processes[len(q.Processes)-1]
		if len(pr.rows) < 8 {
			pr.rows = append(pr.rows, l.Value)
		}
	case !q.listed && shape.Digits(l.Value) && len(q.numbers) < 32:
		q.numbers = append(q.numbers, l)
	}
}

func (p *parser) heading(i int) {
	if p.group >= 0 {
		p.state.Groups[p.group].headed = true
	}
	if p.queue >= 0 && p.group < 0 {
		p.state.Queues[p.queue].listed = true
	}
	p.listing, p.indent = true, -1
}

func (p *parser) number(l line) {
	pid, ok := pidOf(l.Text)
	if p.queue < 0 || p.group >= 0 || !p.listing || !ok {
		return
	}
	q := &p.state.Queues[p.queue]
	q.Processes = append(q.Processes, Process{PID: pid, Line: l.N})
}

func (p *parser) url(i int) {
	l := p.lines[i]
	if !p.listing {
		return // a link in somebody's prose
	}
	if p.group < 0 && p.queue < 0 {
		p.openGroup(i, "")
		p.state.Partial = true
	}
	if p.group >= 0 {
		g := &p.state.Groups[p.group]
		if len(g.URLs) == 0 {
			g.Declared = p.counted
		}
		g.URLs = append(g.URLs, l.Text)
	}
	r := Registration{URL: l.Text, Line: l.N, group: p.group}
	if p.queue >= 0 {
		r.Queues, r.Certain = []int{p.queue}, true
	}
	p.state.Registrations = append(p.state.Registrations, r)
}

// end notices a listing that stops where a group's URLs should follow.
func (p *parser) end() {
	if p.group < 0 || !p.listing || p.counted <= 0 {
		return
	}
	if g := &p.state.Groups[p.group]; len(g.URLs) == 0 {
		g.Declared = p.counted
	}
}

func count(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}
