package move

import (
	"maps"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/docroot"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/unit"
	"github.com/berthd/berth/internal/answer/planning/windows"
	"github.com/berthd/berth/internal/fact"
)

// server is the server whose configuration can be edited, by the name of its program
// or unit, "" for any other.
func server(name string) string {
	switch name {
	case "nginx", "caddy", "lighttpd", "haproxy", "tomcat":
		return name
	case "apache2", "httpd", "apache", "wampapache":
		return "apache"
	case "sshd", "ssh":
		return "sshd"
	case "w3svc":
		return "iis"
	}
	return ""
}

// serverOf is the server that a unit or a program is, "" where its configuration is
// in no form that berth edits. Versions and endings are left off: apache2.4,
// httpd.exe, tomcat10.service.
func serverOf(names ...string) string {
	for _, name := range names {
		name = strings.ToLower(name[strings.LastIndexAny(name, `/\`)+1:])
		for _, end := range []string{".service", ".socket", ".exe"} {
			name = strings.TrimSuffix(name, end)
		}
		name, _, _ = strings.Cut(name, "@")
		for _, n := range []string{name, strings.TrimRight(name, "0123456789.")} {
			if s := server(n); s != "" {
				return s
			}
		}
	}
	return ""
}

// need is what has to be read to move a unit's server, nil where berth does not edit
// such a server.
func (m maker) need(whose draft.Whose, u *fact.Unit, from, to draft.Place) *draft.NeedConfig {
	n := &draft.NeedConfig{Whose: whose, Unit: u.Name, From: from, To: to}
	names := []string{u.Name}
	if p := m.MainProgram(u); p != nil {
		n.Exe = p.Exe
		names = append(names, p.Exe, p.Name)
	}
	n.Server = serverOf(append(names, strings.TrimSuffix(u.ExecStart, " "))...)
	if n.Server == "" {
		return nil
	}
	return n
}

// config is the answer to a need, nil where it was not given yet.
func (m maker) config(n *draft.NeedConfig) *draft.Config {
	i := slices.IndexFunc(m.W.Configs, func(c draft.Config) bool { return c.Whose == n.Whose && c.Server == n.Server })
	if i < 0 {
		return nil
	}
	return &m.W.Configs[i]
}

// edit puts an edited configuration in place, lets the server check it, and makes u
// read it. Taking it back is the same the other way round.
func (m maker) edit(c *draft.Config, n *draft.NeedConfig, u *fact.Unit) *draft.Refusal {
	if len(c.Files) == 0 {
		return m.Refuse("no-place", "server", n.Server, "port", draft.PortText(n.From.Port))
	}
	// Where the port stays, the old socket is in the new one's way; and a reload of
	// lighttpd keeps the sockets that it has.
	again := n.From.Port == n.To.Port || n.Server == "lighttpd"
	if !n.Once { // what asks twice is what some servers call invalid
		m.check(c, n, "test-config-first")
	}
	m.reread(u, plan.OnUndo, again)
	for _, f := range c.Files {
		m.Step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: f.Path}, Before: plan.State{"exists": "yes", "content": string(f.Before)},
			After: plan.State{"content": string(f.After)}, Class: plan.Reversible,
			Why: draft.Reason("edit-config", "server", n.Server, "file", f.Path, "from", n.From.String(), "to", n.To.String())})
	}
	m.check(c, n, "test-config")
	m.reread(u, plan.OnDo, again)
	return nil
}

// check lets the server check its configuration, where it can.
func (m maker) check(c *draft.Config, n *draft.NeedConfig, why string) {
	if !c.Checks && c.Program == "" {
		return
	}
	of := map[string]string{"program": c.Program, "config": c.Path}
	maps.DeleteFunc(of, func(_, v string) bool { return v == "" || v == "?" })
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.ConfigTest, Name: n.Server, Of: of},
		After: plan.State{"valid": "yes"}, On: plan.OnDo, Class: plan.Reversible, Why: draft.Reason(why, "server", n.Server)})
}

// reread makes a running unit read its configuration again. A Windows service is
// stopped and started, and so is a unit that cannot reload; undoing goes backwards.
func (m maker) reread(u *fact.Unit, on plan.Phase, again bool) {
	if u == nil || u.Active != "active" && u.Active != "running" && u.Active != "reloading" {
		return
	}
	why := draft.Reason("reload-config", "unit", u.Name)
	scm := u.Manager == "scm"
	if !scm && !again {
		m.Step(plan.Step{Subject: plan.Subject{Kind: plan.Reload, Name: u.Name, Of: unit.Manager(u)}, On: on, Class: plan.Reversible, Why: why})
		return
	}
	if scm && serverOf(u.Name) == "iis" {
		return // it watches its file
	}
	sub, states := unit.Subject(u, u.Name), []plan.State{{"active": "inactive"}, {"active": "active"}}
	if scm {
		sub, states = windows.Subject(u.Name), []plan.State{{"state": "stopped"}, {"state": "running"}}
	}
	if on == plan.OnUndo {
		slices.Reverse(states)
	}
	for _, s := range states {
		m.Step(plan.Step{Subject: sub, After: s, On: on, Class: plan.Restartable, Why: why})
	}
}

// wordpress warns of what a WordPress in the document roots makes of another port.
func (m maker) wordpress(port uint16) {
	for _, r := range m.W.Roots {
		v := docroot.Judge(r)
		switch {
		case v.Kind == docroot.Network && port != 80 && port != 443:
			m.Warn("wordpress-network", "root", v.Root, "site", v.Site, "port", draft.PortText(port), "config", r.Config)
		case v.Kind == docroot.Single:
			m.Warn("wordpress-siteurl", "root", v.Root, "where", v.Where, "config", r.Config, "site", v.Site, "becomes", docroot.AtPort(v.Site, draft.PortText(port)), "port", draft.PortText(port))
		case v.Kind == docroot.Unread:
			m.Warn("wordpress-unread", "root", v.Root, "config", r.Config, "error", r.Err)
		}
	}
}
