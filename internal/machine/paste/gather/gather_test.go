package gather

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func listener(local string, pid int) fact.Socket {
	return fact.Socket{Proto: fact.TCP, Local: netip.MustParseAddrPort(local), State: fact.Listen, PID: pid, Evidence: "a line"}
}

func holders(s fact.Set) []string {
	var out []string
	for _, l := range s.Links {
		out = append(out, fmt.Sprintf("%s %s %s", l.From, l.Kind, l.To))
	}
	slices.Sort(out)
	return out
}

func TestOneSocketOrTwo(t *testing.T) {
	for _, c := range []struct {
		name   string
		os     string
		a, b   fact.Socket
		ia, ib uint64
		want   int
	}{
		{"the same row twice", "windows", listener("0.0.0.0:80", 4), listener("0.0.0.0:80", 4), 0, 0, 1},
		{"another owner", "windows", listener("0.0.0.0:80", 4), listener("0.0.0.0:80", 8), 0, 0, 2},
		{"one listing without owners", "windows", listener("0.0.0.0:80", 0), listener("0.0.0.0:80", 8), 0, 0, 1},
		{"two holders, one inode", "linux", listener("0.0.0.0:80", 11), listener("0.0.0.0:80", 12), 7, 7, 1},
		{"two inodes", "linux", listener("0.0.0.0:80", 11), listener("0.0.0.0:80", 12), 7, 8, 2},
		{"inode not told once", "linux", listener("0.0.0.0:80", 11), listener("0.0.0.0:80", 12), 7, 0, 1},
		{"another address", "linux", listener("0.0.0.0:80", 11), listener("127.0.0.1:80", 11), 0, 0, 2},
	} {
		m := New()
		m.On(c.os).Socket(c.a, c.ia)
		m.On(c.os).Socket(c.b, c.ib)
		set := m.Finish()
		if len(set.Sockets) != c.want {
			t.Errorf("%s: %d sockets, want %d", c.name, len(set.Sockets), c.want)
		}
		if len(set.Sockets) == 2 && set.Sockets[0].ID == set.Sockets[1].ID {
			t.Errorf("%s: both are %s", c.name, set.Sockets[0].ID)
		}
	}
}

func TestServicesOfARow(t *testing.T) {
	for _, c := range []struct {
		name  string
		tasks []Task
		want  []string
	}{
		{"one service", []Task{{PID: 8, List: "W3SVC"}}, []string{"proc:8 part-of unit:W3SVC"}},
		{"the listing pasted twice", []Task{{PID: 8, List: "W3SVC"}, {PID: 8, List: "W3SVC"}}, []string{"proc:8 part-of unit:W3SVC"}},
		{"several", []Task{{PID: 8, List: "W3SVC, WAS"}}, []string{"proc:8 part-of unit:W3SVC", "proc:8 part-of unit:WAS"}},
		{"the phrase beside two processes", []Task{{PID: 8, List: "nessuno"}, {PID: 12, List: "nessuno"}}, nil},
		{"the phrase beside the kernel", []Task{{PID: 4, List: "nessuno"}, {PID: 12, List: "nessuno"}}, nil},
		{"libraries", []Task{{PID: 8, List: "ntdll.dll, httpapi.dll"}}, nil},
	} {
		m := New()
		for _, row := range c.tasks {
			m.On("windows").Task(row, "x.exe", true)
		}
		if diff := cmp.Diff(c.want, holders(m.Finish())); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

func TestKernelSocketToURL(t *testing.T) {
	for _, c := range []struct {
		name string
		sock fact.Socket
		exe  string
		want int
	}{
		{"PID 4", listener("0.0.0.0:80", 4), "System", 1},
		{"PID 4, never named", listener("0.0.0.0:80", 4), "", 1},
		{"Wine", listener("0.0.0.0:80", 96), "winedevice.exe", 1},
		{"a program", listener("0.0.0.0:80", 96), "httpd.exe", 0},
		{"another port", listener("0.0.0.0:81", 4), "System", 0},
	} {
		m := New()
		w := m.On("windows")
		w.Process(c.sock.PID, c.exe, "", "a line")
		w.Socket(c.sock, 0)
		w.Merge(fact.Set{Registrations: []fact.Registration{{ID: fact.RegistrationID("HTTP://+:80/"), URL: "HTTP://+:80/", Port: 80}}}, 1)
		got := 0
		for _, l := range m.Finish().Links {
			if l.Kind == fact.TakenBy && strings.HasPrefix(string(l.From), "sock:tcp:"+c.sock.Local.String()) {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%s: %d links, want %d", c.name, got, c.want)
		}
	}
}

// TestRegistrationAlone: HTTP.sys listens for a registered URL, whether or not the
// paste shows its socket; it is shown once.
func TestRegistrationAlone(t *testing.T) {
	for _, c := range []struct {
		url    string
		listed []fact.Socket
		want   []string
	}{
		{"http://+:80/", nil, []string{"0.0.0.0:80"}},
		{"http://10.0.0.5:80/", nil, []string{"10.0.0.5:80"}},
		{"http://+:80/", []fact.Socket{listener("[::]:80", 4)}, []string{"[::]:80"}},
		{"http://+:80/", []fact.Socket{listener("0.0.0.0:81", 96)}, []string{"0.0.0.0:81", "0.0.0.0:80"}},
	} {
		m := New()
		w := m.On("windows")
		for _, k := range c.listed {
			w.Socket(k, 0)
		}
		w.Merge(fact.Set{Registrations: []fact.Registration{{ID: fact.RegistrationID(c.url), URL: c.url, Port: 80}}}, 1)
		var got []string
		for _, k := range m.Finish().Sockets {
			got = append(got, k.Local.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s beside %d: -want +got:\n%s", c.url, len(c.listed), diff)
		}
	}
}

func TestLimitIsAGap(t *testing.T) {
	for _, n := range []int{maxShared, maxShared + 1} {
		m := New()
		for i := range n {
			m.On("windows").Socket(listener("0.0.0.0:5353", 8+4*i), 0)
		}
		set := m.Finish()
		gap := slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapTruncated })
		if len(set.Sockets) != maxShared || gap != (n > maxShared) {
			t.Errorf("%d rows: %d sockets, gap %v", n, len(set.Sockets), gap)
		}
	}
}

func TestHints(t *testing.T) {
	m := New()
	w := m.On("windows")
	w.Socket(listener("0.0.0.0:80", 4), 0)
	w.Socket(listener("0.0.0.0:81", 96), 0)
	m.Finish()
	tell := func(gaps []fact.Gap) (out []string) {
		for _, g := range gaps {
			out = append(out, g.Hint)
		}
		return out
	}
	queues, svc := "netsh http show servicestate view=requestq", `tasklist /svc /fi "pid eq 96"`
	for _, c := range []struct {
		ports []uint16
		want  []string
	}{{nil, []string{queues, svc}}, {[]uint16{80}, []string{queues}}, {[]uint16{81}, []string{svc}}, {[]uint16{82}, nil}} {
		if diff := cmp.Diff(c.want, tell(m.Hints(c.ports...))); diff != "" {
			t.Errorf("%v: -want +got:\n%s", c.ports, diff)
		}
	}
	w.Listed()
	if got := m.Hints(80); len(got) != 1 || !strings.Contains(got[0].Subject, "has none") {
		t.Errorf("with a listing that lacks the port: %+v", got)
	}
	if got := m.Hints(81); len(got) != 1 || got[0].Hint != svc {
		t.Errorf("of a program, with a listing: %q", tell(got))
	}
}

// TestClaims: what a text says of a port beside the socket table fills in what the
// table lacks; alone it is a socket whose addresses are open.
func TestClaims(t *testing.T) {
	for _, c := range []struct {
		name  string
		socks []fact.Socket
		claim Claim
		want  []string
		procs []string
	}{
		{"the kernel, alone", nil, Claim{Port: 80, Program: "System"}, []string{"sock:tcp:0.0.0.0:80#4 held-by proc:4"}, []string{"4 System "}},
		{"the kernel by its answer", nil, Claim{Port: 80, Kernel: true}, []string{"sock:tcp:0.0.0.0:80#4 held-by proc:4"}, []string{"4 System "}},
		{"a path without a PID", nil, Claim{Port: 443, Program: `C:\VMware\vmware-hostd.exe`}, []string{"sock:tcp:0.0.0.0:443#0 held-by proc:?vmware-hostd.exe"},
			[]string{`0 vmware-hostd.exe C:\VMware\vmware-hostd.exe`}},
		{"beside a listing", []fact.Socket{listener("[::]:443", 3264)}, Claim{Port: 443, Program: `C:\VMware\vmware-hostd.exe`}, []string{"sock:tcp:[::]:443#3264 held-by proc:3264"},
			[]string{`3264 vmware-hostd.exe C:\VMware\vmware-hostd.exe`}},
		{"beside a listing without owners", []fact.Socket{listener("[::]:443", 0)}, Claim{Port: 443, PID: 3264}, []string{"sock:tcp:[::]:443#0 held-by proc:3264"}, []string{"3264  "}},
		{"of another PID", []fact.Socket{listener("[::]:443", 8)}, Claim{Port: 443, PID: 3264}, []string{"sock:tcp:0.0.0.0:443#3264 held-by proc:3264", "sock:tcp:[::]:443#8 held-by proc:8"},
			[]string{"8  ", "3264  "}},
	} {
		m := New()
		for _, k := range c.socks {
			m.On("windows").Socket(k, 0)
		}
		c.claim.Evidence = "a line"
		m.On("windows").Claim(c.claim)
		set := m.Finish()
		if diff := cmp.Diff(c.want, holders(set)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		var procs []string
		for _, p := range set.Processes {
			procs = append(procs, fmt.Sprintf("%d %s %s", p.PID, p.Name, p.Exe))
		}
		if diff := cmp.Diff(c.procs, procs); diff != "" {
			t.Errorf("%s: processes -want +got:\n%s", c.name, diff)
		}
		open := slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return strings.HasPrefix(g.Subject, "addresses of port") })
		if open != (len(c.socks) == 0 || len(set.Sockets) > len(c.socks)) {
			t.Errorf("%s: gaps %+v", c.name, set.Gaps)
		}
	}
}

// Windows XP and Server 2003 list no registrations: there the next question is
// another one, and one listing answers it.
func TestHintsBeforeVista(t *testing.T) {
	for build, want := range map[uint32]string{0: "netsh http show servicestate view=requestq", 19045: "netsh http show servicestate view=requestq", 2600: "sc enumdepend http 65536"} {
		for _, told := range []bool{false, true} {
			m := New()
			w := m.On("windows")
			w.Socket(listener("0.0.0.0:80", 4), 0)
			set := fact.Set{Machine: fact.Machine{Windows: &fact.WindowsNet{Build: build}}}
			if told {
				set.Units = []fact.Unit{{ID: "unit:W3SVC", Manager: "scm", Name: "W3SVC"}, {ID: "unit:HTTP", Manager: "scm", Name: "HTTP"}}
				set.Links = []fact.Link{{From: "unit:W3SVC", To: "unit:HTTP", Kind: fact.DependsOn}}
			}
			w.Merge(set, 1)
			m.Finish()
			got := m.Hints(80)
			if told && build == 2600 {
				if len(got) != 0 {
					t.Errorf("build %d, told: %+v", build, got)
				}
				continue
			}
			if len(got) != 1 || got[0].Hint != want {
				t.Errorf("build %d: %+v", build, got)
			}
		}
	}
}
