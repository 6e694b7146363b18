package prefix

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

func itoa(n uint16) string { return strconv.Itoa(int(n)) }

// requests says what a request for the prefix meets today, and would meet.
func (c *checker) requests() {
	c.today()
	c.after()
	c.listenList()
	c.certificate()
}

// sample is a request that the prefix is for. Where it is for every host, it names
// one that nobody else has.
func (c *checker) sample() urlprefix.Request {
	r := urlprefix.Request{HTTPS: c.p.HTTPS, Port: c.p.Port, Path: c.p.Path, Host: "a-host-that-nobody-names.invalid"}
	switch {
	case c.p.Bucket == urlprefix.IPBound:
		r.Host, r.Local = c.p.Host, c.p.Addr
	case strings.HasPrefix(c.p.Host, "*."):
		r.Host = "a-name-that-nobody-has" + c.p.Host[1:]
	case c.p.Bucket == urlprefix.Explicit:
		r.Host = c.p.Host
	}
	return r
}

// today is what such a request gets now.
func (c *checker) today() {
	mine, others := c.sockets()
	if len(mine) == 0 && len(others) > 0 {
		return // requests are that program's
	}
	if len(mine) > 0 && !c.table.Open(c.p.HTTPS, c.p.Port) && !c.table.Open(!c.p.HTTPS, c.p.Port) {
		var about []fact.ID
		for _, s := range mine {
			about = append(about, s.ID)
		}
		c.find(RuleUnnamed, urlprefix.Certain, nil, about...)
		return
	}
	d := c.table.Route(c.sample())
	switch {
	case d.Outcome == urlprefix.Delivered:
		c.find(RuleServedToday, urlprefix.Likely, nil, c.row(d.Entry)...)
	case !c.table.Open(c.p.HTTPS, c.p.Port):
		c.find(RuleClosedToday, urlprefix.Likely, nil)
	case d.Outcome == urlprefix.Shadowed:
		c.find(RuleReservedToday, urlprefix.Likely, nil, d.Entry.Value)
	case d.Outcome == urlprefix.NoPath:
		c.find(RuleNoPathToday, urlprefix.Likely, nil)
	default:
		c.find(RuleNoHostToday, urlprefix.Likely, nil)
	}
}

// row is an entry with the queue and the processes behind it.
func (c *checker) row(e *urlprefix.Entry[fact.ID]) []fact.ID {
	about := append(c.people(e.Value), e.Value)
	slices.Reverse(about)
	return about
}

// after is what the registration changes: who is still found before it, and whom it
// is found before.
func (c *checker) after() {
	var all, some, lose, part []*urlprefix.Entry[fact.ID]
	c.table.OnPort(c.p.HTTPS, c.p.Port, func(e *urlprefix.Entry[fact.ID]) bool {
		if e.Prefix.Same(c.p) {
			return true
		}
		switch e.Prefix.Takes(c.p) {
		case urlprefix.All:
			all = append(all, e)
		case urlprefix.Some:
			some = append(some, e)
		}
		switch {
		case e.Reserved:
		case c.p.Takes(e.Prefix) == urlprefix.All:
			lose = append(lose, e)
		case c.p.Takes(e.Prefix) == urlprefix.Some:
			part = append(part, e)
		}
		return true
	})
	if len(all) > 0 { // today or tomorrow, it is the same
		c.findings = slices.DeleteFunc(c.findings, func(f Finding) bool { return f.Rule == RuleServedToday || f.Rule == RuleReservedToday })
		c.before(all)
		return
	}
	some = slices.DeleteFunc(some, c.registered)
	live, reserved := split(some)
	c.group(RuleOutrankedPart, urlprefix.Certain, live)
	c.group(RuleShadowedPart, urlprefix.Likely, reserved)
	c.group(RuleTakesAll, urlprefix.Certain, lose)
	c.group(RuleTakesPart, urlprefix.Certain, part)
}

// before says who gets everything: what is found first among entries that all do.
func (c *checker) before(all []*urlprefix.Entry[fact.ID]) {
	first := slices.MinFunc(all, func(a, b *urlprefix.Entry[fact.ID]) int {
		return cmp.Or(cmp.Compare(a.Prefix.Bucket, b.Prefix.Bucket), cmp.Compare(len(b.Prefix.Path), len(a.Prefix.Path)), order(a, b))
	})
	if first.Reserved && !c.registered(first) {
		c.find(RuleShadowed, urlprefix.Likely, nil, first.Value) // practice; the documents contradict themselves
		return
	}
	if first.Reserved {
		first = c.table.Get(first.Prefix, false)
	}
	c.find(RuleOutranked, urlprefix.Certain, nil, c.row(first)...)
}

// registered tells whether somebody is registered under a reservation.
func (c *checker) registered(e *urlprefix.Entry[fact.ID]) bool {
	return e.Reserved && c.table.Get(e.Prefix, false) != nil
}

func split(es []*urlprefix.Entry[fact.ID]) (live, reserved []*urlprefix.Entry[fact.ID]) {
	for _, e := range es {
		if e.Reserved {
			reserved = append(reserved, e)
		} else {
			live = append(live, e)
		}
	}
	return live, reserved
}

// group is one finding about all of es, in an order of their own.
func (c *checker) group(rule Rule, sure urlprefix.Confidence, es []*urlprefix.Entry[fact.ID]) {
	if len(es) == 0 {
		return
	}
	slices.SortFunc(es, order)
	var about []fact.ID
	for _, e := range es {
		about = append(about, e.Value)
	}
	c.find(rule, sure, nil, about...)
}

func order(a, b *urlprefix.Entry[fact.ID]) int {
	return cmp.Or(cmp.Compare(a.Prefix.Key(), b.Prefix.Key()), cmp.Compare(a.Value, b.Value))
}

// listenList: only the listed addresses are listened on, for every program.
func (c *checker) listenList() {
	list := c.list()
	if len(list) == 0 {
		return
	}
	var words []string
	for _, a := range list {
		words = append(words, a.String())
	}
	args := map[string]string{"list": strings.Join(words, ", ")}
	has := func(a netip.Addr) bool {
		return slices.ContainsFunc(list, func(l netip.Addr) bool { return covers(l, a) })
	}
	loop4, loop6 := has(netip.AddrFrom4([4]byte{127, 0, 0, 1})), has(netip.IPv6Loopback())
	both := has(netip.IPv4Unspecified()) && has(netip.IPv6Unspecified())
	switch {
	case c.p.Bucket == urlprefix.IPBound && !has(c.p.Addr):
		args["address"] = c.p.Addr.String()
		c.find(RuleListStarves, urlprefix.Certain, args)
	case c.p.Bucket == urlprefix.IPBound || both:
	case c.p.Host == "localhost" && !loop4 && !loop6:
		args["address"] = "127.0.0.1"
		c.find(RuleListStarves, urlprefix.Certain, args)
	case !loop4 && !loop6:
		c.find(RuleListLocalhost, urlprefix.Certain, args)
	case c.p.Host != "localhost":
		c.find(RuleListNarrow, urlprefix.Certain, args)
	}
}

// certificate: HTTP.sys registers https without one, and then no handshake ends.
func (c *checker) certificate() {
	if !c.p.HTTPS || len(c.set.Certificates) == 0 {
		return
	}
	if !slices.ContainsFunc(c.set.Certificates, func(k fact.Certificate) bool { return k.Port == c.p.Port || k.Port == 0 }) {
		c.find(RuleNoCertificate, urlprefix.Likely, map[string]string{"port": itoa(c.p.Port)})
	}
}
