package paste

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/terms"
)

// lsof reads a row of lsof -i: COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME
// (STATE). Commands may be cut at nine letters; ports may be service names.
func (d *desk) lsof(i int) int {
	f := d.words
	k := family(f)
	if k < 0 {
		return 0
	}
	proto, _, ok := protocol(f[k+3])
	owner, ok2 := pid(f[1])
	if !ok || !ok2 || owner == 0 {
		return 0
	}
	wild := netip.IPv4Unspecified()
	if f[k] == "IPv6" {
		wild = netip.IPv6Unspecified()
	}
	here, there, connected := strings.Cut(f[k+4], "->")
	local, ok := d.reader.end(here, ':', proto, wild)
	if !ok || !local.at.Addr().IsValid() {
		return d.unresolved(Lsof, i, here, "lsof -nP -i")
	}
	s := fact.Socket{Proto: proto, Local: local.at, PID: owner, State: terms.LsofState(proto, f[k+5:])}
	if remote, ok := d.reader.end(there, ':', proto, wild); connected && ok {
		s.Remote = remote.at
	}
	os, inode := "linux", uint64(0)
	if address, hex := strings.CutPrefix(f[k+1], "0x"); hex {
		os = "darwin"
		inode, _ = strconv.ParseUint(address, 16, 64)
	} else if inode, _ = strconv.ParseUint(f[k+1], 10, 64); inode != 0 {
		s.Linux = &fact.LinuxSocket{Inode: inode}
	}
	d.add(os, Lsof, i, s, inode)
	name := strings.ReplaceAll(f[0], `\x20`, " ")
	row := d.machine.On(os).Process(owner, name, "", d.evidence(i))
	if row.Name == name && len(name) == lsofCommand {
		row.NameCut = true
	}
	if row.User == "" {
		row.User = f[2]
	}
	return 1
}

// lsofCommand is how much of a command lsof shows where nobody asks for more.
const lsofCommand = 9

// family finds the TYPE column of an internet socket, or -1.
func family(f []string) int {
	for k := 3; k+4 < len(f) && k < maxLead; k++ {
		if (f[k] == "IPv4" || f[k] == "IPv6") && (f[k+3] == "TCP" || f[k+3] == "UDP") {
			return k
		}
	}
	return -1
}
