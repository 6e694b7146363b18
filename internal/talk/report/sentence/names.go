// Package sentence holds every sentence that berth speaks about a machine, in
// English, and makes every word that came from outside harmless.
package sentence

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/clean"
)

// Widths at which words from outside are cut in running text.
const (
	NameWidth    = 64
	CommandWidth = 240
)

// Names says rows in words. X is the index of the set they stand in.
type Names struct{ X *chain.Index }

// Clean makes a text from outside safe for a terminal and for one line, cut to limit
// characters; 0 means no limit.
func Clean(s string, limit int) string { return clean.Text(s, limit) }

// CommandLine joins an argument list the way a person would type it to a shell.
func CommandLine(args []string) string { return clean.CommandLine(args) }

// Name is a word from outside, harmless and cut to [NameWidth].
func Name(s string) string { return Clean(s, NameWidth) }

// Process names a process: "nginx (PID 412)".
func (n Names) Process(p *fact.Process) string {
	if p == nil {
		return "a process that has gone"
	}
	s := Name(p.Name)
	if s == "" {
		s = Name(p.Exe)
	}
	switch {
	case s == "":
		return "PID " + Itoa(p.PID)
	case p.PID == 0:
		return s // a pasted text did not tell
	}
	return s + " (PID " + Itoa(p.PID) + ")"
}

// Container names a container with its engine, image and compose project.
// Container says all that tells a container from another; Row only its name.
func (n Names) Container(k *fact.Container) string {
	s := "container " + Name(ContainerName(k))
	var more []string
	if k.Engine != "" {
		more = append(more, Name(k.Engine))
	}
	if k.Image != "" {
		more = append(more, "image "+Name(k.Image))
	}
	if k.Project != "" {
		more = append(more, "compose project "+Name(k.Project)+serviceOf(k))
	}
	if k.Pod != "" {
		more = append(more, "pod "+Name(k.Pod))
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
	return ", service " + Name(k.Service)
}

// Row names any row of the set.
func (n Names) Row(id fact.ID) string {
	if p := n.X.Process(id); p != nil {
		return n.Process(p)
	}
	if u := n.X.Unit(id); u != nil {
		return n.Unit(u)
	}
	if k := n.X.Container(id); k != nil {
		return "container " + Name(ContainerName(k))
	}
	if s := n.X.Socket(id); s != nil {
		return n.Socket(s)
	}
	if r := n.X.Redirect(id); r != nil {
		return n.Redirect(r)
	}
	if r := n.X.Registration(id); r != nil {
		return Name(r.URL)
	}
	if ns := n.X.Namespace(id); ns != nil {
		return n.Netns(ns)
	}
	return Name(string(id))
}

// Unit names a unit with its manager, where that is not the system's own.
func (n Names) Unit(u *fact.Unit) string {
	switch u.Manager {
	case "systemd", "scm", "":
		return Name(u.Name)
	case "kernel":
		return "the kernel's " + Name(u.Name)
	case "systemd --user":
		if u.User != "" {
			return Name(u.Name) + " of user " + Name(u.User)
		}
		return Name(u.Name) + " (user unit)"
	}
	if u.Name == "" || u.Name == u.Manager {
		return Name(u.Manager)
	}
	return Name(u.Manager) + "'s " + Name(u.Name)
}

// Socket is a socket's endpoint.
func (n Names) Socket(s *fact.Socket) string { return AddrPort(s.Local) }

// AddrPort writes an endpoint; IPv4 inside IPv6 is written as the IPv4 it is.
func AddrPort(a netip.AddrPort) string {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
}

// Redirect names a rule by what it does and where it stands.
func (n Names) Redirect(r *fact.Redirect) string {
	s := Name(r.Kind)
	if r.To != "" {
		s += " to " + Name(r.To)
	}
	if r.Chain != "" {
		s += " in " + Name(r.Chain)
	}
	return s
}

// Netns names a network namespace.
func (n Names) Netns(ns *fact.Namespace) string {
	if ns.Name != "" {
		return "network namespace " + Name(ns.Name)
	}
	return "network namespace net:[" + Itoa(int(ns.Inode)) + "]"
}

// Ago says how long before at something was, in the two largest units.
func Ago(t, at time.Time) string {
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
		return Itoa(s) + " s"
	case s < 3600:
		return Itoa(s/60) + " min"
	case s < 48*3600:
		return Itoa(s/3600) + " h " + Itoa(s%3600/60) + " min"
	}
	return Itoa(s/86400) + " days"
}

// List joins words: "a, b and c".
func List(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Plural counts: "1 row", "2 rows".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Itoa(n) + " " + many
}

// ContainerName is a container's name, or the beginning of its id.
func ContainerName(k *fact.Container) string {
	if k.Name != "" {
		return k.Name
	}
	return k.Full[:min(12, len(k.Full))]
}

// Itoa is a number in decimal.
func Itoa(n int) string { return strconv.Itoa(n) }

// Upper gives s a capital.
func Upper(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
