package rangeauthor

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// Who takes blocks of ports for virtual networks, by service and by program.
func TestUsers(t *testing.T) {
	for name, want := range map[string]string{
		"vmms": UserHyperV, "WslService": UserWSL, "LxssManager": UserWSL, "com.docker.service": UserDocker, "docker": UserDocker,
		"SharedAccess": UserSharing, "hns": UserNetwork, "winnat": UserNetwork, "Spooler": "",
	} {
		for active, want := range map[string]string{"running": want, "stopped": ""} {
			one(t, name+", "+active, &fact.Set{Units: []fact.Unit{unit(name, active)}}, want)
		}
	}
	for name, want := range map[string]string{
		"vmms.exe": UserHyperV, "vmwp.exe": UserHyperV, "wslservice.exe": UserWSL, "wslrelay.exe": UserWSL, "WSLHost.exe": UserWSL, "vmmemWSL": UserWSL,
		"com.docker.backend.exe": UserDocker, "dockerd.exe": UserDocker, "WindowsSandbox.exe": UserSandbox, "WindowsSandboxClient.exe": UserSandbox,
		"WindowsSandboxServer.exe": UserSandbox, "WindowsSandboxRemoteSession.exe": UserSandbox, "docker.exe": "", "notepad.exe": "",
	} {
		one(t, name, &fact.Set{Processes: []fact.Process{process(9, name)}}, want)
	}
}

func one(t *testing.T, name string, set *fact.Set, want string) {
	t.Helper()
	got := ""
	for _, u := range users(set) {
		got += u.What
	}
	if got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// A row of one port: what speaks for HTTP.sys is a URL, the kernel's listener or a
// reservation of that port; a program's socket speaks for the program.
func TestSinglePorts(t *testing.T) {
	kernelUDP := listen(4, "0.0.0.0:5357")
	kernelUDP.Proto, kernelUDP.State = fact.UDP, fact.Unconnected
	leaving := listen(4, "0.0.0.0:5357")
	leaving.State = fact.Established
	for name, c := range map[string]struct {
		list string
		set  func(*fact.Set)
		want string
	}{
		"a URL of another port":       {"5357", func(s *fact.Set) { s.Registrations = []fact.Registration{{ID: "reg:x", Port: 80}} }, "http.sys/possible blocks:certain low:"},
		"the kernel listens":          {"5357", func(s *fact.Set) { s.Sockets = []fact.Socket{listen(4, "0.0.0.0:5357")} }, "http.sys/likely blocks:certain low: " + string(listen(4, "0.0.0.0:5357").ID)},
		"the kernel, on another port": {"5357", func(s *fact.Set) { s.Sockets = []fact.Socket{listen(4, "0.0.0.0:80")} }, "http.sys/possible blocks:certain low:"},
		"the kernel's connection":     {"5357", func(s *fact.Set) { s.Sockets = []fact.Socket{leaving} }, "http.sys/possible blocks:certain low:"},
		"a kernel by its row": {"5357", func(s *fact.Set) {
			s.Sockets, s.Processes = []fact.Socket{listen(56, "0.0.0.0:5357")}, []fact.Process{{ID: "proc:56", PID: 56, Kernel: true}}
		}, "http.sys/likely blocks:certain low: " + string(listen(56, "0.0.0.0:5357").ID)},
		"a program listens":          {"5357", func(s *fact.Set) { s.Sockets = []fact.Socket{listen(9, "0.0.0.0:5357")} }, "program/possible blocks:certain low: " + string(listen(9, "0.0.0.0:5357").ID)},
		"a program, on another port": {"5357", func(s *fact.Set) { s.Sockets = []fact.Socket{listen(9, "0.0.0.0:80")} }, "http.sys/possible blocks:certain low:"},
		"a program's connection":     {"5357", func(s *fact.Set) { c := leaving; c.PID = 9; s.Sockets = []fact.Socket{c} }, "http.sys/possible blocks:certain low:"},
		"a reservation": {"5357", func(s *fact.Set) {
			s.Reservations = []fact.Reservation{{ID: "urlacl:x", Port: 5357}, {ID: "urlacl:y", Port: 80}}
		}, "http.sys/possible blocks:certain low: urlacl:x"},
		"no protocol, no dynamic range": {"any:5357", nil, "http.sys/possible blocks:likely low:"},
		"no protocol, among dynamic":    {"any:5357 dyn:1024-15000", nil, "program/possible blocks:likely low:"},
		"among the other's dynamic":     {"5357 dyn:udp:1024-15000", nil, "http.sys/possible blocks:certain low:"},
		"where Windows hands out":       {"49700", nil, "program/possible blocks:certain low:"},
		"the other's range is known":    {"49700 dyn:1024-15000", nil, "http.sys/possible blocks:certain low:"},
	} {
		set := list(c.list)
		if c.set != nil {
			c.set(set)
		}
		if got := Judge(set, set.Ranges[0]).String(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
	udp := list("udp:5357")
	udp.Sockets = []fact.Socket{kernelUDP}
	if got := Judge(udp, udp.Ranges[0]); got.Kind != Program {
		t.Errorf("udp: %s", got)
	}
}

// What is no excluded range has no author; a row for the next boot keeps nothing
// back yet.
func TestRowsThatBlockNothing(t *testing.T) {
	set := list("8000-8099 dyn:1024-15000")
	if got := Judge(set, set.Ranges[1]); got.Kind != "" || got.Blocks != "" {
		t.Errorf("a dynamic range: %s", got)
	}
	set.Ranges[0].Name = fact.RangeNextBoot
	if got := Judge(set, set.Ranges[0]); got.Blocks != "" {
		t.Errorf("from the next boot on: %s", got)
	}
}

// A block stands in the way because dynamic ports begin low where it lies among
// them, of its own protocol, and below the usual start.
func TestLow(t *testing.T) {
	for text, want := range map[string]Confidence{
		"8000-8099": Possible, "8000-8099 dyn:1024-15000": Likely, "8000-8099 dyn:udp:1024-15000": Possible, "8000-8099 dyn:9000-15000": "",
		"8000-8099 dyn:1024-8050": "", "8000-8099 dyn:8050-15000": "", "49711-49810": "", "8000-8099 dyn:49152-65535": "", "any:8000-8099 dyn:udp:1024-15000": Likely,
		"8000-8099* dyn:1024-15000": "", "8000 dyn:1024-15000": "",
	} {
		set := list(text)
		if got := Judge(set, set.Ranges[0]).LowDynamic; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
