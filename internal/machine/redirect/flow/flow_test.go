package flow

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// The set of ports by its definition: one answer for each port.
type plain [128]bool

func (p plain) spans() Spans {
	var s Spans
	for port, in := range p {
		if in {
			s = s.With(Spans{{uint16(port), uint16(port)}})
		}
	}
	return s
}

func agree(t *testing.T, what string, s Spans, want func(port uint16) bool) {
	t.Helper()
	for port := range uint16(len(plain{})) {
		if s.has(port) != want(port) {
			t.Fatalf("%s: %v at %d", what, s, port)
		}
	}
	for i := 1; i < len(s); i++ {
		if s[i].From <= s[i-1].Last || s[i].From > s[i].Last {
			t.Fatalf("%s: %v is out of order", what, s)
		}
	}
}

func TestSpansAreSetsOfPorts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var a, b plain
		for i := range a {
			a[i], b[i] = r.IntN(3) == 0, r.IntN(4) == 0
		}
		from, last := uint16(r.IntN(64)), uint16(64+r.IntN(64))
		x, y := a.spans(), b.spans()
		agree(t, "with", x.With(y), func(p uint16) bool { return a[p] || b[p] })
		agree(t, "without", x.without(y), func(p uint16) bool { return a[p] && !b[p] })
		agree(t, "cut", x.cut(from, last), func(p uint16) bool { return a[p] && from <= p && p <= last })
		agree(t, "drop", x.drop(from, last), func(p uint16) bool { return a[p] && (p < from || last < p) })
	}
	if got := everyPort.drop(0, 65535); got != nil {
		t.Errorf("nothing is left of everything: %v", got)
	}
}

func TestTargetsArePlaced(t *testing.T) {
	for want, c := range map[string]struct {
		g Target
		x Span
	}{
		":8080":               {Target{From: 8080}, Span{80, 80}},
		":80":                 {Target{}, Span{80, 80}},
		"":                    {Target{}, Span{80, 90}},
		"10.0.0.1":            {Target{Addr: "10.0.0.1"}, Span{80, 90}},
		"10.0.0.1:80":         {Target{Addr: "10.0.0.1"}, Span{80, 80}},
		"[2001:db8::1]:81":    {Target{Addr: "2001:db8::1", From: 81}, Span{80, 80}},
		"10.0.0.1:8080-8089":  {Target{Addr: "10.0.0.1", From: 8080, Last: 8089, Base: 80, Shift: true}, Span{80, 89}},
		"10.0.0.1:8083":       {Target{Addr: "10.0.0.1", From: 8080, Last: 8089, Base: 80, Shift: true}, Span{83, 83}},
		"10.0.0.1-10.0.0.4:9": {Target{Addr: "10.0.0.1-10.0.0.4", From: 9, Last: 9}, Span{83, 83}},
	} {
		if got := c.g.to(c.x); got != want {
			t.Errorf("%+v %v: %q, want %q", c.g, c.x, got, want)
		}
	}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// through is a chain of rules: what each narrows, and whether it ends there.
func through(s *Search, rules ...func(f *Frame, t Traffic)) []Traffic {
	f, _ := s.Enter(s.Start(Prerouting), 0)
	for _, rule := range rules {
		f.Rule(func(t Traffic) { rule(&f, t) })
	}
	return f.Out()
}

func TestWhatARuleLeavesOut(t *testing.T) {
	loopback := prefix("127.0.0.0/8")
	take := func(f *Frame, t Traffic) { f.Take(&t, Target{Kind: "redirect", Rule: "x", From: 9}) }
	for name, c := range map[string]struct {
		before func(f *Frame, t Traffic)
		want   fact.Redirect
	}{
		"nothing before": {func(*Frame, Traffic) {}, fact.Redirect{}},
		"an address returned": {func(f *Frame, t Traffic) { t.Destination(loopback, true); f.Return(&t) },
			fact.Redirect{Except: []netip.Prefix{loopback}}},
		"a device accepted": {func(f *Frame, t Traffic) { t.Through(Incoming, "docker0", true); f.End(&t) },
			fact.Redirect{Device: "docker0", NotDev: true}},
		"all but a device accepted": {func(f *Frame, t Traffic) { t.Through(Incoming, "docker0", false); f.End(&t) },
			fact.Redirect{Device: "docker0"}},
		"all but an address accepted": {func(f *Frame, t Traffic) { t.Destination(loopback, false); f.End(&t) },
			fact.Redirect{Dst: loopback}},
		"something unread accepted": {func(f *Frame, t Traffic) { t.Unread(); f.End(&t) }, fact.Redirect{Partial: true}},
		"a choice by chance":        {func(f *Frame, t Traffic) { t.Chance(); f.End(&t) }, fact.Redirect{}},
		"the other family accepted": {func(f *Frame, t Traffic) { t.Family(false, true); f.End(&t) },
			fact.Redirect{Dst: prefix("0.0.0.0/0")}},
	} {
		s := NewSearch([]uint16{80})
		through(s, c.before, take)
		if len(s.Found) != 1 {
			t.Errorf("%s: %+v", name, s.Found)
			continue
		}
		g := s.Found[0]
		got := fact.Redirect{Dst: g.Dst, Except: g.Except, Device: g.Device, NotDev: g.NotDev, Partial: g.Partial}
		if d := cmp.Diff(c.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestASearchEnds(t *testing.T) {
	s := NewSearch(nil)
	f, _ := s.Enter(s.Start(Prerouting), 0)
	n := 0
	for f.Rule(func(Traffic) { n++ }) {
		if n > 2*maxRules {
			t.Fatal("it does not end")
		}
	}
	if !s.Cut {
		t.Error("cut short and not said")
	}
	if _, ok := s.Enter(s.Start(Prerouting), maxDepth+1); ok {
		t.Error("deeper than the kernel jumps")
	}
}
