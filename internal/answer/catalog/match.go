package catalog

import (
	"net/netip"
	"slices"
	"sort"

	"github.com/berthd/berth/internal/fact"
)

// Pattern is one way to recognise an entry. Every field that is set must hold; a
// field with several values holds when one of them does. Names are exact or
// globs: * stands for any run of characters, ? for one. On Windows names compare
// without case.
//
// A pattern of numbers alone (os, proto, port, address) is a guess: it fits only
// a [Subject.Nameless] subject.
type Pattern struct {
	OS      []string // GOOS words
	Proto   []fact.Proto
	Port    []PortRange
	Address []string // an address, a prefix, "wildcard" or "loopback"
	Exe     []string // a path, or without a slash its last part
	Comm    []string // the system's short name of the process
	Arg     []string // one of the arguments, or without a slash its last part
	Service []string // Windows service or launchd label
	Unit    []string // unit of a supervisor
	Queue   []string // HTTP.sys request queue
	URLPath []string // path of a URL prefix, compared without case
	Cgroup  []string // cgroup path
	Kernel  []string // kernel component; "*" = whatever it is, the kernel's
	Image   []string // container image without tag: whole, its end, or without a slash its last part
}

// PortRange is a run of ports, both ends included.
type PortRange struct{ From, To uint16 }

// Subject is what is known of one holder. Empty fields are unknown; a pattern
// that asks for one of them does not fit.
type Subject struct {
	OS      string
	Proto   fact.Proto
	Port    uint16
	Addr    netip.Addr
	Exe     string
	Comm    string
	Args    []string
	Service string
	Unit    string
	Queue   string
	URLPath string
	Cgroup  string
	// Kernel is set where no process can be the holder: the component's name
	// ("http.sys", "wireguard"), "socket" where only the kernel is known to hold it,
	// or "gone" where the process that a listing names has ended.
	Kernel string
	Image  string
	// Cut says that Comm was cut short by the tool that printed it, as lsof does
	// after nine characters; it then matches as the beginning of a name.
	Cut bool
}

// Nameless tells whether nothing but numbers is known of s. What [Match] finds
// for such a subject is a guess by number, no more.
func (s *Subject) Nameless() bool {
	return s.Exe == "" && s.Comm == "" && s.Service == "" && s.Unit == "" &&
		s.Queue == "" && s.URLPath == "" && s.Kernel == "" && s.Image == ""
}

// Match finds the entries that s is an example of, the most specific first: more
// matching fields before fewer, then exact values before globs and ranges, then
// by ID. No entry means an unknown holder. It takes some 10 microseconds: ask once
// for each holder, not for each socket.
func Match(s Subject) []*Entry { return Among(table[:], s) }

// Among is [Match] over entries of the caller's.
func Among(entries []Entry, s Subject) []*Entry {
	nameless := s.Nameless()
	var found []*Entry
	var scores []int
	for i := range entries {
		n := entries[i].fits(&s, nameless)
		if n == 0 {
			continue
		}
		at := sort.Search(len(scores), func(i int) bool { return scores[i] < n })
		found = slices.Insert(found, at, &entries[i])
		scores = slices.Insert(scores, at, n)
	}
	return found
}

// fits is the score of the best pattern of e that fits s; 0 means none does.
func (e *Entry) fits(s *Subject, nameless bool) int {
	if e.Kind == Blamed && s.Port != 0 {
		return 0
	}
	score := 0
	for i := range e.Match {
		p := &e.Match[i]
		if n := p.fits(s); n > score && (nameless || !p.numbersOnly()) {
			score = n
		}
	}
	return score
}

// Scores of one field. A field that holds outweighs the exactness of all others,
// a miss outweighs every field that holds.
const (
	miss     = -10000
	holds    = 100
	isExact  = 1
	notAsked = 0
)

func (p *Pattern) fits(s *Subject) int {
	n := words(p.OS, s.OS) + ports(p.Port, s.Port) + protos(p.Proto, s.Proto)
	if n < 0 {
		return 0
	}
	fold := s.OS == "windows"
	if n += comms(p.Comm, s, fold); n < 0 {
		return 0
	}
	n += paths(p.Exe, s.Exe, fold) + names(p.Service, s.Service, fold) + names(p.Unit, s.Unit, false) +
		names(p.Queue, s.Queue, fold) + names(p.URLPath, s.URLPath, true) +
		names(p.Cgroup, s.Cgroup, false) + names(p.Kernel, s.Kernel, true) +
		images(p.Image, s.Image) + addresses(p.Address, s.Addr)
	if n < 0 {
		return 0
	}
	return max(n+args(p.Arg, s.Args, fold), 0)
}

func (p *Pattern) numbersOnly() bool {
	return p.Exe == nil && p.Comm == nil && p.Arg == nil && p.Service == nil && p.Unit == nil &&
		p.Queue == nil && p.URLPath == nil && p.Cgroup == nil && p.Kernel == nil && p.Image == nil
}

func held(ok bool) int {
	if ok {
		return holds + isExact
	}
	return miss
}

// best is the best score that any of want gives by how; how tells whether a want
// fits at all.
func best(want []string, how func(want string) bool) int {
	score := miss
	for _, w := range want {
		if !how(w) {
			continue
		}
		if !isGlob(w) {
			return holds + isExact
		}
		score = holds
	}
	return score
}

func words(want []string, have string) int {
	if want == nil {
		return notAsked
	}
	return held(slices.Contains(want, have))
}

func protos(want []fact.Proto, have fact.Proto) int {
	if want == nil {
		return notAsked
	}
	return held(slices.Contains(want, have))
}

func ports(want []PortRange, have uint16) int {
	if want == nil {
		return notAsked
	}
	score := miss
	for _, r := range want {
		if r.From == have && have == r.To {
			return holds + isExact
		}
		if r.From <= have && have <= r.To {
			score = holds
		}
	}
	return score
}

func addresses(want []string, have netip.Addr) int {
	if want == nil {
		return notAsked
	}
	have = have.Unmap()
	return best(want, func(w string) bool { return addressFits(w, have) })
}

func addressFits(want string, have netip.Addr) bool {
	switch want {
	case "wildcard":
		return have.IsUnspecified()
	case "loopback":
		return have.IsLoopback()
	}
	if prefix, err := netip.ParsePrefix(want); err == nil {
		return prefix.Contains(have)
	}
	addr, err := netip.ParseAddr(want)
	return err == nil && addr == have
}
