// Package cost adds up what a plan costs: rights, risk, what stops working and for how
// long, whether it outlasts a reboot, and whom it may cut off. It is pure.
package cost

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

type maker struct{ *draft.Draft }

// Of adds up what the steps cost.
func Of(d *draft.Draft) plan.Cost {
	m := maker{d}
	c := plan.Cost{Privilege: m.privilege(), Stops: m.stops(), Class: plan.Reversible, Downtime: m.downtime(), Survives: m.survives()}
	for _, s := range m.P.Steps {
		if s.Class == plan.Final || s.Class == plan.Restartable && c.Class == plan.Reversible {
			c.Class = s.Class
		}
		c.Reboot = c.Reboot || s.Reboot
	}
	if m.touches() {
		c.CutsOff = m.cutsOff()
	}
	c.Risk = m.risk(c)
	if c.CutsOff != "" && m.allFinal() { // nothing of it would go back, so nothing waits to be confirmed
		m.Warn("cut-off-stays", "what", c.CutsOff)
		c.CutsOff = ""
	}
	return c
}

// allFinal tells that no step of the plan can be taken back.
func (m maker) allFinal() bool {
	return !slices.ContainsFunc(m.P.Steps, func(s plan.Step) bool { return s.Class != plan.Final })
}

// touches tells whether the plan changes anything of another's.
func (m maker) touches() bool { return !m.Aimless && len(m.P.Steps) > 0 }

// stopsIt tells whether a step stops something when the plan is done.
func stopsIt(s plan.Step) bool {
	return s.On != plan.OnUndo && (s.After["active"] == "inactive" || s.After["state"] == "stopped" || s.After["state"] == "gone" || s.After["running"] == "no" ||
		s.Subject.Kind == plan.PortProxy && s.After["exists"] == "no")
}

// stops names what no longer works when the plan is done: what it stops and does not
// start again.
func (m maker) stops() []string {
	var out []string
	for i, s := range m.P.Steps {
		name := stopName(s)
		if !stopsIt(s) || slices.Contains(out, name) || startedAgain(m.P.Steps[i+1:], s.Subject) {
			continue
		}
		out = append(out, name)
	}
	return out
}

func stopName(s plan.Step) string {
	switch s.Subject.Kind {
	case plan.Process:
		return "process:" + s.Why.Args["name"]
	case plan.Container:
		return "container:" + s.Why.Args["container"]
	}
	return string(s.Subject.Kind) + ":" + s.Subject.Name
}

func startedAgain(rest []plan.Step, sub plan.Subject) bool {
	return slices.ContainsFunc(rest, func(s plan.Step) bool {
		return s.On != plan.OnUndo && s.Subject.Kind == sub.Kind && s.Subject.Name == sub.Name && (s.After["active"] == "active" || s.After["state"] == "running")
	})
}

func (m maker) downtime() string {
	switch {
	case len(m.stops()) > 0:
		return "until-undone"
	case slices.ContainsFunc(m.P.Steps, func(s plan.Step) bool { return s.Subject.Kind == plan.Reload || stopsIt(s) }):
		return "moment"
	}
	return "none"
}

// survives tells whether the port is still the newcomer's behind a reboot: what was
// stopped does not start by itself then.
func (m maker) survives() bool {
	after := map[string]string{} // what keeps a thing down, by its name
	for _, s := range m.P.Steps {
		for _, field := range []string{"enabled", "start", "restart"} {
			if v, ok := s.After[field]; ok && s.On != plan.OnUndo {
				after[string(s.Subject.Kind)+s.Subject.Name] = v
			}
		}
	}
	for _, s := range m.P.Steps {
		k := string(s.Subject.Kind) + s.Subject.Name
		if !stopsIt(s) || after[k] != "" || startedAgain(m.P.Steps, s.Subject) {
			continue
		}
		if s.Subject.Kind == plan.Supervised || comesBack(s.Before) {
			return false
		}
	}
	return true
}

// comesBack tells whether a thing starts by itself at boot.
func comesBack(s plan.State) bool {
	return s["enabled"] == "enabled" || s["start"] == "auto" || s["start"] == "auto-delayed" || s["start"] == "system" || s["start"] == "boot" ||
		s["restart"] == "always"
}

// privilege is what the one who applies the plan must be.
func (m maker) privilege() string {
	if len(m.P.Steps) == 0 {
		return "none"
	}
	if m.OnWindows() {
		return "administrator"
	}
	whose := ""
	for _, s := range m.P.Steps {
		uid := m.ownedBy(s.Subject)
		if uid == "" || whose != "" && whose != uid {
			return "root"
		}
		whose = uid
	}
	if a := m.X.Set.Machine.Asker; a != nil && strconv.FormatUint(uint64(a.UID), 10) == whose && whose != "0" {
		return "none"
	}
	if whose == "0" {
		return "root"
	}
	return "owner:" + whose
}

// ownedBy is the uid that may change a thing without being root, "" for nobody.
func (m maker) ownedBy(s plan.Subject) string {
	switch s.Kind {
	case plan.Unit, plan.Reload:
		if u := s.Of["manager"]; u != "system" {
			return u
		}
	case plan.Container:
		return s.Of["user"]
	case plan.Supervised:
		return m.supervisorOf(s)
	case plan.Process:
		pid, _ := strconv.Atoi(s.Name)
		if p := m.X.PID(pid); p != nil && p.UID != nil {
			return strconv.FormatUint(uint64(*p.UID), 10)
		}
	}
	return ""
}

// supervisorOf is whose supervisor it is: of those that every user may have one of,
// the user whose program it keeps.
func (m maker) supervisorOf(s plan.Subject) string {
	if uid, ok := strings.CutPrefix(s.Of["domain"], "gui/"); ok {
		return uid
	}
	u := draft.UnitNamed(m.X, s.Name)
	if s.Of["supervisor"] != "pm2" || u == nil {
		return ""
	}
	if p := m.MainProgram(u); p != nil && p.UID != nil {
		return strconv.FormatUint(uint64(*p.UID), 10)
	}
	return ""
}

func (m maker) risk(c plan.Cost) string {
	kernel := slices.ContainsFunc(m.P.Steps, func(s plan.Step) bool {
		return s.Subject.Kind == plan.Service && strings.EqualFold(s.Subject.Name, "HTTP") && (stopsIt(s) || s.After["start"] == "disabled")
	})
	switch {
	case len(m.P.Steps) == 0:
		return "none"
	case c.CutsOff != "" || kernel || m.forced():
		return "high"
	case c.Class == plan.Final || c.Reboot || len(c.Stops) > 0 && m.shared():
		return "medium"
	}
	return "low"
}

func (m maker) forced() bool {
	return slices.ContainsFunc(m.P.Steps, func(s plan.Step) bool { return s.Subject.Of["force"] == "yes" })
}

// shared tells that others than the holder stop with it.
func (m maker) shared() bool { return len(m.stops()) > 1 }

// cutsOff names what the person who asks might be cut off from.
func (m maker) cutsOff() string {
	port := m.A.Endpoint.Port
	switch by := m.came(); {
	case by != "" && m.acts(by):
		return by
	case m.Proto == fact.TCP && port == 22 || m.stopsUnit("ssh.service", "sshd.service", "ssh.socket", "sshd.socket"):
		return "ssh"
	case port == 53 && m.resolves() || m.stopsUnit("systemd-resolved.service", "Dnscache"):
		return "dns"
	case port == 3389 || m.stopsUnit("TermService"):
		return "rdp"
	case port == 5985 || port == 5986 || m.stopsUnit("WinRM"):
		return "winrm"
	}
	return ""
}

// resolves: a name server that listens for others only cuts nobody off here, which
// no fact tells; every one is taken to be this machine's.
func (m maker) resolves() bool { return len(m.P.Steps) > 0 }

// stopsUnit tells whether the plan stops or restarts one of these.
func (m maker) stopsUnit(names ...string) bool {
	return slices.ContainsFunc(m.P.Steps, func(s plan.Step) bool {
		ours := s.Subject.Kind == plan.Unit || s.Subject.Kind == plan.Service || s.Subject.Kind == plan.Reload
		return ours && s.On != plan.OnUndo && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, s.Subject.Name) })
	})
}

// remote is what a person comes through from elsewhere, by the program's name, "" for
// any other program.
func remote(program string) string {
	switch program {
	case "sshd", "sshd-session", "dropbear":
		return "ssh"
	case "wsmprovhost.exe":
		return "winrm"
	case "rdpclip.exe":
		return "rdp"
	}
	return ""
}

// came is how the asker came here, "" for none that is known.
func (m maker) came() string {
	a := m.X.Set.Machine.Asker
	if a == nil {
		return ""
	}
	for _, pid := range []int{a.PID, a.Parent, a.Session} {
		p := m.X.PID(pid)
		if p == nil {
			continue
		}
		for _, q := range append([]*fact.Process{p}, m.X.Ancestors(p)...) {
			if by := remote(q.Name); by != "" {
				return by
			}
		}
	}
	return ""
}

// acts tells whether the holder is of the kind that the asker came through.
func (m maker) acts(by string) bool {
	return slices.ContainsFunc(m.A.Holders, func(h chain.Holder) bool {
		return slices.ContainsFunc(h.Nodes, func(n chain.Node) bool {
			p := m.X.Process(n.ID)
			return p != nil && remote(p.Name) == by
		})
	})
}
