package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// NewcomerKind is the form in which a newcomer was named.
type NewcomerKind string

// The forms of --for.
const (
	ForServer   NewcomerKind = "server"   // apache, nginx, iis
	ForFile     NewcomerKind = "file"     // a configuration file
	ForUnit     NewcomerKind = "unit"     // unit:NAME
	ForService  NewcomerKind = "service"  // service:NAME
	ForPID      NewcomerKind = "pid"      // pid:N
	ForEndpoint NewcomerKind = "endpoint" // ADDR:PORT
)

// Newcomer is who wants the endpoint. The zero Newcomer is nobody in particular.
type Newcomer struct {
	Text     string // as it was typed
	Kind     NewcomerKind
	Name     string // of the server, file, unit or service
	PID      int
	Endpoint fact.Endpoint
}

// ParseNewcomer reads what stands behind --for. An empty text is nobody.
func ParseNewcomer(text string) (Newcomer, error) {
	n := Newcomer{Text: strings.TrimSpace(text)}
	word, name, prefixed := strings.Cut(n.Text, ":")
	switch low := strings.ToLower(n.Text); {
	case n.Text == "":
		return n, nil
	case low == "apache" || low == "nginx" || low == "iis":
		n.Kind, n.Name = ForServer, low
	case prefixed && word == "unit" && name != "":
		n.Kind, n.Name = ForUnit, unitName(name)
	case prefixed && word == "service" && name != "":
		n.Kind, n.Name = ForService, name
	case prefixed && word == "pid":
		return n.pid(name)
	case prefixed && (word == "unit" || word == "service"):
		return n, fmt.Errorf("%q names no %s", text, word)
	default:
		return n.place()
	}
	return n, nil
}

// unitName is a unit's whole name: systemd's own default ending is ".service".
func unitName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i < 0 || i == len(name)-1 {
		return name + ".service"
	}
	return name
}

func (n Newcomer) pid(text string) (Newcomer, error) {
	pid, err := strconv.Atoi(text)
	if err != nil || pid <= 0 {
		return n, fmt.Errorf("%q names no process: a PID is a number above 0", n.Text)
	}
	n.Kind, n.PID = ForPID, pid
	return n, nil
}

// place is an endpoint or a file: a drive letter's colon makes no endpoint.
func (n Newcomer) place() (Newcomer, error) {
	e, err := fact.ParseEndpoint(n.Text)
	switch {
	case err == nil && strings.Contains(n.Text, ":"):
		n.Kind, n.Endpoint = ForEndpoint, e
	case strings.ContainsAny(n.Text, `/\.`) && err != nil:
		n.Kind, n.Name = ForFile, n.Text
	default:
		return n, fmt.Errorf("%q is no newcomer: apache, nginx, iis, a configuration FILE, unit:NAME, service:NAME, pid:N or ADDR:PORT is asked here", n.Text)
	}
	return n, nil
}

// In is the newcomer as diagnose knows it, nil where the facts tell nothing of it:
// another copy of the same program is then recognised.
func (n Newcomer) In(x *chain.Index) *diagnose.Newcomer {
	if p := x.PID(n.PID); n.PID != 0 && p != nil {
		return &diagnose.Newcomer{Exe: p.Exe, Args: p.Args, Cwd: p.Cwd, PID: p.PID}
	}
	if u := n.Unit(x); u != nil {
		return &diagnose.Newcomer{Unit: u.Name}
	}
	return nil
}

// servers are the units and services in which a server usually runs.
var servers = [...]struct {
	name  string
	units []string
}{
	{"apache", []string{"apache2.service", "httpd.service", "Apache2.4", "Apache2.2", "wampapache64", "wampapache"}},
	{"nginx", []string{"nginx.service", "nginx"}},
	{"iis", []string{"W3SVC"}},
}

// Unit is the unit or Windows service that is the newcomer, nil where the facts have
// none.
func (n Newcomer) Unit(x *chain.Index) *fact.Unit {
	for _, name := range n.Units() {
		if u := UnitNamed(x, name); u != nil {
			return u
		}
	}
	return nil
}

// Named tells that one unit or service was named, which is there or is not.
func (n Newcomer) Named() bool { return n.Kind == ForUnit || n.Kind == ForService }

// Units are the names that the newcomer's unit or service may have, none where it is
// no unit.
func (n Newcomer) Units() []string {
	if n.Named() {
		return []string{n.Name}
	}
	for _, s := range servers {
		if n.Kind == ForServer && s.name == n.Name {
			return slices.Clone(s.units)
		}
	}
	return nil
}

// Usual tells a unit by whose name it is known where its server's configuration is.
func Usual(u *fact.Unit) bool {
	for _, s := range servers {
		if slices.Contains(s.units, u.Name) {
			return true
		}
	}
	return false
}

// UnitNamed finds a unit by its name, whoever manages it; Windows knows no case.
func UnitNamed(x *chain.Index, name string) *fact.Unit {
	for i := range x.Set.Units {
		u := &x.Set.Units[i]
		if u.Name == name || u.Manager == "scm" && strings.EqualFold(u.Name, name) {
			return u
		}
	}
	return nil
}
