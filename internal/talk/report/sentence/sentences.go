package sentence

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

// Sentence says one finding. Every rule has one; its test holds that.
func (n Names) Sentence(f diagnose.Finding) string {
	for _, say := range [...]func(diagnose.Finding) string{n.aboutCopies, n.aboutProcess, n.aboutOwner, n.aboutTraffic, n.aboutHTTP, n.aboutWindows, n.aboutKnown, n.aboutErrorLine} {
		if s := say(f); s != "" && f.Rule == diagnose.RuleErrorLine {
			return s // what a line says is no more than what it says
		} else if s != "" {
			return n.hedge(f.Confidence) + s
		}
	}
	return ""
}

func (n Names) hedge(c diagnose.Confidence) string {
	switch c {
	case diagnose.Likely:
		return "Probably: "
	case diagnose.Possible:
		return "Possibly: "
	}
	return ""
}

// First names the row that a finding is about above all.
func (n Names) First(f diagnose.Finding) string {
	if len(f.About) == 0 {
		return ""
	}
	return n.Row(f.About[0])
}

func (n Names) rest(f diagnose.Finding) string {
	var out []string
	for _, id := range f.About[min(1, len(f.About)):] {
		out = append(out, n.Row(id))
	}
	return List(out)
}

func (n Names) aboutCopies(f diagnose.Finding) string {
	switch f.Rule {
	case diagnose.RuleSecondCopy:
		return "this is another copy of the program that wants the port: " + n.First(f) + " runs the same program with the same script in the same folder."
	case diagnose.RuleYourFolder:
		return n.copies(f)
	case diagnose.RuleConfigTwice:
		return n.configTwice(f)
	case diagnose.RuleNewcomerFailed:
		return n.First(f) + " failed because the port was taken" + n.heldFor(f) + n.quoted(f) + "."
	case diagnose.RuleNewcomerRefused:
		return n.newcomerRefused(f)
	case diagnose.RuleOrphanMaster:
		return n.First(f) + " runs the program of " + n.rest(f) + " outside that unit, so the unit cannot start its own" + n.quoted(f) + "."
	case diagnose.RuleTwoServers:
		return f.Args["owners"] + " owners share this number on different addresses: which one answers depends on the address a client uses."
	case diagnose.RuleLocalhostSplit:
		return n.localhost(f)
	case diagnose.RuleReusePortShared:
		return n.oneAddress(f)
	}
	return ""
}

// oneAddress: Linux and macOS deal out, Windows does not say who is served.
func (n Names) oneAddress(f diagnose.Finding) string {
	s := f.Args["owners"] + " owners listen on the very same address by "
	if n.X.Set.Machine.OS == "windows" {
		return s + "SO_REUSEADDR: what is sent to all (multicast) reaches each of them, and of the rest nobody knows who gets it."
	}
	return s + "SO_REUSEPORT: the kernel deals connections out between them."
}

func (n Names) copies(f diagnose.Finding) string {
	if len(f.About) == 1 {
		return n.First(f) + " was started from the folder you are in: an earlier copy of what you are starting."
	}
	return n.some(f.About) + " were started from the folder you are in: earlier copies of what you are starting."
}

func (n Names) heirs(f diagnose.Finding) string {
	if len(f.About) == 1 {
		return n.First(f) + " only inherited the listener from the program that opened it and is not meant to serve it; nothing is wrong with it, it was started with the descriptor left open."
	}
	return n.some(f.About) + " only inherited the listener from the program that opened it and are not meant to serve it; nothing is wrong with them, they were started with the descriptor left open."
}

// some names the first rows, and counts those beyond.
func (n Names) some(ids []fact.ID) string {
	const many = 4
	var all []string
	for _, id := range ids[:min(len(ids), many)] {
		all = append(all, n.Row(id))
	}
	if more := len(ids) - many; more > 0 {
		all = append(all, Itoa(more)+" more")
	}
	return List(all)
}

func (n Names) heldFor(f diagnose.Finding) string {
	if who := n.rest(f); who != "" {
		return " by " + who
	}
	return ""
}

// configTwice names the cure and the test of it: what held the port then may also
// have gone since.
func (n Names) configTwice(f diagnose.Finding) string {
	s := "the configuration of " + n.First(f) + " asks for one address twice, or somebody had the port for a while: it was refused the port, and nobody holds it" + n.quoted(f) + "."
	if start := remedy.StartCommand(n.X, f.About[0]); start != nil {
		s += " Try " + n.Command(start) + "; if that is refused again, leave one of its listen lines out."
	}
	return s
}

// newcomerRefused says why a unit's bind failed where nobody has the port.
func (n Names) newcomerRefused(f diagnose.Finding) string {
	s := n.First(f) + " was refused the port" + n.quoted(f) + ". "
	switch f.Args["errno"] {
	case "EACCES", "EPERM":
		return s + n.noRights(f)
	case "EADDRNOTAVAIL":
		return s + "The address it asks for is not one of this machine, or was not yet when it started: if a start by hand works now, order it after network-online.target."
	case "EAFNOSUPPORT":
		return s + "IPv6 is off here, and it asks for an IPv6 address: let it listen on 0.0.0.0 alone."
	}
	return s + "Nobody had it; the error is " + Name(f.Args["errno"]) + "."
}

func (n Names) noRights(f diagnose.Finding) string {
	s := "It lacks the right to a port below net.ipv4.ip_unprivileged_port_start: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit gives it"
	switch {
	case f.Args["netBindCap"] == "true":
		return "It has CAP_NET_BIND_SERVICE, so a security module refuses it: SELinux by the port's type (semanage port -l), or AppArmor."
	case f.Args["noNewPrivileges"] == "true":
		return s + "; setcap on the program file does nothing under NoNewPrivileges=yes."
	}
	return s + "; a right given by setcap is lost when an upgrade replaces the file."
}

func (n Names) quoted(f diagnose.Finding) string {
	if f.Args["line"] == "" {
		return ""
	}
	return ": “" + Clean(f.Args["line"], 200) + "”"
}

func (n Names) localhost(f diagnose.Finding) string {
	who := func(id fact.ID) string {
		s := n.X.Socket(id)
		return n.Owners(s) + " over " + family(s)
	}
	return "localhost is two addresses here: it reaches " + who(f.About[0]) + " and " + who(f.About[1]) + "."
}

func family(s *fact.Socket) string {
	if s.Local.Addr().Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// Owners is the holder of one socket in a few words.
func (n Names) Owners(s *fact.Socket) string {
	hs := n.X.Holders([]*fact.Socket{s})
	return n.Holder(hs[0])
}

func (n Names) aboutProcess(f diagnose.Finding) string {
	switch f.Rule {
	case diagnose.RuleStopped:
		return n.First(f) + " is stopped (Ctrl+Z): it keeps the port and answers nobody. fg in its terminal wakes it."
	case diagnose.RuleInherited:
		return n.heirs(f)
	case diagnose.RuleOrphan:
		return n.First(f) + " is an orphan: the program or terminal that started it is gone, and nothing supervises it."
	case diagnose.RuleForked:
		return n.First(f) + " shares one listener with " + Plural(len(f.About)-1, "process it forked", "processes it forked") + "; ending only those frees nothing."
	case diagnose.RuleDeletedExe:
		return n.deletedExe(f)
	case diagnose.RuleForwarder:
		return n.forwarder(f)
	case diagnose.RuleStaleForwarder:
		return n.First(f) + " forwards for a container engine, and no container is behind it any more: a leaked forward; restarting the engine clears it."
	case diagnose.RuleBacklogFull:
		return n.First(f) + " has " + f.Args["waiting"] + " connections waiting at a limit of " + f.Args["limit"] + ": the program does not accept them."
	}
	return ""
}

func (n Names) forwarder(f diagnose.Finding) string {
	if len(f.About) > 1 && n.X.Container(f.About[1]) != nil {
		return n.First(f) + " only holds the port for " + n.rest(f) + ", which answers: stop or move that, not the forwarder."
	}
	to := n.rest(f)
	if to == "" {
		to = Clean(f.Args["to"], 160)
	}
	if to == "" {
		return n.First(f) + " only forwards (" + Name(f.Args["kind"]) + "); its command line does not say where to."
	}
	return n.First(f) + " only forwards (" + Name(f.Args["kind"]) + "): what answers is " + to + ". Stop that, or the forward, not a program on this machine."
}

func (n Names) deletedExe(f diagnose.Finding) string {
	p := n.X.Process(f.About[0])
	if p != nil && p.ExeState == "replaced" {
		return n.First(f) + " still runs the old version: its program file was replaced since it started."
	}
	return n.First(f) + " runs a program file that was deleted since it started."
}

func (n Names) aboutOwner(f diagnose.Finding) string {
	switch f.Rule {
	case diagnose.RuleSocketActivated:
		return n.socketActivated(f)
	case diagnose.RuleWouldRestart:
		return n.wouldRestart(f)
	case diagnose.RuleBoundOnly:
		return n.First(f) + " is bound and not listening: most tools do not show it, and a bind of the same address still fails."
	case diagnose.RuleKernelSocket:
		return "no process has a descriptor of this socket: it is " + n.ofKernel(f.About[0]) + "."
	case diagnose.RuleAllocated:
		if s := f.Args["state"]; s == "created" || s == "exited" {
			return n.First(f) + " (" + s + ") takes this port when it is started."
		}
		return n.First(f) + " (" + cmp.Or(Clean(f.Args["state"], 20), "state unknown") + ") has this port in its engine's book; no socket of this machine has it, and the engine refuses it to others."
	case diagnose.RuleOtherNetns:
		return "the listener in " + n.First(f) + " is in a world of its own: no conflict here."
	case diagnose.RuleOwnerHidden:
		return "the socket is there, and the process that holds it is hidden from this user" + n.askAgain(f) + "."
	}
	return ""
}

func (n Names) ofKernel(id fact.ID) string {
	p := n.X.Process(id)
	if p != nil && n.X.Set.Machine.OS == "windows" {
		return "the Windows kernel's own, shown as " + n.Process(p)
	}
	if p != nil {
		return "the kernel's own, of its thread " + n.Process(p)
	}
	return n.Row(id)
}

// askAgain: who may see more sees the holder.
func (n Names) askAgain(f diagnose.Finding) string {
	m, s := n.X.Set.Machine, n.X.Socket(f.About[0])
	if m.Asker == nil || m.Asker.Elevate != "sudo" || s == nil {
		return ""
	}
	return "; sudo berth who " + Itoa(int(s.Local.Port())) + " names it"
}

func (n Names) socketActivated(f diagnose.Finding) string {
	s := "PID 1 (systemd) holds the port for " + n.First(f)
	if u := n.X.Unit(f.About[0]); u != nil && u.Accept {
		return s + " and starts an instance of " + Name(strings.TrimSuffix(u.Name, ".socket")) + "@.service for each connection."
	}
	if len(f.About) > 1 {
		u := n.X.Unit(f.About[1])
		if u != nil && u.Active == "active" {
			return s + " and has handed it to " + n.rest(f) + ", which is running."
		}
		return s + " and starts " + n.rest(f) + " at the first connection."
	}
	return s + "."
}

// wouldRestart says what brings the holder back, and how to stop it so that it
// stays down.
func (n Names) wouldRestart(f diagnose.Finding) string {
	u, policy := n.X.Unit(f.About[0]), Clean(f.Args["restart"], 20)
	s := "ended by hand, it would come back: "
	switch {
	case u != nil && policy != "" && strings.HasPrefix(u.Manager, "systemd"):
		s = n.comesBack(f, policy)
		if c := f.Args["count"]; c != "" && c != "0" {
			s += " and was restarted " + Plural(atoi(c), "time", "times") + " so far"
		}
	case u != nil && policy == "on-change":
		s = n.starter(u) + " starts it again when a file changes"
	case u != nil:
		s += n.starter(u) + " starts it again"
	default:
		s += n.First(f) + " has the restart policy " + policy
	}
	if stop := remedy.StopCommand(n.X, f.About[0]); stop != nil {
		s += "; stop it with " + n.Command(stop)
	}
	return s + "."
}

// starter is who starts a unit's program again.
func (n Names) starter(u *fact.Unit) string {
	if u.Name == "" || u.Manager == "" {
		return n.Unit(u)
	}
	return Name(u.Manager)
}

// comesBack: what ends a unit's process decides whether systemd starts it again.
func (n Names) comesBack(f diagnose.Finding, policy string) string {
	has := n.First(f) + " has Restart=" + policy
	switch policy {
	case "on-failure", "on-abnormal", "on-abort":
		return "after a crash or kill -9 it would come back: " + has
	case "on-watchdog":
		return has + ", which starts it again when its watchdog fires"
	}
	return "ended by hand, it would come back: " + has
}

func (n Names) aboutTraffic(f diagnose.Finding) string {
	switch f.Rule {
	case diagnose.RuleNATShadow:
		return strings.ToUpper(f.Args["proto"]) + " traffic" + n.hook(f) + " never reaches the listener: " + n.First(f) + " takes it before" + n.whoGets(f) + "."
	case diagnose.RuleNATOnly:
		return "a bind succeeds here and gets no traffic" + n.hook(f) + ": " + n.First(f) + " takes it" + n.whoGets(f) + "."
	case diagnose.RuleTimeWait:
		return n.timeWait(f)
	case diagnose.RuleLeftover:
		return Plural(atoi(f.Args["count"]), "connection of a listener that ended still holds", "connections of a listener that ended still hold") +
			" the port: " + n.outgoing(f) + ". SO_REUSEADDR on the new listener gets past that if the old one had it too."
	case diagnose.RuleOutgoing:
		return "an outgoing connection took this port from the range for outgoing connections: " + n.outgoing(f) + "."
	case diagnose.RuleFree:
		if n.pasted() {
			return "no line of the texts at hand shows it in use; what they leave out they cannot tell."
		}
		if slices.ContainsFunc(n.X.Set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapNoNAT }) {
			return "no socket and no ended connection stands in the way of a plain bind; NAT rules could not be read."
		}
		return "no socket, no NAT rule and no ended connection stands in the way of a plain bind."
	case diagnose.RuleUnknown:
		if n.pasted() {
			return "none of the texts at hand lists sockets."
		}
		return "the socket table could not be read."
	}
	return ""
}

func (n Names) hook(f diagnose.Finding) string {
	r := n.X.Redirect(f.About[0])
	if r == nil {
		return ""
	}
	switch r.Hook {
	case "prerouting":
		return " from outside"
	case "output":
		return " from this machine"
	}
	return ""
}

// whoGets: a redirect to another port of this machine leads to a question.
func (n Names) whoGets(f diagnose.Finding) string {
	r := n.X.Redirect(f.About[0])
	if r == nil || !strings.HasPrefix(r.To, ":") {
		return ""
	}
	return "; berth who " + Name(r.To[1:]) + " says who gets it"
}

func (n Names) timeWait(f diagnose.Finding) string {
	s := Plural(atoi(f.Args["count"]), "ended connection waits", "ended connections wait") + " out TIME_WAIT"
	if ms := atoi(f.Args["ms"]); ms > 0 {
		s += ", " + span(time.Duration(ms)*time.Millisecond+time.Second-1) + " at most"
	}
	if n.X.Set.Machine.OS == "windows" {
		return s + ". On Windows they are in nobody's way, or at most in that of a server that wants the port exclusively (SO_EXCLUSIVEADDRUSE): SO_REUSEADDR is no cure here."
	}
	return s + ". A server that sets SO_REUSEADDR binds at once if the old server had set it too, as most do; where the old one had not, only waiting helps."
}

func (n Names) outgoing(f diagnose.Finding) string {
	s := n.X.Socket(f.About[0])
	for _, l := range n.X.Links(s.ID, fact.HeldBy) {
		return n.Row(l.To) + " to " + s.Remote.String()
	}
	return AddrPort(s.Local) + " to " + s.Remote.String()
}

func (n Names) aboutHTTP(f diagnose.Finding) string {
	return windows.HTTPSys(f, n.anyBehind(f), n.pasted())
}

// shown names a row; a Windows service by the name that people know it by as well.
func (n Names) shown(id fact.ID) string {
	u := n.X.Unit(id)
	if u == nil || u.Manager != "scm" || u.Description == "" || strings.EqualFold(u.Description, u.Name) {
		return n.Row(id)
	}
	return Name(u.Description) + " (" + Name(u.Name) + ")"
}

// anyBehind tells whether somebody who may stand behind the kernel's listener is named.
func (n Names) anyBehind(f diagnose.Finding) bool {
	for _, id := range f.About {
		if s := n.X.Socket(id); s != nil {
			for _, h := range n.X.Holders([]*fact.Socket{s}) {
				if who, _ := n.Behind(h); len(who) > 0 {
					return true
				}
			}
		}
	}
	return false
}

// aboutWindows says Windows' own rules; what they quote comes from outside.
func (n Names) aboutWindows(f diagnose.Finding) string {
	var about []string
	for _, id := range f.About {
		about = append(about, n.shown(id))
	}
	clean := make(map[string]string, len(f.Args))
	for k, v := range f.Args {
		clean[k] = Clean(v, 120)
	}
	f.Args = clean
	return windows.Finding(f, about)
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// aboutKnown says what the catalog knows of a holder.
func (n Names) aboutKnown(f diagnose.Finding) string {
	if f.Rule != diagnose.RuleKnown {
		return ""
	}
	e, ok := catalog.ByID(f.Args["entry"])
	if !ok {
		return "the catalog knows it as " + Name(f.Args["entry"]) + "."
	}
	return e.Name + ": " + e.Purpose
}

// Told is a finding's sentence with a capital, unless it begins with a name.
func (n Names) Told(f diagnose.Finding) string {
	s := n.Sentence(f)
	if first := n.First(f); f.Rule == diagnose.RuleKnown || first != "" && strings.HasPrefix(s, first) {
		return s
	}
	return Upper(s)
}
