// Package remedy turns an answer into ways out, gentlest first.
//
// It is pure, and nothing is done by being named here. A remedy carries an ID of
// the form KIND[:TARGET] and arguments; the sentences are report's.
package remedy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

// Kind is what a remedy does, in the words of `berth free --remedy`.
type Kind = catalog.RemedyKind

// The kinds that berth itself suggests; the catalog has more.
const (
	Wait    = catalog.Wait
	Port    = catalog.Port
	Address = catalog.Address
	Exclude = catalog.Exclude
	Move    = catalog.Move
	Stop    = catalog.Stop
	Startup = catalog.Startup
)

// Remedy is one way out.
type Remedy struct {
	Kind   Kind
	Target string
	About  fact.ID           // the row it would act on
	Args   map[string]string // what the sentence needs
	// Entry and Text are set where the catalog names the remedy: the entry's ID
	// and its own words, placeholders filled.
	Entry, Text, Effect string
	// Command is what a person types today, an argument list a line; berth runs none of it.
	Command [][]string
}

// ID is KIND[:TARGET].
func (r Remedy) ID() string {
	if r.Target == "" {
		return string(r.Kind)
	}
	return string(r.Kind) + ":" + r.Target
}

// Suggest lists the ways out of a, gentlest first. A free port has none.
func Suggest(a diagnose.Answer, x *chain.Index) []Remedy {
	s := &suggester{a: a, x: x}
	if a.Status == diagnose.Free || a.Status == diagnose.Unknown {
		return s.booked()
	}
	s.waiting()
	s.add(Remedy{Kind: Port})
	s.address()
	for _, h := range a.Holders {
		s.holder(h)
	}
	s.redirects()
	s.windows()
	s.fromCatalog()
	s.newcomers()
	slices.SortStableFunc(s.out, func(p, q Remedy) int { return cmp.Compare(p.Kind.Rank(), q.Kind.Rank()) })
	return slices.CompactFunc(s.out, func(p, q Remedy) bool { return p.ID() == q.ID() })
}

// booked: no socket has the port, and an engine refuses it for a container of its own.
func (s *suggester) booked() []Remedy {
	refused := slices.ContainsFunc(s.a.Findings, func(f diagnose.Finding) bool {
		return f.Rule == diagnose.RuleErrorLine && f.Args["cause"] == string(refusal.Allocated)
	})
	for _, f := range s.a.Findings {
		if f.Rule == diagnose.RuleAllocated && refused {
			s.container(f.About[0])
		}
	}
	if len(s.out) == 0 {
		return nil
	}
	s.add(Remedy{Kind: Port})
	slices.SortStableFunc(s.out, func(p, q Remedy) int { return cmp.Compare(p.Kind.Rank(), q.Kind.Rank()) })
	return s.out
}

type suggester struct {
	a   diagnose.Answer
	x   *chain.Index
	out []Remedy
}

// add adds a remedy unless there is one of its name: two URLs of one service are
// one service to stop.
func (s *suggester) add(r Remedy) {
	if r.Target == "" || !slices.ContainsFunc(s.out, func(o Remedy) bool { return o.ID() == r.ID() && o.Entry == r.Entry }) {
		s.out = append(s.out, r)
	}
}

// waiting: connections go away by themselves, ended ones within a minute.
func (s *suggester) waiting() {
	for _, f := range s.a.Findings {
		switch f.Rule {
		case diagnose.RuleTimeWait:
			if !s.onWindows() {
				s.add(Remedy{Kind: Wait})
			}
		case diagnose.RuleOutgoing:
			s.add(Remedy{Kind: Wait, About: f.About[0]})
			s.exclude()
		case diagnose.RuleLeftover:
			s.add(Remedy{Kind: Wait, About: f.About[0]})
		}
	}
}

// exclude keeps the port out of the range for outgoing connections from now on.
func (s *suggester) exclude() {
	if s.x.Set.Machine.OS != "linux" {
		return
	}
	port := strconv.Itoa(int(s.a.Endpoint.Port))
	reserved := []string{port}
	for _, r := range s.x.Set.Ranges {
		if r.Kind == fact.Reserved {
			reserved = append(reserved, strconv.Itoa(int(r.From))+"-"+strconv.Itoa(int(r.To)))
		}
	}
	s.add(Remedy{Kind: Exclude, Target: port, Command: [][]string{{"sysctl", "-w", "net.ipv4.ip_local_reserved_ports=" + strings.Join(reserved, ",")}}})
}

// address: where every holder leaves other addresses of the port alone, one of
// those is free.
func (s *suggester) address() {
	var taken []string
	for _, h := range s.a.Holders {
		for _, id := range h.Sockets {
			k := s.x.Socket(id)
			if k.Wildcard() || h.Owner.Kind == chain.OwnerContainer {
				return
			}
			taken = append(taken, k.Local.String())
		}
	}
	if len(taken) > 0 {
		s.add(Remedy{Kind: Address, About: s.a.Holders[0].Sockets[0], Args: map[string]string{"taken": strings.Join(taken, ", ")}})
	}
}

func (s *suggester) holder(h chain.Holder) {
	if h.Owner.Kind == chain.OwnerContainer {
		s.container(h.Owner.ID)
		return
	}
	switch h.Owner.Kind {
	case chain.OwnerUnit:
		s.unit(h)
	case chain.OwnerProcess:
		s.process(h)
	}
}

func (s *suggester) container(id fact.ID) {
	c := s.x.Container(id)
	name := cmp.Or(c.Name, c.Full)
	if name == "" {
		return
	}
	r := Remedy{Kind: Stop, Target: name, About: id}
	if stop := StopCommand(s.x, id); stop != nil {
		r.Command = [][]string{stop}
	}
	s.add(r)
	s.add(Remedy{Kind: Move, Target: name, About: id})
}

func (s *suggester) unit(h chain.Holder) {
	u := s.x.Unit(h.Owner.ID)
	if u.Manager == "scm" {
		s.windowsService(u, h)
		return
	}
	r := Remedy{Kind: Stop, Target: u.Name, About: u.ID}
	if c := StopCommand(s.x, u.ID); c != nil {
		r.Command = [][]string{c}
	}
	s.add(r)
	s.add(Remedy{Kind: Move, Target: u.Name, About: u.ID})
	if u.FileState == "enabled" {
		s.add(Remedy{Kind: Startup, Target: u.Name, About: u.ID,
			Command: [][]string{systemctl(u, "disable", u.Name)}})
	}
}

func (s *suggester) process(h chain.Holder) {
	if slices.ContainsFunc(h.Nodes, func(n chain.Node) bool { return len(s.x.Candidates(n)) > 1 }) {
		return // one of several services: to end them all is no way out
	}
	p := s.x.Process(h.Owner.ID)
	pid := strconv.Itoa(p.PID)
	if p.PID <= 1 || p.Kernel || s.onWindows() && (p.PID == 4 || s.leftAlone(p)) {
		return
	}
	r := Remedy{Kind: Stop, Target: "pid-" + pid, About: p.ID, Args: map[string]string{"state": p.State}}
	switch a := s.x.Set.Machine.Asker; {
	case inherits(h):
		r.Args["inherited"] = "yes"
	case a == nil || p.PID != a.PID:
		if !slices.ContainsFunc(s.a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleStaleForwarder && f.About[0] == p.ID }) {
			s.add(Remedy{Kind: Move, Target: "pid-" + pid, About: p.ID})
		}
	}
	if s.standsOn(p) {
		return
	}
	if s.onWindows() {
		r.Command = [][]string{{"taskkill", "/PID", pid}}
	}
	if s.x.Set.Machine.OS == "linux" || s.x.Set.Machine.OS == "darwin" {
		r.Command = [][]string{{"kill", "-TERM", pid}}
		if p.State == "stopped" {
			r.Command = append(r.Command, []string{"kill", "-CONT", pid})
		}
	}
	s.add(r)
}

// inherits tells that a holder has nothing but an inherited descriptor.
func inherits(h chain.Holder) bool {
	return len(h.Nodes) > 0 && !slices.ContainsFunc(h.Nodes, func(n chain.Node) bool { return n.Link != fact.InheritedBy })
}

// standsOn tells that the asker would end with p: p is the asker, its shell or
// what leads its session.
func (s *suggester) standsOn(p *fact.Process) bool {
	a := s.x.Set.Machine.Asker
	return a != nil && (p.PID == a.PID || p.PID == a.Parent || p.PID == a.Session)
}

// redirects: the container or service that a rule leads to is what is stopped.
func (s *suggester) redirects() {
	for _, f := range s.a.Findings {
		if f.Rule != diagnose.RuleNATOnly && f.Rule != diagnose.RuleNATShadow {
			continue
		}
		for _, id := range f.About {
			s.redirect(id)
		}
	}
}

func (s *suggester) redirect(id fact.ID) {
	found := false
	for _, l := range s.x.Links(id, fact.ForwardsTo) {
		if s.x.Container(l.To) != nil {
			s.container(l.To)
			found = true
		}
	}
	if r := s.x.Redirect(id); r != nil && !found {
		s.add(Remedy{Kind: Move, Target: "rule", About: id, Command: showRule(r)})
	}
}

// showRule is the command that shows the chain in which a rule stands.
func showRule(r *fact.Redirect) [][]string {
	chain := strings.Fields(r.Chain)
	switch {
	case r.Kind == "ipvs":
		return [][]string{{"ipvsadm", "-Ln"}}
	case len(chain) == 3 && strings.HasPrefix(r.Evidence, "nftables "):
		return [][]string{append([]string{"nft", "-a", "list", "chain"}, chain...)}
	}
	if program, table, ok := strings.Cut(r.Evidence, " (legacy) table "); ok {
		return [][]string{{program, "-t", table, "-S"}}
	}
	return nil
}

// fromCatalog adds what the catalog knows for the holders it recognised. Its
// words are more exact than the general ones, which give way where both name
// the same kind and mean the same row.
func (s *suggester) fromCatalog() {
	for _, f := range s.a.Findings {
		if f.Rule != diagnose.RuleKnown || f.Confidence == diagnose.Possible {
			continue
		}
		e, ok := catalog.ByID(f.Args["entry"])
		if !ok {
			continue
		}
		for _, r := range e.Remedies {
			s.known(e, r, f.About[0])
		}
	}
}

func (s *suggester) known(e *catalog.Entry, r catalog.Remedy, about fact.ID) {
	open := false // a placeholder has no value
	fill := func(text string) string {
		if s.onWindows() {
			text = strings.ReplaceAll(text, "kill {pid}", "taskkill /PID {pid}")
		}
		return catalog.Fill(text, func(word string) string {
			v := s.word(about)(word)
			open = open || v == ""
			return v
		})
	}
	out := Remedy{Kind: r.Kind(), Target: fill(r.Target()), About: about, Entry: e.ID, Text: fill(r.Text), Effect: fill(r.Effect)}
	if out.Kind == Port && out.Text != "" {
		out.Text = "Give your server another port. For one of this kind: " + out.Text
	}
	if r.Target() == "docker" && s.served() || out.Kind == Move && s.has("move:portproxy") {
		return // restarting the engine is for what no container stands behind; the one entry is named already
	}
	if s.onWindows() && unixOnly(r.Text) {
		s.cost(out)
		return
	}
	for i, have := range s.out {
		if have.Kind == out.Kind && have.Entry == "" && (have.Kind == Port || have.Kind == Address || have.Kind == Move) {
			s.out[i] = out
			return
		}
		other := have.About != about && s.x.Process(have.About) != nil && s.x.Process(about) != nil
		if have.Entry == "" && have.Kind == out.Kind && have.Kind == Stop && !other && (open || r.Target() == "{pid}" && s.x.Process(have.About) == nil) {
			s.out[i].Effect = cmp.Or(out.Effect, have.Effect)
			return
		}
		if have.ID() == out.ID() || have.ID() == string(out.Kind)+":pid-"+out.Target || have.Entry == "" && have.Kind == out.Kind && have.About == about && out.Target == "" {
			s.out[i].Entry, s.out[i].Text, s.out[i].Effect = out.Entry, out.Text, cmp.Or(out.Effect, have.Effect)
			return
		}
	}
	s.add(out)
}

// served: a container stands behind every holder.
func (s *suggester) served() bool {
	return len(s.a.Holders) > 0 && !slices.ContainsFunc(s.a.Holders, func(h chain.Holder) bool { return h.Owner.Kind != chain.OwnerContainer })
}

// newcomers: a unit that failed for want of the port is moved, started again once
// the port is free, or not wanted at all.
func (s *suggester) newcomers() {
	for _, f := range s.a.Findings {
		switch f.Rule {
		case diagnose.RuleNewcomerFailed:
			s.newcomer(f.About[0])
		case diagnose.RuleOrphanMaster:
			s.startAfterStop(f.About[1])
		}
	}
}

func (s *suggester) newcomer(id fact.ID) {
	u, start := s.x.Unit(id), StartCommand(s.x, id)
	if u == nil || start == nil {
		return
	}
	for i, r := range s.out {
		if r.Kind == Port && r.Entry == "" && r.About == "" {
			s.out[i].About, s.out[i].Command = id, [][]string{start}
		}
	}
	s.startAfterStop(id)
	if u.FileState == "enabled" {
		s.add(Remedy{Kind: Startup, Target: u.Name, About: id, Command: [][]string{systemctl(u, "disable", u.Name)}})
	}
}

func (s *suggester) startAfterStop(id fact.ID) {
	start := StartCommand(s.x, id)
	for i, r := range s.out {
		if r.Kind == Stop && start != nil {
			s.out[i].Command = append(slices.Clip(r.Command), start)
		}
	}
}

// word gives the catalog's placeholders their values for one row.
func (s *suggester) word(about fact.ID) func(string) string {
	return func(word string) string {
		switch word {
		case "port":
			return strconv.Itoa(int(s.a.Endpoint.Port))
		case "proto":
			return string(s.a.Endpoint.Protos(fact.TCP)[0])
		case "pid", "user":
			return s.ofProcess(about, word)
		case "unit", "service":
			return s.unitOf(about)
		case "container":
			for _, l := range s.x.Links(about, fact.ForwardsTo, fact.PartOf) {
				if c := s.x.Container(l.To); c != nil {
					return cmp.Or(c.Name, c.Full)
				}
			}
		}
		return ""
	}
}

func (s *suggester) ofProcess(about fact.ID, word string) string {
	p := s.x.Process(about)
	if p == nil {
		p = s.server(about)
	}
	switch {
	case p == nil:
		return ""
	case word == "pid":
		return strconv.Itoa(p.PID)
	}
	return p.User
}

// unitOf is the unit that owns what about belongs to: never a session, which is
// only where it was started.
func (s *suggester) unitOf(about fact.ID) string {
	if s.x.Registration(about) != nil {
		return s.behind(about)
	}
	for _, h := range s.a.Holders {
		u := s.x.Unit(h.Owner.ID)
		if u != nil && (u.ID == about || slices.ContainsFunc(h.Nodes, func(n chain.Node) bool { return n.ID == about })) {
			return u.Name
		}
	}
	return ""
}
