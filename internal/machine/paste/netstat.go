package paste

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/gather"
)

// maxLead is how many words of prose, numbers or table signs may stand before a row.
const maxLead = 12

// windowsNetstat reads "TCP 0.0.0.0:80 0.0.0.0:0 LISTENING 4": with or without
// the owner, and with the lines that -b prints below. The word for the state is
// translated and not read: a listener has no peer, and what has one and no owner
// any more is in TIME_WAIT; other connections' state stays unknown.
func (d *desk) windowsNetstat(i int) int {
	if n := d.netstatRow(i, d.words, 1); n > 0 {
		return n
	}
	f := d.words
	if more := d.wrapped(i); more != nil && len(f) < 4 {
		if n := d.netstatRow(i, append(slices.Clone(f), more...), 2); n > 0 {
			return n
		}
	}
	if len(f) >= 4 && len(f) <= 5 && windowsNames(f) {
		return d.unresolved(NetstatWindows, i, f[1], "netstat -ano")
	}
	return 0
}

// netstatRow reads a row from the words of n lines.
func (d *desk) netstatRow(i int, f []string, n int) int {
	for k := 0; k+2 < len(f) && k < maxLead; k++ {
		proto, wild, ok := protocol(strings.Trim(f[k], "`*|"))
		if !ok || decimal(f[k+1]) {
			continue
		}
		local, ok := d.reader.end(f[k+1], ':', proto, wild)
		remote, ok2 := d.reader.end(f[k+2], ':', proto, wild)
		if !ok || !ok2 || !local.at.Addr().IsValid() {
			continue
		}
		owner, told := lastNumber(f[k+3:])
		if more := d.wrapped(i); !told && n == 1 && more != nil {
			owner, told = lastNumber(more)
			n = 2
		}
		s := fact.Socket{Proto: proto, Local: local.at, PID: owner, State: windowsState(proto, remote, owner, told)}
		if !remote.any {
			s.Remote = remote.at
		}
		id := d.add("windows", NetstatWindows, i, s, 0)
		return n + d.executable(i+n, owner, id)
	}
	return 0
}

// wrapped are the words of the next line where it can be nothing but the end of a
// row that a mail broke: a PID, with what stands before it.
func (d *desk) wrapped(i int) []string {
	if i+1 >= len(d.lines) {
		return nil
	}
	f := strings.Fields(d.lines[i+1])
	if len(f) == 0 || len(f) > 3 || !decimal(f[len(f)-1]) || decimal(f[0]) && len(f) > 1 {
		return nil
	}
	if _, _, row := protocol(f[0]); row {
		return nil
	}
	return f
}

// windowsNames tells whether f is a row with names in place of numbers:
// "TCP MYPC:http MYPC:0 LISTENING".
func windowsNames(f []string) bool {
	_, _, ok := protocol(f[0])
	for _, s := range f[1:3] {
		host, port, cut := cutEnd(s, ':')
		ok = ok && cut && (hostName(host) || strings.HasPrefix(host, "[")) && (hostName(port) || port == "*")
	}
	return ok
}

func windowsState(proto fact.Proto, remote end, owner int, told bool) fact.State {
	switch {
	case proto == fact.UDP:
		return fact.Unconnected
	case remote.any:
		return fact.Listen
	case told && owner == 0:
		return fact.TimeWait
	}
	return ""
}

// lastNumber is the owner's column: the last word that is a number.
func lastNumber(f []string) (int, bool) {
	for k := len(f) - 1; k >= 0; k-- {
		if n, ok := pid(strings.Trim(f[k], "`*|")); ok {
			return n, true
		}
	}
	return 0, false
}

// executable reads what netstat -b prints below a row: the service, where it
// knows one, and the program in brackets.
func (d *desk) executable(i, owner int, socket fact.ID) int {
	if exe, ok := d.bracketed(i); ok {
		d.program(i, owner, socket, exe)
		return 1
	}
	exe, ok := d.bracketed(i + 1)
	if !ok {
		return 0
	}
	service := strings.TrimSpace(d.lines[i])
	if service == "" || len(service) > 256 || strings.ContainsAny(service, `:/\`) {
		return 0
	}
	d.program(i+1, owner, socket, exe)
	s := d.machine.On("windows")
	if !strings.Contains(service, " ") {
		s.Module(socket, service)
		if owner != 0 {
			s.Service(owner, service, d.evidence(i))
		}
	}
	return 2
}

// program notes the executable of a row's owner, whose PID -b alone does not tell.
func (d *desk) program(i, owner int, socket fact.ID, exe string) {
	if owner != 0 {
		d.machine.On("windows").Process(owner, exe, "", d.evidence(i))
		return
	}
	d.machine.On("windows").Claim(gather.Claim{Socket: socket, Program: exe, Evidence: d.evidence(i)})
}

// bracketed reads a line that is one name in brackets and nothing else.
func (d *desk) bracketed(i int) (string, bool) {
	if i >= len(d.lines) {
		return "", false
	}
	s := strings.TrimSpace(d.lines[i])
	inner, ok := strings.CutPrefix(s, "[")
	inner, ok2 := strings.CutSuffix(inner, "]")
	return inner, ok && ok2 && inner != "" && len(inner) <= 256 && !strings.ContainsAny(inner, "[]")
}

// unixNetstat reads "tcp 0 0 0.0.0.0:80 0.0.0.0:* LISTEN 812/nginx" of Linux and
// "tcp4 0 0 *.80 *.* LISTEN" of macOS.
func (d *desk) unixNetstat(i int) int {
	f := d.words
	if len(f) < 5 || !decimal(f[1]) || !decimal(f[2]) {
		return 0
	}
	proto, wild, ok := protocol(f[0])
	if !ok {
		return 0
	}
	for _, form := range [...]struct {
		sep  byte
		os   string
		kind Kind
	}{{':', "linux", NetstatLinux}, {'.', "darwin", NetstatBSD}} {
		local, ok := d.reader.end(f[3], form.sep, proto, wild)
		remote, ok2 := d.reader.end(f[4], form.sep, proto, wild)
		if !ok || !ok2 || !local.at.Addr().IsValid() {
			continue
		}
		s := unixSocket(proto, local, remote, f[5:])
		if form.os == "darwin" {
			s.PID = d.macPID(f)
		}
		d.unixRow(i, form.os, form.kind, s, f[5:])
		return 1
	}
	return d.unresolved(NetstatLinux, i, f[3], "netstat -ltnp")
}

// macPID reads the column that netstat -v of macOS heads "pid", or "process:pid" in
// later versions; its place is counted from the end, where nothing is ever missing.
func (d *desk) macPID(f []string) int {
	at := len(f) - d.pidFromEnd
	if d.pidFromEnd == 0 || at < 6 {
		return 0
	}
	n, _ := pid(f[at][strings.LastIndexByte(f[at], ':')+1:])
	return n
}

// macHead finds that column in the head of such a listing.
func (d *desk) macHead(i int) int {
	f := d.words
	if len(f) < 8 || f[0] != "Proto" || f[1] != "Recv-Q" {
		return 0
	}
	d.pidFromEnd = 0
	for k, w := range f {
		if w == "pid" || w == "process:pid" {
			d.pidFromEnd = len(f) - k
		}
	}
	return 0
}

func unixSocket(proto fact.Proto, local, remote end, rest []string) fact.Socket {
	s := fact.Socket{Proto: proto, Local: local.at, Device: local.device}
	switch {
	case !remote.any:
		s.Remote = remote.at
		if len(rest) > 0 && rest[0] == "TIME_WAIT" {
			s.State = fact.TimeWait
		}
	case proto == fact.UDP:
		s.State = fact.Unconnected
	default:
		s.State = fact.Listen
	}
	return s
}

func (d *desk) unixRow(i int, os string, kind Kind, s fact.Socket, rest []string) {
	name, inode := "", uint64(0)
	for k, word := range rest {
		number, program, ok := strings.Cut(word, "/")
		if n, isPID := pid(number); ok && isPID && program != "" {
			s.PID, name = n, strings.TrimSuffix(program, ":")
			if before, isInode := pid(rest[max(k-1, 0)]); isInode { // netstat -e
				inode = uint64(before)
			}
			break
		}
	}
	sys := d.machine.On(os)
	d.add(os, kind, i, s, inode)
	if s.PID != 0 {
		sys.Process(s.PID, name, "", d.evidence(i))
	}
}
