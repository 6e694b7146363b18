package bindrule

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// windowsMachine has a program of user "S-1-5-1" with a socket at local.
func windowsMachine(local string, pid int, change func(*fact.Set)) fact.Set {
	at := netip.MustParseAddrPort(local)
	set := fact.Set{
		Machine: fact.Machine{OS: "windows", Asker: &fact.Asker{SID: "S-1-5-1"}, Addrs: []fact.Addr{
			{Prefix: netip.MustParsePrefix("127.0.0.1/8")}, {Prefix: netip.MustParsePrefix("192.168.1.20/24")}}},
		Sockets:   []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: at, State: fact.Listen, PID: pid}},
		Processes: []fact.Process{{ID: "proc:1", PID: pid, Windows: &fact.WindowsProcess{SID: "S-1-5-1"}}},
	}
	if change != nil {
		change(&set)
	}
	return set
}

func TestWindowsVerdicts(t *testing.T) {
	on := func(flags ...func(*Want)) func(string) Want {
		return func(at string) Want {
			w := Want{Proto: fact.TCP, Local: netip.MustParseAddrPort(at)}
			for _, f := range flags {
				f(&w)
			}
			return w
		}
	}
	plain := on()
	exclusive := on(func(w *Want) { w.Exclusive = true })
	reuse := on(func(w *Want) { w.ReuseAddr = true })
	dual := on(func(w *Want) { off := false; w.V6Only = &off })
	other := func(s *fact.Set) { s.Processes[0].Windows.SID = "S-1-5-2" }
	state := func(st fact.State) func(*fact.Set) { return func(s *fact.Set) { s.Sockets[0].State = st } }
	excluded := func(from, to uint16, star bool) func(*fact.Set) {
		return func(s *fact.Set) {
			s.Sockets = nil
			s.Ranges = []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: from, To: to, Administered: star}}
		}
	}
	for name, c := range map[string]struct {
		have   string
		pid    int
		change func(*fact.Set)
		want   Want
		rule   Rule // "" = nothing stands in the way
		errno  string
		sure   Confidence
	}{
		"the same wildcard":                      {"0.0.0.0:80", 10, nil, plain("0.0.0.0:80"), WindowsTaken, wsaInUse, Certain},
		"another port":                           {"0.0.0.0:81", 10, nil, plain("0.0.0.0:80"), "", "", ""},
		"a specific one beside a wildcard":       {"0.0.0.0:80", 10, nil, plain("127.0.0.1:80"), WindowsKept, wsaDenied, Possible},
		"beside another user's wildcard":         {"0.0.0.0:80", 10, other, plain("127.0.0.1:80"), WindowsKept, wsaDenied, Certain},
		"beside the kernel's wildcard":           {"0.0.0.0:80", 4, nil, plain("127.0.0.1:80"), WindowsKept, wsaDenied, Certain},
		"the kernel's wildcard":                  {"0.0.0.0:80", 4, nil, plain("0.0.0.0:80"), WindowsTaken, wsaInUse, Certain},
		"a wildcard beside a specific one":       {"127.0.0.1:80", 10, nil, plain("0.0.0.0:80"), WindowsBeside, "", Likely},
		"an exclusive wildcard beside one":       {"127.0.0.1:80", 10, nil, exclusive("0.0.0.0:80"), WindowsTaken, wsaInUse, Certain},
		"the same specific one":                  {"127.0.0.1:80", 10, nil, plain("127.0.0.1:80"), WindowsTaken, wsaEither, Certain},
		"both with reuse":                        {"0.0.0.0:80", 10, nil, reuse("0.0.0.0:80"), WindowsKept, wsaDenied, Likely},
		"the other family":                       {"[::]:80", 10, nil, plain("0.0.0.0:80"), "", "", ""},
		"the other family under Wine":            {"[::]:80", 10, func(s *fact.Set) { s.Machine.Windows = &fact.WindowsNet{Wine: "10.0"} }, plain("0.0.0.0:80"), WindowsTaken, wsaInUse, Possible},
		"a dual socket over IPv4's":              {"0.0.0.0:80", 10, nil, dual("[::]:80"), WindowsTaken, wsaInUse, Certain},
		"a connection":                           {"192.168.1.20:80", 10, state(fact.Established), plain("0.0.0.0:80"), "", "", ""},
		"a connection, exclusively":              {"192.168.1.20:80", 10, state(fact.Established), exclusive("0.0.0.0:80"), OpenConnection, wsaEither, Possible},
		"what is left of one":                    {"192.168.1.20:80", 0, state(fact.TimeWait), exclusive("0.0.0.0:80"), "", "", ""},
		"an address of another machine":          {"0.0.0.0:81", 10, nil, plain("203.0.113.7:80"), NotLocal, wsaNotLocal, Certain},
		"an address of this one":                 {"0.0.0.0:81", 10, nil, plain("192.168.1.20:80"), "", "", ""},
		"in a range":                             {"0.0.0.0:81", 10, excluded(8000, 8099, false), plain("0.0.0.0:8080"), ExcludedRange, wsaDenied, Certain},
		"beside the range":                       {"0.0.0.0:81", 10, excluded(8000, 8079, false), plain("0.0.0.0:8080"), "", "", ""},
		"in a starred range":                     {"0.0.0.0:81", 10, excluded(8000, 8099, true), plain("0.0.0.0:8080"), ExcludedStarred, wsaDenied, Possible},
		"a range of one port, as HTTP.sys's are": {"0.0.0.0:81", 10, excluded(8080, 8080, false), plain("0.0.0.0:8080"), ExcludedRange, wsaDenied, Possible},
	} {
		got := AllWindows(c.want, windowsMachine(c.have, c.pid, c.change))
		if c.rule == "" {
			if len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Rule != c.rule || got[0].Errno != c.errno || got[0].Confidence != c.sure || got[0].OK != (c.errno == "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A specific address beside a wildcard is refused where the wildcard is another
// user's; where either user is not known that refuses nothing.
func TestWindowsAccessCheck(t *testing.T) {
	reuse := Want{Proto: fact.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80"), ReuseAddr: true}
	for name, c := range map[string]struct {
		change func(*fact.Set)
		sure   Confidence
	}{
		"the same user":          {func(*fact.Set) {}, Possible},
		"in other letters":       {func(s *fact.Set) { s.Processes[0].Windows.SID = "s-1-5-1" }, Possible},
		"another user":           {func(s *fact.Set) { s.Processes[0].Windows.SID = "S-1-5-2" }, Certain},
		"whose is not known":     {func(s *fact.Set) { s.Processes[0].Windows.SID = "" }, Possible},
		"nothing of the process": {func(s *fact.Set) { s.Processes[0].Windows = nil }, Possible},
		"no asker":               {func(s *fact.Set) { s.Processes[0].Windows.SID, s.Machine.Asker = "S-1-5-2", nil }, Possible},
		"an asker without a SID": {func(s *fact.Set) { s.Processes[0].Windows.SID, s.Machine.Asker.SID = "S-1-5-2", "" }, Possible},
		"no owner":               {func(s *fact.Set) { s.Processes[0].Windows.SID, s.Sockets[0].PID, s.Processes[0].PID = "S-1-5-2", 0, 0 }, Possible},
		"another's process":      {func(s *fact.Set) { s.Processes[0].Windows.SID, s.Processes[0].PID = "S-1-5-2", 11 }, Possible},
	} {
		plain := reuse
		plain.ReuseAddr = false
		got := AllWindows(plain, windowsMachine("0.0.0.0:80", 10, c.change))
		if len(got) != 1 || got[0].Rule != WindowsKept || got[0].Confidence != c.sure {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The kernel's listeners are exclusive, by PID 4 or by the kernel's own row.
func TestTheKernelIsExclusive(t *testing.T) {
	want := Want{Proto: fact.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80")}
	for pid, sure := range map[int]Confidence{4: Certain, 56: Certain, 10: Possible, 0: Possible} {
		set := windowsMachine("0.0.0.0:80", pid, func(s *fact.Set) {
			s.Processes = append(s.Processes, fact.Process{ID: "proc:56", PID: 56, Kernel: true}, fact.Process{ID: "proc:0", Kernel: true})
			s.Processes[0].Windows = nil
		})
		if got := AllWindows(want, set); len(got) != 1 || got[0].Confidence != sure {
			t.Errorf("PID %d: %+v", pid, got)
		}
	}
}

// A dual-stack wildcard meets IPv4's wildcard and its addresses; an IPv6 address, or
// a wildcard for IPv6 alone, meets neither.
func TestWindowsDualStack(t *testing.T) {
	no, yes := false, true
	for _, c := range []struct {
		at   string
		only *bool
		have string
		met  bool
	}{
		{"[::]:80", &no, "0.0.0.0:80", true}, {"[::]:80", &no, "127.0.0.1:80", true},
		{"[::]:80", &yes, "0.0.0.0:80", false}, {"[::]:80", nil, "0.0.0.0:80", false},
		{"[::1]:80", &no, "0.0.0.0:80", false}, {"0.0.0.0:80", &no, "[::]:80", false},
		{"[::1]:80", nil, "[::1]:80", true}, {"[::1]:80", nil, "[::2]:80", false}, {"127.0.0.1:80", nil, "127.0.0.2:80", false},
	} {
		want := Want{Proto: fact.TCP, Local: netip.MustParseAddrPort(c.at), V6Only: c.only}
		if got := AllWindows(want, windowsMachine(c.have, 10, nil)); (len(got) > 0) != c.met {
			t.Errorf("%s beside %s: %+v", c.at, c.have, got)
		}
	}
}

// What refuses stands before what merely shares, and the flags of a bind that is let
// in decide how: SO_REUSEADDR on both shares one address.
func TestWindowsOrder(t *testing.T) {
	set := windowsMachine("127.0.0.1:80", 10, func(s *fact.Set) {
		s.Sockets = append(s.Sockets, fact.Socket{ID: "sock:2", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80"), State: fact.Listen, PID: 10})
	})
	got := AllWindows(Want{Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80")}, set)
	if len(got) != 2 || got[0].OK || got[0].About[0] != "sock:2" || !got[1].OK || got[1].At != "" {
		t.Errorf("%+v", got)
	}
}
