package planning

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/docroot"
	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy/nextport"
	"github.com/berthd/berth/internal/fact"
)

// programs are the servers whose configuration can be edited, by the names of their
// programs and units.
var programs = map[string]string{
	"nginx": "nginx", "apache2": "apache", "httpd": "apache", "apache": "apache", "caddy": "caddy", "lighttpd": "lighttpd", "haproxy": "haproxy",
	"sshd": "sshd", "ssh": "sshd", "tomcat": "tomcat", "w3svc": "iis", "wampapache": "apache",
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
			if s := programs[n]; s != "" {
				return s
			}
		}
	}
	return ""
}

// mainProgram is the process of the port's holder that u is or that is part of u.
func (m *maker) mainProgram(u *fact.Unit) *fact.Process {
	for i := range m.x.Set.Processes {
		p := &m.x.Set.Processes[i]
		if u.MainPID != 0 && p.PID == u.MainPID {
			return p
		}
	}
	for i := range m.x.Set.Processes {
		p := &m.x.Set.Processes[i]
		for _, l := range m.x.Links(p.ID, fact.PartOf, fact.MainOf) {
			if l.To == u.ID && !owner.StartedOnly(u, p) {
				return p
			}
		}
	}
	return nil
}

// need is what has to be read to move a unit's server, nil where berth does not edit
// such a server.
func (m *maker) need(whose Whose, u *fact.Unit, from, to Place) *NeedConfig {
	n := &NeedConfig{Whose: whose, Unit: u.Name, From: from, To: to}
	names := []string{u.Name}
	if p := m.mainProgram(u); p != nil {
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
func (m *maker) config(n *NeedConfig) *Config {
	i := slices.IndexFunc(m.w.Configs, func(c Config) bool { return c.Whose == n.Whose && c.Server == n.Server })
	if i < 0 {
		return nil
	}
	return &m.w.Configs[i]
}

// edit puts an edited configuration in place, lets the server check it, and makes u
// read it. Taking it back is the same the other way round.
func (m *maker) edit(c *Config, n *NeedConfig, u *fact.Unit) *Refusal {
	if len(c.Files) == 0 {
		return m.refuse("no-place", "server", n.Server, "port", portText(n.From.Port))
	}
	m.reread(u, plan.OnUndo)
	for _, f := range c.Files {
		m.step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: f.Path}, Before: plan.State{"exists": "yes", "content": string(f.Before)},
			After: plan.State{"content": string(f.After)}, Class: plan.Reversible,
			Why: reason("edit-config", "server", n.Server, "file", f.Path, "from", n.From.text(), "to", n.To.text())})
	}
	if c.Checks || c.Program != "" {
		of := map[string]string{"program": c.Program, "config": c.Path}
		maps.DeleteFunc(of, func(_, v string) bool { return v == "" || v == "?" })
		m.step(plan.Step{Subject: plan.Subject{Kind: plan.ConfigTest, Name: n.Server, Of: of},
			After: plan.State{"valid": "yes"}, On: plan.OnDo, Class: plan.Reversible, Why: reason("test-config", "server", n.Server)})
	}
	m.reread(u, plan.OnDo)
	return nil
}

// reread makes a running unit read its configuration again. A Windows service is
// stopped and started; undoing goes backwards.
func (m *maker) reread(u *fact.Unit, on plan.Phase) {
	if u == nil || u.Active != "active" && u.Active != "running" && u.Active != "reloading" {
		return
	}
	why := reason("reload-config", "unit", u.Name)
	if u.Manager != "scm" {
		m.step(plan.Step{Subject: plan.Subject{Kind: plan.Reload, Name: u.Name, Of: manager(u)}, On: on, Class: plan.Reversible, Why: why})
		return
	}
	if serverOf(u.Name) == "iis" {
		return // it watches its file
	}
	states := []string{"stopped", "running"}
	if on == plan.OnUndo {
		slices.Reverse(states)
	}
	for _, s := range states {
		m.step(plan.Step{Subject: serviceSubject(u.Name), After: plan.State{"state": s}, On: on, Class: plan.Restartable, Why: why})
	}
}

func (p Place) text() string {
	if p.Addr == "" {
		return portText(p.Port)
	}
	if strings.Contains(p.Addr, ":") {
		return "[" + p.Addr + "]:" + portText(p.Port)
	}
	return p.Addr + ":" + portText(p.Port)
}

func portText(p uint16) string { return strconv.Itoa(int(p)) }

// newPort is where somebody moves to.
func (m *maker) newPort() (uint16, *Refusal) {
	if m.w.Port != 0 {
		if why := nextport.Why(m.x.Set, m.w.Port, m.proto, m.w.Promised); why == "listening" || why == "promised" || why == "excluded" || why == "taken" {
			return 0, m.refuse("port-not-free", "port", portText(m.w.Port), "why", why)
		} else if why != "" {
			m.warn("port-unwise", "port", portText(m.w.Port), "why", why)
		}
		return m.w.Port, nil
	}
	port, ok := nextport.Next(m.x.Set, m.a.Endpoint.Port, m.proto, m.w.Promised)
	if !ok {
		return 0, m.refuse("no-port-left")
	}
	return port, nil
}

// wordpress warns of what a WordPress in the document roots makes of another port.
func (m *maker) wordpress(port uint16) {
	for _, r := range m.w.Roots {
		v := docroot.Judge(r)
		switch {
		case v.Kind == docroot.Network && port != 80 && port != 443:
			m.warn("wordpress-network", "root", v.Root, "site", v.Site, "port", portText(port), "config", r.Config)
		case v.Kind == docroot.Single:
			m.warn("wordpress-siteurl", "root", v.Root, "where", v.Where, "config", r.Config, "site", v.Site, "becomes", docroot.AtPort(v.Site, portText(port)), "port", portText(port))
		case v.Kind == docroot.Unread:
			m.warn("wordpress-unread", "root", v.Root, "config", r.Config, "error", r.Err)
		}
	}
}
