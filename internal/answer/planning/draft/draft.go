// Package draft is what every family of remedies has in hand while it makes a plan: the
// facts, the wish, the plan so far, and who is meant. It is pure.
package draft

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/remedy/nextport"
	"github.com/berthd/berth/internal/fact"
)

// DefaultSettle is long enough for a supervisor to start a holder again.
const DefaultSettle = 3 * time.Second

// Wish is what the person wants besides the remedy. The zero Wish is a plain bind
// on every address.
type Wish struct {
	Newcomer Newcomer
	// Promised are ports that a ledger has promised to somebody: none of them is
	// handed out.
	Promised []uint16
	// Settle is how long after the last step the goal is verified again; 0 is
	// [DefaultSettle].
	Settle time.Duration
	// Port is the new port of whoever moves; 0 is the next that is free.
	Port uint16
	// Configs are the edits that the change side has made of servers' configuration,
	// after a refusal that asked for them.
	Configs []Config
	// Asks are the ports that the newcomer's own configuration listens on, none where
	// that is not known.
	Asks []uint16
	// Roots are the document roots of the server that would move.
	Roots []fact.DocRoot
}

// Config is a server's configuration, edited. It answers one [NeedConfig].
type Config struct {
	Whose  Whose
	Server string
	Files  []FileChange
	// Checks tells that the server can check its configuration: Program (absolute, or
	// "" for its usual names) is asked about Path, the main file.
	Checks        bool
	Program, Path string
}

// FileChange is one file of it, whole.
type FileChange struct {
	Path          string
	Before, After []byte
}

// NeedConfig asks for a configuration to be read and edited from one endpoint to
// another. Of Server, Unit, Exe and Path as much is set as is known.
type NeedConfig struct {
	Whose    Whose
	Server   string // "nginx", "apache", ...
	Unit     string
	Exe      string
	Path     string // the newcomer's configuration file, where it was named so
	From, To Place
	// Once asks for something else than a move: of the lines that ask for From twice,
	// one is to stay.
	Once bool
}

// Place is an endpoint of a configuration; an empty Addr is as in confedit.Endpoint.
type Place struct {
	Addr string
	Port uint16
}

// Refusal says why there is no plan.
type Refusal struct {
	Reason plan.Reason
	// Need is set where the caller can read what is missing and ask again.
	Need *NeedConfig
	// Text and Command are what a person may do instead, in the catalog's words and as
	// it is typed; berth runs none of it.
	Text    string
	Command [][]string
}

// Whose says whose configuration it is.
type Whose string

// Of the one who has the port, or of the one who wants it.
const (
	Holder Whose = "holder"
	New    Whose = "newcomer"
)

// Error is for logs: report has the sentence.
func (r *Refusal) Error() string { return "no plan: " + r.Reason.ID }

// Draft is one plan in the making.
type Draft struct {
	X     *chain.Index
	A     diagnose.Answer
	R     remedy.Remedy
	W     Wish
	Proto fact.Proto
	P     plan.Plan
	// Aimless plans put something right and free no port.
	Aimless bool
	// Starts is the newcomer that the plan starts, where the remedy itself says which.
	Starts *fact.Unit
}

// Newcomer is the unit or service that wants the port: the one that was named, else,
// where nobody was, the one that failed for want of it. It is nil for none.
func (d *Draft) Newcomer() *fact.Unit {
	if d.Starts != nil {
		return d.Starts
	}
	return UnitOf(d.X, d.A, d.W.Newcomer)
}

// UnitOf is the unit or service that wants the port of a, see [Draft.Newcomer].
func UnitOf(x *chain.Index, a diagnose.Answer, n Newcomer) *fact.Unit {
	if n.Kind != "" {
		return n.Unit(x)
	}
	for _, f := range a.Findings {
		switch {
		case f.Rule == diagnose.RuleNewcomerFailed:
			return x.Unit(f.About[0])
		case f.Rule == diagnose.RuleOrphanMaster && len(f.About) > 1:
			return x.Unit(f.About[1])
		}
	}
	return nil
}

// Refuse is a refusal with what a person may do instead.
func (d *Draft) Refuse(id string, args ...string) *Refusal {
	return &Refusal{Reason: Reason(id, args...), Text: d.R.Text, Command: d.R.Command}
}

// Reason pairs its arguments up: name, value, name, value.
func Reason(id string, args ...string) plan.Reason {
	r := plan.Reason{ID: id}
	for i := 0; i+1 < len(args); i += 2 {
		if args[i+1] == "" {
			continue
		}
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

// Warn adds what is said before the person is asked.
func (d *Draft) Warn(id string, args ...string) {
	d.P.Warnings = append(d.P.Warnings, Reason(id, args...))
}

// Step adds a step.
func (d *Draft) Step(s plan.Step) { d.P.Steps = append(d.P.Steps, s) }

// Also adds what a step changes to the one that is about the same thing already, or
// adds the step.
func (d *Draft) Also(st plan.Step) {
	for _, have := range d.P.Steps {
		if have.On == plan.Always && have.Subject.Kind == st.Subject.Kind && have.Subject.Name == st.Subject.Name {
			maps.Copy(have.After, st.After)
			maps.Copy(have.Before, st.Before)
			return
		}
	}
	delete(st.Before, "active") // whatever it is by then
	d.Step(st)
}

// MainProgram is the process of the port's holder that u is or that is part of u.
func (d *Draft) MainProgram(u *fact.Unit) *fact.Process {
	for i := range d.X.Set.Processes {
		p := &d.X.Set.Processes[i]
		if u.MainPID != 0 && p.PID == u.MainPID {
			return p
		}
	}
	for i := range d.X.Set.Processes {
		p := &d.X.Set.Processes[i]
		for _, l := range d.X.Links(p.ID, fact.PartOf, fact.MainOf) {
			if l.To == u.ID && !owner.StartedOnly(u, p) {
				return p
			}
		}
	}
	return nil
}

// NewPort is where somebody moves to.
func (d *Draft) NewPort() (uint16, *Refusal) {
	if d.W.Port != 0 {
		if why := nextport.Why(d.X.Set, d.W.Port, d.Proto, d.W.Promised); why == "listening" || why == "promised" || why == "excluded" || why == "taken" {
			return 0, d.Refuse("port-not-free", "port", PortText(d.W.Port), "why", why)
		} else if why != "" {
			d.Warn("port-unwise", "port", PortText(d.W.Port), "why", why)
		}
		d.P.Ports = append(d.P.Ports, d.W.Port)
		return d.W.Port, nil
	}
	port, ok := nextport.Next(d.X.Set, d.A.Endpoint.Port, d.Proto, d.W.Promised)
	if !ok {
		return 0, d.Refuse("no-port-left")
	}
	d.P.Ports = append(d.P.Ports, port)
	return port, nil
}

// PortText is a port in digits.
func PortText(p uint16) string { return strconv.Itoa(int(p)) }

// PIDText is a process's number in digits, "" for nobody's.
func PIDText(p *fact.Process) string {
	if p == nil {
		return ""
	}
	return strconv.Itoa(p.PID)
}

// OnWindows tells whether the facts are of a Windows.
func (d *Draft) OnWindows() bool { return d.X.Set.Machine.OS == "windows" }

// Binds are what must work on a port: what the newcomer is known to bind, else the
// addresses that were asked about, else every one.
func (d *Draft) Binds(port uint16) []plan.Bind {
	addrs := d.A.Endpoint.Addrs
	if n := d.W.Newcomer; n.Kind == ForEndpoint {
		addrs = n.Endpoint.Addrs
	}
	var names []string
	for _, a := range addrs {
		names = append(names, a.String())
	}
	if len(names) == 0 {
		names = []string{"0.0.0.0"}
		if d.hasIPv6() {
			names = append(names, "::")
		}
	}
	var out []plan.Bind
	for _, a := range names {
		b := plan.Bind{Proto: d.Proto, Addr: a, Port: port, ReuseAddr: d.Proto == fact.TCP && !d.OnWindows()}
		if a == "::" {
			only := true // or it would take IPv4's port from its own neighbour
			b.V6Only = &only
		}
		out = append(out, b)
	}
	return out
}

func (d *Draft) hasIPv6() bool {
	l := d.X.Set.Machine.Linux
	return l == nil || !l.NoIPv6 && (l.DisableIPv6 == nil || !*l.DisableIPv6)
}

// String writes a place as configurations do: the port alone where every address is meant.
func (p Place) String() string {
	if p.Addr == "" {
		return PortText(p.Port)
	}
	if strings.Contains(p.Addr, ":") {
		return "[" + p.Addr + "]:" + PortText(p.Port)
	}
	return p.Addr + ":" + PortText(p.Port)
}
