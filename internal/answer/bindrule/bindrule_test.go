package bindrule

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func want(local string) Want {
	return Want{Proto: fact.TCP, Local: netip.MustParseAddrPort(local), Privileged: true, UID: 1000}
}

func have(local string, state fact.State) fact.Socket {
	uid := uint32(1000)
	s := fact.Socket{Proto: fact.TCP, Local: netip.MustParseAddrPort(local), State: state, Linux: &fact.LinuxSocket{Inode: 7, UID: &uid}}
	s.ID = fact.SocketID(s.Proto, s.Local, s.Remote, 7)
	return s
}

func ptr[T any](v T) *T { return &v }

// The overlap of two sockets is a relation between equals.
func TestOverlapIsSymmetric(t *testing.T) {
	for a := range forms {
		for b := range forms {
			if overlap[a][b] != overlap[b][a] {
				t.Errorf("forms %d and %d: %d and %d", a, b, overlap[a][b], overlap[b][a])
			}
		}
	}
}

func TestUnseenFlagsLowerTheConfidence(t *testing.T) {
	reuse, port := want("0.0.0.0:80"), want("0.0.0.0:80")
	reuse.ReuseAddr, port.ReusePort = true, true
	known := func(s fact.Socket, on bool) fact.Socket {
		s.Linux.ReuseAddr, s.Linux.ReusePort = &on, &on
		return s
	}
	for _, c := range []struct {
		name string
		want Want
		have fact.Socket
		rule Rule
		conf Confidence
	}{
		{"no flag of mine, so theirs cannot help", want("0.0.0.0:80"), have("0.0.0.0:80", fact.Listen), Listener, Certain},
		{"SO_REUSEADDR never helps against a listener", reuse, have("0.0.0.0:80", fact.Listen), Listener, Certain},
		{"the listener may have SO_REUSEPORT", port, have("0.0.0.0:80", fact.Listen), Listener, Likely},
		{"it has", port, known(have("0.0.0.0:80", fact.Listen), true), SharedPort, Certain},
		{"it has not", port, known(have("0.0.0.0:80", fact.Listen), false), Listener, Certain},
		{"the waiting one may have SO_REUSEADDR", reuse, have("127.0.0.1:80", fact.TimeWait), Waiting, Possible},
		{"no flag of mine against a waiting one", want("0.0.0.0:80"), have("127.0.0.1:80", fact.TimeWait), Waiting, Certain},
		{"it has", reuse, known(have("127.0.0.1:80", fact.TimeWait), true), SharedAddress, Certain},
	} {
		v := Judge(c.want, c.have, fact.Machine{})
		if v.Rule != c.rule || v.Confidence != c.conf {
			t.Errorf("%s: %s %s, want %s %s", c.name, v.Rule, v.Confidence, c.rule, c.conf)
		}
	}
}

func TestUnseenV6OnlyMakesAnAnswerLikely(t *testing.T) {
	v := Judge(want("0.0.0.0:80"), have("[::]:80", fact.Listen), fact.Machine{})
	if v.OK || v.Confidence != Likely {
		t.Errorf("unknown: %+v, want likely in use", v)
	}
	only := have("[::]:80", fact.Listen)
	only.Linux.V6Only = ptr(true)
	if v := Judge(want("0.0.0.0:80"), only, fact.Machine{}); !v.OK || v.Rule != OtherFamily || v.Confidence != Certain {
		t.Errorf("IPv6 only: %+v, want certain and fine", v)
	}
	apart := fact.Machine{Linux: &fact.LinuxNet{BindV6Only: ptr(true)}}
	if v := Judge(want("0.0.0.0:80"), have("[::]:80", fact.Listen), apart); !v.OK || v.Confidence != Likely {
		t.Errorf("on a machine with bindv6only: %+v, want likely fine", v)
	}
	if v := Judge(want("[::]:80"), have("0.0.0.0:80", fact.Listen), apart); !v.OK {
		t.Errorf("newcomer on a machine with bindv6only: %+v, want fine", v)
	}
	if v := Judge(want("[::]:80"), have("[::]:80", fact.Listen), fact.Machine{}); v.Confidence != Certain {
		t.Errorf("two wildcards meet either way: %+v", v)
	}
}

func TestNeedsComeFromTheSameTables(t *testing.T) {
	for _, c := range []struct {
		want, have string
		state      fact.State
		needs      []Need
	}{
		{"[::]:80", "0.0.0.0:80", fact.Listen, []Need{NeedReusePort, NeedV6Only}},
		{"0.0.0.0:80", "[::]:80", fact.Listen, []Need{NeedReusePort, NeedHaveV6Only}},
		{"0.0.0.0:80", "0.0.0.0:80", fact.Listen, []Need{NeedReusePort}},
		{"0.0.0.0:80", "127.0.0.1:80", fact.TimeWait, []Need{NeedWait, NeedReuseAddr, NeedReusePort}},
		{"0.0.0.0:80", "127.0.0.1:80", fact.Bound, []Need{NeedReuseAddr, NeedReusePort}},
	} {
		v := Judge(want(c.want), have(c.have, c.state), fact.Machine{})
		if d := cmp.Diff(c.needs, v.Needs); d != "" {
			t.Errorf("%s against %s: %s", c.want, c.have, d)
		}
	}
}

func TestWhatKeepsSocketsApart(t *testing.T) {
	base := have("0.0.0.0:80", fact.Listen)
	for rule, change := range map[Rule]func(*fact.Socket){
		OtherPort:    func(s *fact.Socket) { s.Local = netip.MustParseAddrPort("0.0.0.0:8080") },
		OtherProto:   func(s *fact.Socket) { s.Proto = fact.UDP },
		OtherNetns:   func(s *fact.Socket) { s.Netns = "netns:4026532000" },
		OtherAddress: func(s *fact.Socket) { s.Local = netip.MustParseAddrPort("127.0.0.9:80") },
		RawSocket:    func(s *fact.Socket) { s.Proto = fact.Raw },
		Listener:     func(*fact.Socket) {},
	} {
		s := base
		change(&s)
		if v := Judge(want("127.0.0.1:80"), s, fact.Machine{}); v.Rule != rule || v.OK != (rule != Listener) {
			t.Errorf("%s: %+v", rule, v)
		}
	}
}

func TestAllPutsTheFirstRefusalFirst(t *testing.T) {
	m := fact.Machine{
		Linux: &fact.LinuxNet{UnprivStart: ptr(uint16(1024))},
		Addrs: []fact.Addr{{Prefix: netip.MustParsePrefix("127.0.0.1/8"), Device: "lo"}},
	}
	w := want("127.0.0.1:80")
	w.Privileged = false
	set := fact.Set{Machine: m, Sockets: []fact.Socket{
		have("[::1]:80", fact.Listen), have("0.0.0.0:80", fact.Listen), have("0.0.0.0:8080", fact.Listen),
	}}
	var rules []Rule
	for _, v := range All(w, set) {
		rules = append(rules, v.Rule)
	}
	if d := cmp.Diff([]Rule{Privilege, Listener, OtherFamily}, rules); d != "" {
		t.Error(d)
	}
	if all := All(want("127.0.0.1:81"), set); len(all) != 0 {
		t.Errorf("port 81: %+v, want nothing in the way", all)
	}
}

func TestSelfWithoutFactsRefusesNothingButPrivilege(t *testing.T) {
	if all := Self(want("192.0.2.9:80"), fact.Machine{}); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	w := want("192.0.2.9:80")
	w.Privileged = false
	all := Self(w, fact.Machine{})
	if len(all) != 1 || all[0].Rule != Privilege || all[0].Confidence != Likely {
		t.Errorf("%+v, want a likely privilege", all)
	}
}

func TestFamilyOffAndSELinux(t *testing.T) {
	off := fact.Machine{Linux: &fact.LinuxNet{NoIPv6: true, SELinux: "enforcing"}}
	w := want("[::]:80")
	w.SELinuxType = "unreserved_port_t"
	all := Self(w, off)
	if len(all) != 2 || all[0].Rule != FamilyOff || all[0].At != AtSocket || all[1].Rule != SELinuxDenies || all[1].Confidence != Possible {
		t.Errorf("%+v", all)
	}
	off.Linux.SELinux, off.Linux.NoIPv6 = "permissive", false
	if all := Self(w, off); len(all) != 0 {
		t.Errorf("permissive: %+v", all)
	}
}

func TestBroadcast(t *testing.T) {
	got := []string{}
	for _, p := range []string{"192.0.2.1/24", "10.1.2.3/8", "192.0.2.1/31", "192.0.2.5/30"} {
		got = append(got, broadcast(netip.MustParsePrefix(p)).String())
	}
	if !slices.Equal(got, []string{"192.0.2.255", "10.255.255.255", "invalid IP", "192.0.2.7"}) {
		t.Error(got)
	}
}

func TestSCTPIsOnlyLikely(t *testing.T) {
	w, s := want("0.0.0.0:80"), have("0.0.0.0:80", fact.Listen)
	w.Proto, s.Proto = fact.SCTP, fact.SCTP
	if v := Judge(w, s, fact.Machine{}); v.OK || v.Confidence != Likely {
		t.Errorf("%+v", v)
	}
}
