package paste

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/gather"
	"github.com/berthd/berth/internal/machine/paste/record"
	"github.com/berthd/berth/internal/machine/paste/terms"
)

// objects reads what prints objects by the names of their properties, before the
// shapes that know no names.
func (d *desk) objects() {
	for i := 0; i < len(d.lines); {
		n := d.records(i)
		for j := range n {
			d.taken[i+j] = true
		}
		i += max(n, 1)
	}
}

func (d *desk) records(i int) int {
	rs, n := record.Find(d.lines, i)
	for _, r := range rs {
		switch r.Kind {
		case record.Socket:
			d.socketRecord(r)
		case record.Process:
			if r.Unix() {
				d.ps = append(d.ps, r) // of which system, other rows tell
				continue
			}
			d.processRecord(r, "windows")
		case record.Service:
			d.serviceRecord(r)
		}
	}
	return n
}

// socketRecord: UDP endpoints have no state and no peer.
func (d *desk) socketRecord(r record.Record) {
	local, ok := addrPort(r.Get("LocalAddress"), r.Get("LocalPort"))
	owner, _ := pid(r.Get("OwningProcess"))
	if !ok {
		if n, err := strconv.ParseUint(r.Get("LocalPort"), 10, 16); err == nil && owner != 0 {
			d.saw(NetTCP, r.Line, r.Last, 1)
			d.machine.On("windows").Claim(gather.Claim{Port: uint16(n), PID: owner, Evidence: d.evidence(r.Line)})
		}
		return
	}
	s := fact.Socket{Proto: fact.TCP, Local: local, PID: owner, State: fact.Listen}
	kind := NetTCP
	switch state := r.Get("State"); {
	case state != "":
		s.State, _ = terms.DotNetState(state)
	case !r.Has("RemotePort") && !r.Has("State"):
		s.Proto, s.State, kind = fact.UDP, fact.Unconnected, NetUDP
	}
	if remote, ok := addrPort(r.Get("RemoteAddress"), r.Get("RemotePort")); ok && remote.Port() != 0 {
		s.Remote = remote
	}
	s.Evidence = d.evidence(r.Line)
	d.saw(kind, r.Line, r.Last, 1)
	d.machine.On("windows").Socket(s, 0)
}

func (d *desk) processRecord(r record.Record, os string) {
	number, ok := pid(r.Get("Id", "ProcessId", "PID"))
	if !ok || number == 0 {
		return
	}
	kind, name := ProcessList, r.Get("ProcessName", "Name", "Caption", "ImageName")
	args := terms.CommandLine(r.Get("CommandLine"))
	if r.Unix() {
		kind = PS
		args = strings.Fields(r.Get("ARGS", "COMMAND", "CMD"))
		name = unixName(r, args)
	}
	exe := r.Get("ExecutablePath", "Path")
	if r.Get("ProcessName") != "" && !r.Unix() {
		name = terms.ImageName(name, exe)
	}
	ppid, _ := pid(r.Get("ParentProcessId", "PPID"))
	d.saw(kind, r.Line, r.Last, 1)
	s := d.machine.On(os)
	s.Process(number, name, exe, d.evidence(r.Line))
	s.Describe(number, gather.Details{PPID: ppid, User: r.Get("USER", "UID"), Args: args})
}

// unix is the system that rows of ps are of: that of other rows, else Linux.
func (d *desk) unix() string {
	if d.machine.Has("darwin") {
		return "darwin"
	}
	return "linux"
}

// unixName is the program's name: its own column's, or the first word of its
// arguments, a title ("nginx: master process") or a kernel thread in brackets.
func unixName(r record.Record, args []string) string {
	if name := r.Get("COMM"); name != "" {
		return name
	}
	if len(args) == 0 {
		return ""
	}
	return strings.Trim(args[0][strings.LastIndexByte(args[0], '/')+1:], "[]:")
}

func (d *desk) serviceRecord(r record.Record) {
	u := fact.Unit{Manager: "scm", Name: r.Get("Name"), Description: r.Get("DisplayName"), Evidence: d.evidence(r.Line)}
	u.ExecStart, u.User = r.Get("PathName"), r.Get("StartName")
	u.Active = terms.ServiceState(r.Get("Status", "State"))
	if n := slices.Index([]string{"Boot", "System", "Auto", "Manual", "Disabled"}, strings.Replace(r.Get("StartMode", "StartType"), "Automatic", "Auto", 1)); n >= 0 {
		start := uint32(n)
		u.Windows = &fact.WindowsService{Start: &start}
	}
	if strings.HasSuffix(u.Description, "...") {
		u.Description = ""
	}
	if u.Active == "" && u.Windows == nil || strings.ContainsAny(u.Name, ` /\`) {
		return
	}
	d.saw(Services, r.Line, r.Last, 1)
	s := d.machine.On("windows")
	s.Merge(fact.Set{}, 1)
	s.Unit(u)
	if owner, ok := pid(r.Get("ProcessId")); ok && owner != 0 {
		s.Service(owner, u.Name, d.evidence(r.Line))
	}
}

// netTCP reads a row of Get-NetTCPConnection: address, port, address, port,
// state, owner. Its states are names of the program, in every language.
func (d *desk) netTCP(i int) int {
	f := d.words
	if len(f) < 6 {
		return 0
	}
	local, ok := addrPort(f[0], f[1])
	remote, ok2 := addrPort(f[2], f[3])
	owner, ok3 := pid(f[len(f)-1])
	state, ok4 := terms.DotNetState(f[4])
	if !ok || !ok2 || !ok3 || !ok4 {
		return 0
	}
	s := fact.Socket{Proto: fact.TCP, Local: local, State: state, PID: owner}
	if remote.Port() != 0 {
		s.Remote = remote
	}
	d.add("windows", NetTCP, i, s, 0)
	return 1
}

func addrPort(addr, port string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(addr)
	n, ok := pid(port)
	if err != nil || !ok || n > 65535 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, uint16(n)), true
}
