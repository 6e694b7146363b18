package prefix

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

type checker struct {
	set      *fact.Set
	table    *urlprefix.Table[fact.ID]
	p        urlprefix.Prefix
	who      Who
	by       *urlprefix.Entry[fact.ID] // the entry that decided on the rights
	verdicts []Verdict
	findings []Finding
}

func (c *checker) say(ok bool, code urlprefix.Code, f Finding, also ...urlprefix.Code) {
	c.verdicts = append(c.verdicts, Verdict{Finding: f, OK: ok, Code: code, Also: also})
}

func (c *checker) find(rule Rule, sure urlprefix.Confidence, args map[string]string, about ...fact.ID) {
	c.findings = append(c.findings, Finding{rule, sure, about, args})
}

// entries is the routing database of a machine. What is no prefix is left out.
func entries(set *fact.Set) *urlprefix.Table[fact.ID] {
	t := &urlprefix.Table[fact.ID]{}
	for _, r := range set.Registrations {
		if p, err := urlprefix.ParsePrinted(r.URL); err == nil {
			t.Insert(urlprefix.Entry[fact.ID]{Prefix: p, Value: r.ID})
		}
	}
	for _, r := range set.Reservations {
		p, err := urlprefix.ParsePrinted(r.URL)
		if err != nil {
			continue
		}
		e := urlprefix.Entry[fact.ID]{Prefix: p, Reserved: true, Value: r.ID}
		for _, right := range r.Rights {
			e.ACL = append(e.ACL, urlprefix.ACE{SID: right.SID, Deny: right.Deny, Listen: right.Listen, Delegate: right.Delegate})
		}
		t.Insert(e)
	}
	return t
}

// rightsRead tells whether the reservations of the machine are known.
func rightsRead(set *fact.Set) bool {
	return len(set.Reservations) > 0 || set.Machine.Windows != nil && set.Machine.Windows.Reservations
}

// disabled: without the HTTP service nothing is registered at all.
func (c *checker) disabled() {
	for _, u := range c.set.Units {
		if !strings.EqualFold(u.Name, "HTTP") || u.Manager != "scm" || u.Windows.StartWord() != "disabled" {
			continue
		}
		if u.Active == "running" {
			c.find(RuleDisabledNext, urlprefix.Certain, nil, u.ID)
			continue
		}
		c.say(false, urlprefix.ServiceDisabled, Finding{Rule: RuleHTTPDisabled, Confidence: urlprefix.Certain, About: []fact.ID{u.ID}})
	}
}

// rights asks the routing database.
func (c *checker) rights() {
	v := c.table.MayRegister(c.p, c.who.rights())
	f := Finding{Rule: Rule(v.Rule), Confidence: v.Confidence}
	if c.by = v.By; v.By != nil {
		f.About = append(c.people(v.By.Value), v.By.Value)
		slices.Reverse(f.About)
	}
	if c.who.SID == "" && !c.who.Admin {
		c.find(RuleAsker, urlprefix.Certain, nil)
	}
	decidesAnyway := v.Rule == urlprefix.RuleTaken || v.Rule == urlprefix.RuleSchemeClash
	if !rightsRead(c.set) && !decidesAnyway {
		f = Finding{Rule: RuleNotRead, Confidence: urlprefix.Certain, Args: map[string]string{"what": "reservations"}}
		c.say(false, 0, f)
		return
	}
	if !v.OK && !c.who.Sure && !c.who.Admin && !decidesAnyway && f.Confidence == urlprefix.Certain {
		f.Confidence = urlprefix.Likely // an administrator would be let in
	}
	c.say(v.OK, v.Code, f)
}

// people are the queue and the processes behind a registration, the process first.
func (c *checker) people(id fact.ID) []fact.ID {
	var out []fact.ID
	for _, q := range c.set.Links {
		if q.From != id || q.Kind != fact.InQueue && q.Kind != fact.OneOfQueues {
			continue
		}
		for _, p := range c.set.Links {
			if p.From == q.To && p.Kind == fact.ServedBy {
				out = append(out, p.To)
			}
		}
		out = append(out, q.To)
	}
	return out
}

// address: HTTP.sys listens only on addresses of this machine.
func (c *checker) address() {
	a := c.p.Addr
	if c.p.Bucket != urlprefix.IPBound || a.IsLoopback() || len(c.set.Machine.Addrs) == 0 {
		return
	}
	if slices.ContainsFunc(c.set.Machine.Addrs, func(l fact.Addr) bool { return l.Prefix.Addr().Unmap().WithZone("") == a }) {
		return
	}
	f := Finding{Rule: RuleNotLocal, Confidence: urlprefix.Certain, Args: map[string]string{"address": a.String()}}
	c.say(false, urlprefix.InvalidNetname, f, urlprefix.NotSupported) // 192.255.255.255 was refused with 50
}

// port: HTTP.sys must have, or be able to get, the addresses that it would listen on.
func (c *checker) port() {
	if slices.ContainsFunc(c.set.Gaps, func(g fact.Gap) bool { return g.Subject == fact.SocketTable }) {
		c.say(false, 0, Finding{Rule: RuleNotRead, Confidence: urlprefix.Certain, Args: map[string]string{"what": "sockets"}})
		return
	}
	mine, others := c.sockets()
	for _, want := range c.wanted() {
		have := slices.ContainsFunc(mine, func(s *fact.Socket) bool { return covers(s.Local.Addr(), want) })
		for _, s := range others {
			at := s.Local.Addr().Unmap()
			switch {
			case !covers(at, want) && !covers(want, at):
			case !have:
				c.taken(s)
			case at != want:
				c.beside(s)
			}
		}
	}
	if len(mine) == 0 {
		c.excluded()
	}
}

// taken: the port is a program's that knows nothing of HTTP.sys. One socket is said once.
func (c *checker) taken(s *fact.Socket) {
	f := Finding{Rule: RulePortTaken, Confidence: urlprefix.Certain, About: append([]fact.ID{s.ID}, c.holders(s)...)}
	if s.Local.Addr().Unmap().Is6() {
		f.Confidence = urlprefix.Likely // seen for IPv4; HTTP.sys may do without one family
	}
	for _, v := range c.verdicts {
		if v.Rule == RulePortTaken && v.About[0] == s.ID {
			return
		}
	}
	c.say(false, urlprefix.SharingViolation, f)
}

func (c *checker) beside(s *fact.Socket) {
	for _, f := range c.findings {
		if f.Rule == RuleBeside && f.About[0] == s.ID {
			return
		}
	}
	c.find(RuleBeside, urlprefix.Likely, nil, append([]fact.ID{s.ID}, c.holders(s)...)...)
}

func (c *checker) holders(s *fact.Socket) []fact.ID {
	var out []fact.ID
	for _, l := range c.set.Links {
		if l.From == s.ID && l.Kind == fact.HeldBy {
			out = append(out, l.To)
		}
	}
	return out
}

// kernelPorts are PID 4's without HTTP.sys: NetBIOS and SMB.
var kernelPorts = [...]uint16{139, 445}

// sockets are those on the port: HTTP.sys's, and other programs'.
func (c *checker) sockets() (mine, others []*fact.Socket) {
	for i := range c.set.Sockets {
		s := &c.set.Sockets[i]
		switch {
		case s.Proto != fact.TCP || s.Local.Port() != c.p.Port || s.State != fact.Listen && s.State != fact.Bound || s.Netns != "":
		case c.kernels(s):
			mine = append(mine, s)
		default:
			others = append(others, s)
		}
	}
	return mine, others
}

// others tells whether another program has the port on an address.
func (c *checker) others(addr string) bool {
	_, others := c.sockets()
	a, err := netip.ParseAddr(addr)
	return err == nil && slices.ContainsFunc(others, func(s *fact.Socket) bool { return covers(s.Local.Addr(), a) })
}

// kernels tells whether HTTP.sys holds a socket: by its links, or as the kernel's own.
func (c *checker) kernels(s *fact.Socket) bool {
	if slices.ContainsFunc(c.set.Links, func(l fact.Link) bool { return l.From == s.ID && l.Kind == fact.TakenBy }) {
		return true
	}
	if slices.Contains(kernelPorts[:], s.Local.Port()) {
		return false
	}
	for _, p := range c.set.Processes {
		if p.PID == s.PID && (strings.EqualFold(p.Name, "winedevice.exe") || p.Name != "" && !p.Kernel && !strings.EqualFold(p.Name, "System")) {
			return strings.EqualFold(p.Name, "winedevice.exe")
		}
	}
	return s.PID == 4
}

// wanted are the addresses that HTTP.sys would listen on for the prefix.
func (c *checker) wanted() []netip.Addr {
	any4, any6 := netip.IPv4Unspecified(), netip.IPv6Unspecified()
	list := c.list()
	switch {
	case c.p.Bucket == urlprefix.IPBound && len(list) > 0 && !slices.ContainsFunc(list, func(a netip.Addr) bool { return covers(a, c.p.Addr) }):
		return nil
	case c.p.Bucket == urlprefix.IPBound:
		return []netip.Addr{c.p.Addr}
	case len(list) > 0:
		return list
	}
	return []netip.Addr{any4, any6}
}

// list is the listen list; empty means every address.
func (c *checker) list() []netip.Addr {
	var out []netip.Addr
	for _, a := range c.set.ListenList {
		if a.Addr.IsValid() {
			out = append(out, a.Addr.Unmap().WithZone(""))
		}
	}
	return out
}

// covers tells whether a socket at a has what is sent to b. IPv6 sockets are taken
// to leave IPv4 alone, as on Windows they do where nothing else was asked for.
func covers(a, b netip.Addr) bool {
	a, b = a.Unmap().WithZone(""), b.Unmap().WithZone("")
	return a == b || a.IsUnspecified() && a.Is4() == b.Is4()
}

// excluded: a range that Windows keeps back. Rows of one port are mostly HTTP.sys's
// own, and those with a star block nobody who asks.
func (c *checker) excluded() {
	for _, r := range c.set.Ranges {
		if r.Kind != fact.Excluded || !r.Holds(fact.TCP, c.p.Port) || r.Administered || r.From == r.To {
			continue
		}
		args := map[string]string{"from": itoa(r.From), "to": itoa(r.To), "name": r.Name}
		c.say(false, urlprefix.SharingViolation, Finding{Rule: RuleExcluded, Confidence: urlprefix.Likely, Args: args}, urlprefix.AlreadyExists)
		return
	}
}
