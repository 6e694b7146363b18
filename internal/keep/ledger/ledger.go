// Package ledger reads berth.toml: which port is promised to whom, and why. It finds
// the files, reads them strictly, and joins them. It looks at no port; judge does.
package ledger

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Name is what a ledger is called in every folder that has one.
const Name = "berth.toml"

// Policy says what may be done when a promise is not kept.
type Policy string

// The policies. Restore may start the owner, where that is a unit or a service, or
// apply the remedy that the promise names; neither ever kills.
const (
	Alert   Policy = "alert"
	Restore Policy = "restore"
)

// OwnerKind says by what an owner is known.
type OwnerKind string

// The kinds of owner, and what the name behind them is. An exe: beside no prefix: is a
// program with sockets of its own: the Windows kernel's HTTP listener is not it, unless
// the listing says so.
const (
	Unit      OwnerKind = "unit"      // a unit of systemd or launchd, with its suffix
	Service   OwnerKind = "service"   // a Windows service's short name; elsewhere a unit, with or without .service
	Exe       OwnerKind = "exe"       // a program: its name, the end of its path, or all of it; "*" in one part of it; " -- WORD": with WORD in an argument
	Container OwnerKind = "container" // a container's name, or the beginning of its ID
	Compose   OwnerKind = "compose"   // a compose project, or PROJECT/SERVICE
	User      OwnerKind = "user"      // a user's name or uid
	Prefix    OwnerKind = "prefix"    // a URL prefix that is registered with HTTP.sys
)

// Kinds lists the kinds of owner as they are written before the colon.
func Kinds() []OwnerKind {
	return []OwnerKind{Unit, Service, Exe, Container, Compose, User, Prefix}
}

// Owner is one that a port is promised to.
type Owner struct {
	Kind OwnerKind
	Name string
	// Behind is the program that the path in Name leads to by symbolic links, which
	// counts as well; "" where it leads to none, or [Ledger.Here] has not looked.
	Behind string
}

// String writes an owner as the ledger does: "unit:nginx.service".
func (o Owner) String() string { return string(o.Kind) + ":" + o.Name }

// Startable tells whether berth can start an owner by its name. Containers have their
// engine's restart policy for that.
func (o Owner) Startable() bool { return o.Kind == Unit || o.Kind == Service }

// Place is a line of a file.
type Place struct {
	File string
	Line int
}

// String is "berth.toml:3".
func (p Place) String() string { return p.File + ":" + strconv.Itoa(p.Line) }

// Promise is one entry: this port, this owner, this reason.
type Promise struct {
	Module   string // what a stack calls it: "Apache"; "" where the file does not say
	Newcomer string // how berth free knows the owner by --for: "apache"; "" where it does not
	From, To uint16 // both ends included; From == To for one port
	Proto    fact.Proto
	Addr     netip.Addr // the zero Addr is any
	Owners   []Owner    // any one of them; at least one
	Reason   string
	Policy   Policy
	Remedy   string // KIND[:TARGET] that Restore may apply against a stranger
	Where    Place
}

// Endpoint writes what is promised: "80/tcp", "127.0.0.1:8000-8099/udp".
func (p Promise) Endpoint() string {
	s := strconv.Itoa(int(p.From))
	if p.To != p.From {
		s += "-" + strconv.Itoa(int(p.To))
	}
	if p.Addr.IsValid() {
		host := p.Addr.String()
		if p.Addr.Is6() {
			host = "[" + host + "]"
		}
		s = host + ":" + s
	}
	return s + "/" + string(p.Proto)
}

// Owner writes the owners: "unit:apache2.service or exe:httpd".
func (p Promise) Owner() string {
	words := make([]string, len(p.Owners))
	for i, o := range p.Owners {
		words[i] = o.String()
	}
	return strings.Join(words, " or ")
}

// Ports are the promised ports, in order.
func (p Promise) Ports() []uint16 {
	out := make([]uint16, 0, int(p.To)-int(p.From)+1)
	for n := int(p.From); n <= int(p.To); n++ {
		out = append(out, uint16(n))
	}
	return out
}

// Meets tells whether two promises speak of a common endpoint.
func (p Promise) Meets(q Promise) bool {
	return p.Proto == q.Proto && p.From <= q.To && q.From <= p.To &&
		(!p.Addr.IsValid() || !q.Addr.IsValid() || p.Addr == q.Addr)
}

// same tells whether p and q promise to the same owners.
func (p Promise) same(q Promise) bool { return p.Owner() == q.Owner() }

// Ledger is what one or more files promise.
type Ledger struct {
	Files     []string // the nearest first
	Promises  []Promise
	Conflicts []Conflict
}

// Conflict is an endpoint that two files promise to different owners. Kept counts:
// its file is the nearer one.
type Conflict struct{ Kept, Dropped Promise }

// Ports are all promised ports, each once or more often.
func (l Ledger) Ports() []uint16 {
	var out []uint16
	for _, p := range l.Promises {
		out = append(out, p.Ports()...)
	}
	return out
}

// Merge joins ledgers, the one that counts most first. Of two promises that meet,
// the later one is dropped; where it names another owner, that is a conflict.
func Merge(ledgers ...Ledger) Ledger {
	var out Ledger
	for _, l := range ledgers {
		out.Files = append(out.Files, l.Files...)
		out.Conflicts = append(out.Conflicts, l.Conflicts...)
		before := out.Promises
		for _, p := range l.Promises {
			q, met := meeting(before, p)
			switch {
			case !met:
				out.Promises = append(out.Promises, p)
			case !q.same(p):
				out.Conflicts = append(out.Conflicts, Conflict{Kept: q, Dropped: p})
			}
		}
	}
	return out
}

func meeting(among []Promise, p Promise) (Promise, bool) {
	for _, q := range among {
		if q.Meets(p) {
			return q, true
		}
	}
	return Promise{}, false
}

// Problem is one thing that is wrong with a file, and what to do about it.
type Problem struct {
	Where    Place
	What, Do string
}

// Error is one line: "berth.toml:3: port 99999 is no port: write one of 1 to 65535".
func (p Problem) Error() string { return fmt.Sprintf("%s: %s: %s", p.Where, p.What, p.Do) }

// Problems is everything that is wrong with a file, one line each.
type Problems []Problem

// Error joins the lines.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
