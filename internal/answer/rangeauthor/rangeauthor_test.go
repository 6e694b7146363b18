package rangeauthor

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// list is a machine of excluded TCP ranges: "80 5357 49711-49810 50000-50059*", and
// "dyn:1024-65535" for the dynamic range.
func list(text string) *fact.Set {
	set := &fact.Set{Machine: fact.Machine{OS: "windows"}}
	for word := range strings.FieldsSeq(text) {
		r := fact.Range{Kind: fact.Excluded, Proto: fact.TCP}
		if rest, ok := strings.CutPrefix(word, "dyn:"); ok {
			r.Kind, word = fact.Ephemeral, rest
		}
		if rest, ok := strings.CutPrefix(word, "udp:"); ok {
			r.Proto, word = fact.UDP, rest
		}
		if rest, ok := strings.CutPrefix(word, "any:"); ok {
			r.Proto, word = "", rest
		}
		word, r.Administered = strings.CutSuffix(word, "*")
		if n, _ := fmt.Sscanf(word, "%d-%d", &r.From, &r.To); n == 1 {
			r.To = r.From
		}
		set.Ranges = append(set.Ranges, r)
	}
	return set
}

func unit(name, active string) fact.Unit {
	return fact.Unit{ID: fact.UnitID("scm", name), Manager: "scm", Name: name, Active: active}
}

func process(pid int, name string) fact.Process {
	return fact.Process{ID: fact.ProcessID(pid, 0), PID: pid, Name: name}
}

func listen(pid int, addr string) fact.Socket {
	at := netip.MustParseAddrPort(addr)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, 0), Proto: fact.TCP, Local: at, State: fact.Listen, PID: pid}
}

func (a Author) String() string {
	s := fmt.Sprintf("%s/%s blocks:%s low:%s", a.Kind, a.Confidence, a.Blocks, a.LowDynamic)
	for _, u := range a.Users {
		s += " " + u.What
	}
	for _, id := range a.About {
		s += " " + string(id)
	}
	return s
}

// Lists of the shapes that people paste. Each case asks for the first range.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, list string
		set        func(*fact.Set)
		want       string
	}{
		{"a star is a person's", "8080* 49711-49810", nil, "administrator/certain blocks:possible low:"},
		{"the star that nobody set", "50000-50059* 49711-49810", nil, "windows-feature/likely blocks:possible low:"},
		{"the same ports without it", "50000-50059 49711-49810", nil, "/ blocks:certain low:"},
		{"one block alone", "49711-49810", nil, "winnat/possible blocks:certain low:"},
		{"blocks side by side", "49711-49810 49811-49910", nil, "winnat/likely blocks:certain low:"},
		{"the other protocol's block is no neighbour", "49711-49810 udp:49811-49910", nil, "winnat/possible blocks:certain low:"},
		{"one block and the service behind it", "49711-49810", func(s *fact.Set) { s.Units = []fact.Unit{unit("hns", "running"), unit("vmms", "running")} }, "winnat/likely blocks:certain low: hyper-v hns"},
		{"the service is stopped", "49711-49810", func(s *fact.Set) { s.Units = []fact.Unit{unit("hns", "stopped")} }, "winnat/possible blocks:certain low:"},
		{"the Sandbox", "49711-49810", func(s *fact.Set) { s.Processes = []fact.Process{process(9, "WindowsSandboxClient.exe")} }, "winnat/likely blocks:certain low: sandbox"},
		{"WSL installed", "49711-49810", func(s *fact.Set) {
			s.Machine.Windows = &fact.WindowsNet{Distributions: []fact.Distribution{{Name: "Ubuntu", Version: 2}}}
		}, "winnat/likely blocks:certain low: wsl"},
		{"only WSL 1", "49711-49810", func(s *fact.Set) {
			s.Machine.Windows = &fact.WindowsNet{Distributions: []fact.Distribution{{Name: "Ubuntu", Version: 1}}}
		}, "winnat/possible blocks:certain low:"},
		{"two hundred", "49711-49910", nil, "winnat/possible blocks:certain low:"},
		{"an odd width", "49711-49750", nil, "/ blocks:certain low:"},
		{"an odd width beside connection sharing", "49711-49750", func(s *fact.Set) { s.Units = []fact.Unit{unit("SharedAccess", "running")} }, "ics/possible blocks:certain low: ics"},
		{"low blocks, dynamic range unknown", "1031-1130 1131-1230", nil, "winnat/likely blocks:certain low:possible"},
		{"low blocks, dynamic range low", "1031-1130 1131-1230 dyn:1024-15000", nil, "winnat/likely blocks:certain low:likely"},
		{"low blocks, dynamic range put right since", "1031-1130 1131-1230 dyn:49152-65535", nil, "winnat/likely blocks:certain low:"},
		{"low blocks, only udp's dynamic range known", "1031-1130 1131-1230 dyn:udp:49152-65535", nil, "winnat/likely blocks:certain low:possible"},
		{"a list of no protocol", "any:1031-1130", nil, "winnat/possible blocks:likely low:possible"},
		{"no excluded range", "dyn:1024-15000", nil, "/ blocks: low:"},
		{"kept for the next boot", "8080*", func(s *fact.Set) { s.Ranges[0].Name = fact.RangeNextBoot }, "administrator/certain blocks: low:"},

		{"HTTP.sys by its port alone", "5357", nil, "http.sys/possible blocks:certain low:"},
		{"HTTP.sys by a live URL", "80", func(s *fact.Set) { s.Registrations = []fact.Registration{{ID: "reg:x", Port: 80}} }, "http.sys/likely blocks:certain low: reg:x"},
		{"a URL on another port", "80", func(s *fact.Set) { s.Registrations = []fact.Registration{{ID: "reg:x", Port: 81}} }, "http.sys/possible blocks:certain low:"},
		{"HTTP.sys by PID 4", "80", func(s *fact.Set) { s.Sockets = []fact.Socket{listen(4, "0.0.0.0:80")} }, "http.sys/likely blocks:certain low: sock:tcp:0.0.0.0:80#0"},
		{"HTTP.sys by a reservation", "80", func(s *fact.Set) { s.Reservations = []fact.Reservation{{ID: "res:x", Port: 80}} }, "http.sys/possible blocks:certain low: res:x"},
		{"a program on it", "80", func(s *fact.Set) { s.Sockets = []fact.Socket{listen(77, "0.0.0.0:80")} }, "program/possible blocks:certain low: sock:tcp:0.0.0.0:80#0"},
		{"an RPC service's", "49664", nil, "program/possible blocks:certain low:"},
		{"of a low dynamic range", "5003 dyn:5000-6000", nil, "program/possible blocks:certain low:"},
		{"beside a low dynamic range", "5003 dyn:6000-7000", nil, "http.sys/possible blocks:certain low:"},
		{"udp is no HTTP.sys", "udp:5357", func(s *fact.Set) { s.Registrations = []fact.Registration{{ID: "reg:x", Port: 5357}} }, "program/possible blocks:certain low:"},
	} {
		set := list(c.list)
		if c.set != nil {
			c.set(set)
		}
		if got := Judge(set, set.Ranges[0]).String(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	set := list("8080* 8000-8099 50000-50059* udp:9000 any:9100 dyn:1024-65535")
	for _, c := range []struct {
		proto fact.Proto
		port  uint16
		from  uint16
	}{
		{fact.TCP, 8080, 8000}, {fact.TCP, 8099, 8000}, {fact.TCP, 50059, 50000}, {fact.UDP, 9000, 9000}, {fact.UDP, 9100, 9100},
		{fact.TCP, 9100, 9100}, {fact.TCP, 9000, 0}, {fact.UDP, 8080, 0}, {fact.TCP, 2000, 0},
	} {
		if r, ok := Find(set, c.proto, c.port); r.From != c.from || ok != (c.from != 0) {
			t.Errorf("%s %d: %+v %v, want from %d", c.proto, c.port, r, ok, c.from)
		}
	}
}

func TestLowDynamic(t *testing.T) {
	for text, want := range map[string]uint16{
		"dyn:49152-65535": 0, "dyn:1024-15000": 1024, "dyn:49152-65535 dyn:udp:1025-65535": 1025, "dyn:5000-6000 dyn:udp:1025-65535": 1025, "1024-1123": 0, "": 0,
	} {
		if r, ok := LowDynamic(list(text)); r.From != want || ok != (want != 0) {
			t.Errorf("%q: %+v %v, want %d", text, r, ok, want)
		}
	}
	linux := list("dyn:32768-60999")
	linux.Machine.OS = "linux"
	if _, ok := LowDynamic(linux); ok {
		t.Error("Linux' range starts where Linux has it start")
	}
	pasted := list("dyn:32768-60999 1031-1130")
	pasted.Machine.OS = ""
	if _, ok := LowDynamic(pasted); !ok {
		t.Error("a list of excluded ranges is of Windows")
	}
}

func TestLowServices(t *testing.T) {
	set := list("dyn:5000-6000")
	set.Processes = []fact.Process{process(700, "lsass.exe"), process(800, "svchost.exe"), process(900, "node.exe")}
	set.Sockets = []fact.Socket{listen(700, "0.0.0.0:5000"), listen(800, "0.0.0.0:5001"), listen(900, "0.0.0.0:5002"), listen(800, "0.0.0.0:5200"), listen(800, "0.0.0.0:135")}
	if got := LowServices(set, set.Ranges[0]); len(got) != 2 || got[0] != set.Sockets[0].ID || got[1] != set.Sockets[1].ID {
		t.Errorf("%v", got)
	}
	set.Ranges[0].From, set.Ranges[0].To = 49152, 65535
	set.Sockets[0] = listen(700, "0.0.0.0:49664")
	if got := LowServices(set, set.Ranges[0]); got != nil {
		t.Errorf("a range that starts where it should: %v", got)
	}
}
