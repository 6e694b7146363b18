package report

import (
	"net/netip"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// Widths at which words from outside are cut in running text.
const (
	nameWidth    = 64
	commandWidth = 240
)

// names says rows in words.
type names struct{ x *diagnose.Index }

func name(s string) string { return Clean(s, nameWidth) }

func (n names) process(p *fact.Process) string {
	if p == nil {
		return "a process that has gone"
	}
	s := name(p.Name)
	if s == "" {
		s = name(p.Exe)
	}
	if s == "" {
		return "PID " + itoa(p.PID)
	}
	return s + " (PID " + itoa(p.PID) + ")"
}

func (n names) container(k *fact.Container) string {
	s := "container " + name(containerName(k))
	var more []string
	if k.Engine != "" {
		more = append(more, name(k.Engine))
	}
	if k.Image != "" {
		more = append(more, "image "+name(k.Image))
	}
	if k.Project != "" {
		more = append(more, "compose project "+name(k.Project)+serviceOf(k))
	}
	if k.Pod != "" {
		more = append(more, "pod "+name(k.Pod))
	}
	if len(more) == 0 {
		return s
	}
	return s + " (" + strings.Join(more, ", ") + ")"
}

func serviceOf(k *fact.Container) string {
	if k.Service == "" {
		return ""
	}
	return ", service " + name(k.Service)
}

func (n names) row(id fact.ID) string {
	if p := n.x.Process(id); p != nil {
		return n.process(p)
	}
	if u := n.x.Unit(id); u != nil {
		return n.unit(u)
	}
	if k := n.x.Container(id); k != nil {
		return n.container(k)
	}
	if s := n.x.Socket(id); s != nil {
		return n.socket(s)
	}
	if r := n.x.Redirect(id); r != nil {
		return n.redirect(r)
	}
	if r := n.x.Registration(id); r != nil {
		return name(r.URL)
	}
	if ns := n.x.Namespace(id); ns != nil {
		return n.netns(ns)
	}
	return name(string(id))
}

func (n names) unit(u *fact.Unit) string {
	switch u.Manager {
	case "systemd", "scm", "":
		return name(u.Name)
	case "kernel":
		return "the kernel's " + name(u.Name)
	case "systemd --user":
		if u.User != "" {
			return name(u.Name) + " of user " + name(u.User)
		}
		return name(u.Name) + " (user unit)"
	}
	if u.Name == "" || u.Name == u.Manager {
		return name(u.Manager)
	}
	return name(u.Manager) + " " + name(u.Name)
}

func (n names) socket(s *fact.Socket) string { return addrPort(s.Local) }

// addrPort writes an endpoint; IPv4 inside IPv6 is written as the IPv4 it is.
func addrPort(a netip.AddrPort) string {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
}

func (n names) redirect(r *fact.Redirect) string {
	s := name(r.Kind)
	if r.To != "" {
		s += " to " + name(r.To)
	}
	if r.Chain != "" {
		s += " in " + name(r.Chain)
	}
	return s
}

func (n names) netns(ns *fact.Namespace) string {
	if ns.Name != "" {
		return "network namespace " + name(ns.Name)
	}
	return "network namespace net:[" + itoa(int(ns.Inode)) + "]"
}

// ago says how long before at something was, in the two largest units.
func ago(t, at time.Time) string {
	d := at.Sub(t).Round(time.Second)
	switch {
	case d < 0:
		return ""
	case d < 2*time.Second:
		return "just now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	s := int(d / time.Second)
	switch {
	case s < 60:
		return itoa(s) + " s"
	case s < 3600:
		return itoa(s/60) + " min"
	case s < 48*3600:
		return itoa(s/3600) + " h " + itoa(s%3600/60) + " min"
	}
	return itoa(s/86400) + " days"
}

func list(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(n) + " " + many
}
