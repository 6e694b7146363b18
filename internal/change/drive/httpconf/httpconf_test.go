package httpconf

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// store is what a HTTP.sys keeps.
type store struct {
	acl   map[string]string // by prefix as it was given
	list  []netip.Addr
	times map[httpapi.TimeoutKey]uint16
	fail  map[string][]error // by call: what it ends with, one after the other
	deaf  bool               // says yes and keeps nothing, as Wine does
	gaps  []fact.Gap         // in place of all tables
	log   []string
}

func newStore() *store {
	return &store{acl: map[string]string{}, times: map[httpapi.TimeoutKey]uint16{}, fail: map[string][]error{}}
}

// does notes a call, and tells how it ends.
func (s *store) does(call, what string) (acts bool, err error) {
	s.log = append(s.log, strings.TrimSpace(call+" "+what))
	if f := s.fail[call]; len(f) > 0 {
		err, s.fail[call] = f[0], f[1:]
	}
	return err == nil && !s.deaf, err
}

func (s *store) driver() Driver {
	return Driver{calls{
		open:  func() error { _, err := s.does("open", ""); return err },
		close: func() {}, read: s.read,
		reserve: func(p, sddl string) error {
			if _, there := s.acl[p]; there {
				return httpapi.ErrExists
			}
			acts, err := s.does("reserve", p+" "+sddl)
			if acts {
				s.acl[p] = sddl
			}
			return err
		},
		unreserve: func(p string) error {
			acts, err := s.does("unreserve", p)
			if acts {
				delete(s.acl, p)
			}
			return err
		},
		listen: func(a netip.Addr) error {
			acts, err := s.does("listen", a.String())
			if acts {
				s.list = append(s.list, a)
			}
			return err
		},
		unlisten: func(a netip.Addr) error {
			acts, err := s.does("unlisten", a.String())
			var left []netip.Addr
			for _, b := range s.list {
				if !acts || a != b {
					left = append(left, b)
				}
			}
			s.list = left
			return err
		},
		time: func(k httpapi.TimeoutKey, n uint16) error {
			acts, err := s.does("time", "")
			if acts {
				s.times[k] = n
			}
			return err
		},
		untime: func(k httpapi.TimeoutKey) error {
			acts, err := s.does("untime", "")
			if acts {
				delete(s.times, k)
			}
			return err
		},
		spelling: func(sddl string) (string, error) { return strings.ReplaceAll(sddl, "S-1-1-0", "WD"), nil },
	}}
}

func (s *store) read(context.Context) (fact.Set, error) {
	if s.gaps != nil {
		return fact.Set{Gaps: s.gaps}, nil
	}
	timer := func(k httpapi.TimeoutKey) uint32 {
		if n, ok := s.times[k]; ok {
			return uint32(n)
		}
		return defaultTimeout
	}
	set := fact.Set{Machine: fact.Machine{Windows: &fact.WindowsNet{Reservations: true, ListenList: true,
		Timeouts: &fact.HTTPTimeouts{IdleConnection: timer(httpapi.IdleConnection), HeaderWait: timer(httpapi.HeaderWait)}}}}
	for p, sddl := range s.acl {
		set.Reservations = append(set.Reservations, fact.Reservation{URL: p, SDDL: sddl})
	}
	for _, a := range s.list {
		set.ListenList = append(set.ListenList, fact.ListenAddr{Addr: a})
	}
	return set, nil
}

const everybody, users = "D:(A;;GX;;;WD)", "D:(A;;GX;;;BU)"

func urlacl(prefix string) plan.Subject { return plan.Subject{Kind: plan.URLACL, Name: prefix} }

func iplisten() plan.Subject { return plan.Subject{Kind: plan.IPListen, Name: "HTTP"} }

// set does a step and then does it again, as after a crash, which must change nothing.
func set(t *testing.T, s *store, what plan.Subject, before, to plan.State) {
	t.Helper()
	if err := s.driver().Set(t.Context(), what, before, to); err != nil {
		t.Error(err)
	}
	n := len(s.log)
	if err := s.driver().Set(t.Context(), what, before, to); err != nil || len(s.log) != n+1 {
		t.Errorf("again: %v, %q", err, s.log[n:])
	}
}

func TestReservation(t *testing.T) {
	s := newStore()
	d, prefix := s.driver(), urlacl("http://+:80/app/")
	before, err := d.Read(t.Context(), prefix)
	if err != nil || !cmp.Equal(before, plan.State{"exists": "no"}) {
		t.Fatal(before, err)
	}
	set(t, s, prefix, before, plan.State{"exists": "yes", "sddl": everybody})
	if got, err := d.Read(t.Context(), urlacl("HTTP://+:80/App")); err != nil || !cmp.Equal(got, plan.State{"exists": "yes", "sddl": everybody}) {
		t.Error(got, err)
	}
	set(t, s, prefix, plan.State{"exists": "yes", "sddl": everybody}, plan.State{"sddl": users})
	if got := s.acl["http://+:80/app/"]; got != users {
		t.Error("changed to", got)
	}
	set(t, s, prefix, before, before)
	if len(s.acl) > 0 {
		t.Error("left:", s.acl)
	}
}

// A crash between the two halves of a change leaves nothing; done again, it is whole.
func TestCrashBetween(t *testing.T) {
	s := newStore()
	set(t, s, urlacl("http://+:80/app"), plan.State{"exists": "yes", "sddl": everybody}, plan.State{"sddl": users})
	if s.acl["http://+:80/app/"] != users {
		t.Error(s.acl)
	}
}

// Where the second half of a change fails, the first is taken back.
func TestSecondHalfFails(t *testing.T) {
	for _, c := range []struct {
		fail  []error
		words string
		left  string
	}{
		{[]error{httpapi.ErrAccessDenied}, "the reservation that was there is back", everybody},
		{[]error{httpapi.ErrAccessDenied, httpapi.ErrInvalidParameter}, "is gone and did not come back", ""},
	} {
		s := newStore()
		s.acl["http://+:80/app/"] = everybody
		s.fail["reserve"] = c.fail
		err := s.driver().Set(t.Context(), urlacl("http://+:80/app/"), nil, plan.State{"sddl": users})
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), c.words) || s.acl["http://+:80/app/"] != c.left {
			t.Errorf("%v; %v", err, s.acl)
		}
	}
}

func TestDescriptorSpelling(t *testing.T) {
	s := newStore()
	err := s.driver().Set(t.Context(), urlacl("http://+:80/"), nil, plan.State{"exists": "yes", "sddl": "D:(A;;GX;;;S-1-1-0)"})
	if err == nil || !strings.Contains(err.Error(), everybody) || len(s.acl) > 0 {
		t.Error(err, s.acl)
	}
	// What was read may be put back, whatever its spelling.
	before := plan.State{"exists": "yes", "sddl": "D:(A;;GX;;;S-1-1-0)"}
	set(t, s, urlacl("http://+:80/"), before, before)
	set(t, s, urlacl("http://+:80/"), before, plan.State{"exists": "no"})
	set(t, s, urlacl("http://+:80/"), before, plan.State{"exists": "yes"})
	if got := s.acl["http://+:80/"]; got != before["sddl"] {
		t.Error("put back as", got)
	}
	if err := newStore().driver().Set(t.Context(), urlacl("http://+:80/"), nil, plan.State{"exists": "yes"}); err == nil {
		t.Error("reserved for nobody knows whom")
	}
}

func TestListenList(t *testing.T) {
	for _, c := range []struct{ from, to, log string }{
		{"", "127.0.0.1", "listen 127.0.0.1"},
		{"127.0.0.1", "", "unlisten 127.0.0.1"},
		{"127.0.0.1", "192.0.2.1 ::1", "listen 192.0.2.1, listen ::1, unlisten 127.0.0.1"},
		{"10.0.0.1 127.0.0.1", "127.0.0.1", "unlisten 10.0.0.1"},
		{"10.0.0.1 ::1", "10.0.0.1 ::1", ""},
	} {
		s := newStore()
		for _, a := range strings.Fields(c.from) {
			s.list = append([]netip.Addr{netip.MustParseAddr(a)}, s.list...) // in no order
		}
		before, err := s.driver().Read(t.Context(), iplisten())
		if err != nil || before["addresses"] != c.from {
			t.Errorf("%v, %v", before, err)
		}
		set(t, s, iplisten(), before, plan.State{"addresses": c.to})
		if got := strings.TrimPrefix(strings.Join(s.log[:len(s.log)-1], ", "), "open"); strings.TrimPrefix(got, ", ") != c.log {
			t.Errorf("%q to %q: %s", c.from, c.to, got)
		}
	}
	for _, bad := range []string{"::1 127.0.0.1", "localhost", "127.0.0.1:80", "127.0.0.1  ::1", "0:0::1"} {
		s := newStore()
		if err := s.driver().Set(t.Context(), iplisten(), nil, plan.State{"addresses": bad}); err == nil || len(s.list) > 0 {
			t.Errorf("%q: %v, %v", bad, err, s.list)
		}
	}
}

func TestTimer(t *testing.T) {
	s := newStore()
	idle := plan.Subject{Kind: plan.HTTPTimeout, Name: "idle-connection"}
	before, err := s.driver().Read(t.Context(), idle)
	if err != nil || before["value"] != "120" {
		t.Fatal(before, err)
	}
	set(t, s, idle, before, plan.State{"value": "30"})
	set(t, s, idle, before, plan.State{"value": "65535"})
	if other, _ := s.driver().Read(t.Context(), plan.Subject{Kind: plan.HTTPTimeout, Name: "header-wait"}); other["value"] != "120" {
		t.Error(other)
	}
	set(t, s, idle, before, before)
	if len(s.times) > 0 {
		t.Error("left:", s.times)
	}
	for _, bad := range []string{"0", "65536", "-1", "soon"} {
		if err := s.driver().Set(t.Context(), idle, before, plan.State{"value": bad}); err == nil || len(s.times) > 0 {
			t.Errorf("%q: %v, %v", bad, err, s.times)
		}
	}
	if _, err := s.driver().Read(t.Context(), plan.Subject{Kind: plan.HTTPTimeout, Name: "entity-body"}); err == nil {
		t.Error("a timer that is not machine-wide")
	}
}

// A call that returns success and keeps nothing is a failure.
func TestSuccessWithoutADeed(t *testing.T) {
	for _, c := range []struct {
		what plan.Subject
		to   plan.State
	}{
		{urlacl("http://+:80/app/"), plan.State{"exists": "yes", "sddl": everybody}},
		{iplisten(), plan.State{"addresses": "127.0.0.1"}},
		{plan.Subject{Kind: plan.HTTPTimeout, Name: "header-wait"}, plan.State{"value": "5"}},
	} {
		s := newStore()
		s.deaf = true
		if err := s.driver().Set(t.Context(), c.what, nil, c.to); err == nil || !strings.Contains(err.Error(), "reported success, and") {
			t.Errorf("%s: %v", c.what.Kind, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		call  string
		err   syscall.Errno
		what  plan.Subject
		to    plan.State
		words string
	}{
		{"open", disabled, iplisten(), plan.State{"addresses": ""}, "the HTTP service is disabled (1058)"},
		{"reserve", 1332, urlacl("http://+:80/"), plan.State{"exists": "yes", "sddl": everybody}, "error 1332"},
		{"listen", httpapi.ErrAccessDenied, iplisten(), plan.State{"addresses": "::1"}, "adding ::1 to the listen list: permission denied"},
		{"time", httpapi.ErrAccessDenied, plan.Subject{Kind: plan.HTTPTimeout, Name: "header-wait"}, plan.State{"value": "5"}, "which is at its default now: permission denied"},
	} {
		s := newStore()
		s.fail[c.call] = []error{c.err}
		err := s.driver().Set(t.Context(), c.what, nil, c.to)
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.Is(err, fs.ErrPermission) != (c.err == httpapi.ErrAccessDenied) {
			t.Errorf("%s, %d: %v", c.call, uint(c.err), err)
		}
	}
}

// A table that was not read is no empty table.
func TestUnread(t *testing.T) {
	s := newStore()
	s.gaps = []fact.Gap{
		{Kind: fact.GapOther, Subject: "HTTP.sys's listen list", Err: "HTTP does not run"},
		{Kind: fact.GapPermission, Subject: "HTTP.sys's reservations", Err: "5"},
	}
	if _, err := s.driver().Read(t.Context(), iplisten()); err == nil || !strings.Contains(err.Error(), "listen list could not be read: HTTP does not run") {
		t.Error(err)
	}
	if _, err := s.driver().Read(t.Context(), urlacl("http://+:80/")); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	if err := s.driver().Set(t.Context(), iplisten(), nil, plan.State{"addresses": "::1"}); err == nil || len(s.log) != 1 {
		t.Errorf("%v, %q", err, s.log)
	}
	if _, err := newStore().driver().Read(t.Context(), plan.Subject{Kind: plan.Service}); err == nil {
		t.Error("a service is nothing that HTTP.sys keeps")
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{"", "127.0.0.1", "10.0.0.1 127.0.0.1 ::1", "fe80::1%12", "::ffff:1.2.3.4", "1.2.3.4 1.2.3.4", "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if all, err := parseList(s); err == nil && spell(all) != s {
			t.Errorf("%q: %q", s, spell(all))
		}
	})
}
