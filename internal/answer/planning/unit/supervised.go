package unit

import (
	"maps"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

// supervisors are asked by their own command.
var supervisors = [...]string{"supervisord", "runit", "pm2", "s6", "launchd"}

// stopSupervised has the supervisor stop its program, which is not killed under it.
func (m maker) stopSupervised(u *fact.Unit) *draft.Refusal {
	m.Step(plan.Step{Subject: m.supervised(u), Before: plan.State{"running": "yes"}, After: plan.State{"running": "no"},
		Class: plan.Restartable, Why: draft.Reason("stop-supervised", "program", u.Name, "supervisor", u.Manager)})
	return nil
}

// supervised names a program and whatever its supervisor's command has to be told.
func (m maker) supervised(u *fact.Unit) plan.Subject {
	of := map[string]string{"supervisor": u.Manager}
	p := m.MainProgram(u)
	switch u.Manager {
	case "launchd":
		of["domain"], of["plist"] = "system", u.Fragment
		if u.UserUID != "" {
			of["domain"] = "gui/" + u.UserUID
		}
	case "supervisord":
		of["config"] = m.supervisordConfig(p)
	case "pm2":
		of["uid"] = m.otherUser(p)
	}
	maps.DeleteFunc(of, func(_, v string) bool { return v == "" })
	return plan.Subject{Kind: plan.Supervised, Name: u.Name, Of: of}
}

// otherUser is the uid of a process, where that is not the asker's own.
func (m maker) otherUser(p *fact.Process) string {
	a := m.X.Set.Machine.Asker
	if p == nil || p.UID == nil || a != nil && a.UID == *p.UID {
		return ""
	}
	return strconv.FormatUint(uint64(*p.UID), 10)
}

// supervisordConfig is the file that the supervisord above p was started with, "" for
// its default.
func (m maker) supervisordConfig(p *fact.Process) string {
	if p == nil {
		return ""
	}
	for _, up := range m.X.Ancestors(p) {
		for i, a := range up.Args {
			if name, ok := strings.CutPrefix(a, "--configuration="); ok {
				return absolute(name)
			}
			if (a == "-c" || a == "--configuration") && i+1 < len(up.Args) && strings.Contains(strings.Join(up.Args[:i], " "), "supervisord") {
				return absolute(up.Args[i+1])
			}
		}
	}
	return ""
}

// absolute leaves a relative name out: whose folder it is relative to may have changed.
func absolute(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return ""
}
