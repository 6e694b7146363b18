package diagnose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/fact"
)

func (w *who) say(rule Rule, sure Confidence, args map[string]string, about ...fact.ID) {
	w.a.Findings = append(w.a.Findings, Finding{Rule: rule, Confidence: sure, About: about, Args: args})
}

// rules runs every rule. The order here is free; findings are told in the order
// of ruleOrder, the frequent truths first.
func (w *who) rules() {
	for i := range w.a.Holders {
		w.holderRules(&w.a.Holders[i])
	}
	w.sharing()
	w.redirected()
	w.blocked()
	w.errorLines()
	w.newcomers()
	w.books()
	w.reserved()
	w.windows()
	for _, h := range w.a.Others {
		w.say(RuleOtherNetns, Certain, nil, append([]fact.ID{w.x.Socket(h.Sockets[0]).Netns}, h.Sockets...)...)
	}
	switch w.a.Status {
	case Free:
		w.say(RuleFree, Certain, nil)
	case Unknown:
		if len(w.q.Refusals) == 0 {
			w.say(RuleUnknown, Certain, nil)
		}
	}
	slices.SortStableFunc(w.a.Findings, func(a, b Finding) int {
		return cmp.Compare(ruleOrder(a.Rule), ruleOrder(b.Rule))
	})
}

func ruleOrder(r Rule) int {
	order := [...]Rule{
		RuleErrorLine, RuleDenied, RuleExcluded, RuleUnknown, RuleSecondCopy, RuleConfigTwice, RuleNewcomerFailed, RuleNewcomerRefused, RuleFree, RuleYourFolder, RuleOrphanMaster,
		RuleStopped, RuleLocalhostSplit, RuleTwoServers, RuleReusePortShared, RuleSocketActivated, RuleHTTPSys,
		RuleHTTPSysUnnamed, RuleLikelyBehind, RuleInherited, RuleOrphan, RuleStaleForwarder, RuleForwarder, RulePortProxy, RuleBoundOnly,
		RuleKernelSocket, RuleNATOnly, RuleNATShadow, RuleTimeWait, RuleLeftover, RuleOutgoing, RuleAllocated,
		RuleOtherNetns, RuleOwnerHidden, RuleOwnerGone, RuleForked, RuleBacklogFull, RuleDeletedExe, RuleWouldRestart,
		RuleHTTPDisabled, RuleListenListStarves, RuleListenAddrGone, RuleReservationsWiped, RuleExcludedStarred, RuleLowDynamic, RuleReservedOnly, RuleAccountGone, RuleKnown,
	}
	return slices.Index(order[:], r)
}

func (w *who) holderRules(h *chain.Holder) {
	for _, n := range h.Nodes {
		if p := w.x.Process(n.ID); p != nil && !p.Kernel {
			w.processRules(h, n, p)
		}
	}
	w.ownerRules(h)
	w.ownerGone(h)
	for _, n := range h.Nodes {
		w.restarts(n, w.x.Process(n.ID))
	}
	w.boundOnly(h)
	w.backlog(h)
	w.known(h)
}

// restarts: who would start a holder again. A supervisor of its own stands in
// front of the unit that the supervisor runs in.
func (w *who) restarts(n chain.Node, p *fact.Process) {
	w.wouldRestart(n.ID)
	supervised := slices.ContainsFunc(n.Children, func(c chain.Node) bool {
		u := w.x.Unit(c.ID)
		return c.Link == fact.StartedBy && u != nil && owner.Ownable(u)
	})
	for _, c := range n.Children {
		u := w.x.Unit(c.ID)
		if c.Link == fact.PartOf && u != nil && (supervised || owner.StartedOnly(u, p)) {
			continue
		}
		w.restarts(c, p)
	}
}

func (w *who) processRules(h *chain.Holder, n chain.Node, p *fact.Process) {
	if p.State == "stopped" {
		w.say(RuleStopped, Certain, nil, p.ID)
	}
	if p.ExeState != "" {
		w.say(RuleDeletedExe, Certain, nil, p.ID)
	}
	if n.Link == fact.InheritedBy {
		w.join(RuleInherited, Likely, p.ID)
	}
	if len(n.Workers) > 0 {
		w.say(RuleForked, Certain, nil, append([]fact.ID{p.ID}, n.Workers...)...)
	}
	if n.Link == fact.InheritedBy {
		return // what it is otherwise does not matter
	}
	w.secondCopy(p)
	w.orphan(p)
	w.forwards(n, p)
}

// secondCopy compares a holder with the newcomer, or with the folder the asker
// stands in: cause 1 of all conflicts.
func (w *who) secondCopy(p *fact.Process) {
	if nc := w.q.Newcomer; nc != nil && nc.PID != p.PID && sameAs(p, nc) {
		w.say(RuleSecondCopy, Likely, nil, p.ID)
		return
	}
	as := w.x.Set.Machine.Asker
	if as == nil || !ownFolder(as.Cwd) || p.PID == as.PID || p.Cwd != as.Cwd || len(w.x.Links(p.ID, fact.PartOf)) > 0 && w.inUnit(p) {
		return
	}
	if p.UID != nil && *p.UID != as.UID {
		return
	}
	w.join(RuleYourFolder, Likely, p.ID)
}

// ownFolder tells whether two programs that stand in a folder are likely of one
// project: not at the root of everything, or where Windows starts what has no place.
func ownFolder(dir string) bool {
	if len(dir) >= 3 && dir[1] == ':' {
		low := strings.ToLower(strings.Trim(dir[3:], `\`))
		return low != "" && low != "windows" && low != `windows\system32`
	}
	return len(dir) > 1 && dir[0] == '/'
}

// join says a finding about id, together with those of the same rule before it.
func (w *who) join(rule Rule, sure Confidence, id fact.ID) {
	for i, f := range w.a.Findings {
		if f.Rule == rule {
			w.a.Findings[i].About = append(f.About, id)
			return
		}
	}
	w.say(rule, sure, nil, id)
}

func (w *who) inUnit(p *fact.Process) bool {
	for _, l := range w.x.Links(p.ID, fact.PartOf) {
		if u := w.x.Unit(l.To); u != nil && owner.Ownable(u) && !owner.StartedOnly(u, p) {
			return true
		}
	}
	return false
}

// sameAs asks for the same program with the same script; an interpreter alone
// proves nothing.
func sameAs(p *fact.Process, nc *Newcomer) bool {
	if p.Exe == "" || p.Exe != nc.Exe {
		return false
	}
	if nc.Cwd != "" && p.Cwd != "" && p.Cwd != nc.Cwd {
		return false
	}
	return owner.Script(p.Args) == owner.Script(nc.Args)
}

// orphan: its parent is gone, the session it belongs to has lost its leader, and
// nothing supervises it. A daemon that made a session of its own is none.
func (w *who) orphan(p *fact.Process) {
	adopted := p.PPID == 1 || len(w.x.Links(p.ID, fact.AdoptedBy)) > 0
	if !adopted || p.Session == p.PID || w.x.Set.Machine.OS == "windows" {
		return
	}
	if w.x.Set.Machine.OS == "darwin" && p.Terminal == "" {
		return // launchd starts every application
	}
	if len(w.x.Links(p.ID, fact.StartedBy)) > 0 || w.inUnit(p) || w.inContainer(p) {
		return
	}
	w.say(RuleOrphan, Likely, nil, p.ID)
}

func (w *who) inContainer(p *fact.Process) bool {
	for _, l := range w.x.Links(p.ID, fact.PartOf, fact.ForwardsTo) {
		if w.x.Container(l.To) != nil {
			return true
		}
	}
	return false
}

func (w *who) ownerRules(h *chain.Holder) {
	switch h.Owner.Kind {
	case chain.OwnerUnknown:
		if w.gone(h) {
			return
		}
		w.say(RuleOwnerHidden, Certain, nil, h.Sockets...)
	case chain.OwnerKernel:
		if w.x.Set.Machine.OS == "windows" && !w.kernelPart(h) {
			w.say(RuleHTTPSysUnnamed, Likely, nil, append([]fact.ID{h.Owner.ID}, h.Sockets...)...)
			w.likelyBehind()
			return
		}
		w.say(RuleKernelSocket, w.kernelSure(h), nil, append([]fact.ID{h.Owner.ID}, h.Sockets...)...)
	case chain.OwnerHTTPSys:
		w.say(RuleHTTPSys, w.httpSure(h), nil, append([]fact.ID{h.Owner.ID}, h.Sockets...)...)
	case chain.OwnerUnit:
		w.unitRules(h)
	}
}

// kernelSure: named by the part of the kernel itself is certain.
func (w *who) kernelSure(h *chain.Holder) Confidence {
	if w.x.Unit(h.Owner.ID) != nil {
		return Certain
	}
	return Likely
}

// httpSure: certain with a listing that joins URL, queue and process.
func (w *who) httpSure(h *chain.Holder) Confidence {
	for _, n := range h.Nodes {
		if n.Link != fact.TakenBy {
			continue
		}
		for _, q := range n.Children {
			if q.Link == fact.InQueue && len(q.Children) > 0 {
				return Certain
			}
		}
	}
	return Likely
}

func (w *who) unitRules(h *chain.Holder) {
	for _, n := range h.Nodes {
		if n.Link != fact.ListensFor {
			continue
		}
		about := []fact.ID{n.ID}
		for _, c := range n.Children {
			about = append(about, c.ID)
		}
		w.say(RuleSocketActivated, Certain, nil, about...)
	}
}

// wouldRestart: what brings the holder back after it is ended.
func (w *who) wouldRestart(id fact.ID) {
	switch u, c := w.x.Unit(id), w.x.Container(id); {
	case u != nil && u.Restart != "" && u.Restart != "no":
		w.once(RuleWouldRestart, Certain, map[string]string{"restart": u.Restart, "count": strconv.Itoa(int(u.NRestarts))}, id)
	case u != nil && owner.Supervises(u):
		w.once(RuleWouldRestart, Likely, nil, id)
	case c != nil && c.Restart != "" && c.Restart != "no":
		w.once(RuleWouldRestart, Certain, map[string]string{"restart": c.Restart}, id)
	}
}

// once says a finding about id if it was not said before.
func (w *who) once(rule Rule, sure Confidence, args map[string]string, id fact.ID) {
	for _, f := range w.a.Findings {
		if f.Rule == rule && len(f.About) > 0 && f.About[0] == id {
			return
		}
	}
	w.say(rule, sure, args, id)
}

func (w *who) boundOnly(h *chain.Holder) {
	for _, id := range h.Sockets {
		if s := w.x.Socket(id); s.State == fact.Bound {
			w.say(RuleBoundOnly, Certain, nil, id)
			return
		}
	}
}

func (w *who) backlog(h *chain.Holder) {
	for _, id := range h.Sockets {
		l := w.x.Socket(id).Linux
		if l != nil && l.Backlog != nil && l.BacklogMax != nil && *l.BacklogMax > 0 && *l.Backlog > *l.BacklogMax {
			w.say(RuleBacklogFull, Certain, map[string]string{
				"waiting": strconv.Itoa(int(*l.Backlog)), "limit": strconv.Itoa(int(*l.BacklogMax))}, id)
		}
	}
}
