package paste

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/terms"
)

// ss reads a row of ss: [netid] STATE recv-q send-q local peer [process].
func (d *desk) ss(i int) int {
	f := d.words
	k := 0
	if len(f) > 0 {
		if _, ok := terms.SSState(f[0]); !ok {
			k = 1
		}
	}
	if len(f) < k+5 || !decimal(f[k+1]) || !decimal(f[k+2]) {
		return 0
	}
	state, ok := terms.SSState(f[k])
	proto, known := ssProto(f[:k], state)
	if !ok || !known {
		return 0
	}
	local, ok := d.reader.end(f[k+3], ':', proto, netip.IPv6Unspecified())
	remote, ok2 := d.reader.end(f[k+4], ':', proto, netip.IPv6Unspecified())
	if !ok || !ok2 || !local.at.Addr().IsValid() {
		return d.unresolved(SS, i, f[k+3], "ss -ltnp")
	}
	s := fact.Socket{Proto: proto, Local: local.at, Device: local.device, State: state}
	if !remote.any {
		s.Remote = remote.at
	}
	rest, n := strings.Join(f[k+5:], " "), 1
	if i+1 < len(d.lines) && strings.HasPrefix(strings.TrimSpace(d.lines[i+1]), "users:((") {
		rest, n = rest+" "+d.lines[i+1], 2 // ss itself breaks rows at the terminal's width
	}
	d.ssRow(i, s, strings.HasPrefix(f[k+3], "*:"), rest)
	return n
}

// ssRow adds the row; both says that ss printed its star, for a socket that
// takes both families.
func (d *desk) ssRow(i int, s fact.Socket, both bool, rest string) {
	users := ssUsers(rest)
	if len(users) > 0 {
		s.PID = users[0].pid
	}
	inode, _ := strconv.ParseUint(word(rest, "ino:"), 10, 64)
	only := word(rest, "v6only:")
	if both || inode != 0 {
		s.Linux = &fact.LinuxSocket{Inode: inode, Cgroup: strings.TrimPrefix(word(rest, "cgroup:"), "unreachable:")}
	}
	if both || only != "" && s.Linux != nil {
		v6only := only == "1"
		s.Linux.V6Only = &v6only
	}
	sys := d.machine.On("linux")
	id := d.add("linux", SS, i, s, inode)
	for _, u := range users {
		sys.Process(u.pid, u.name, "", d.evidence(i))
		note := ""
		if u.fd != "" {
			note = "fd " + u.fd
		}
		sys.Holder(id, u.pid, d.evidence(i), note)
	}
}

// word is what follows a key in a row, up to the next blank.
func word(rest, key string) string {
	_, after, ok := strings.Cut(" "+rest, " "+key)
	if !ok {
		return ""
	}
	after, _, _ = strings.Cut(after, " ")
	return after
}

type ssUser struct {
	name string
	pid  int
	fd   string
}

// ssUsers reads users:(("nginx",pid=812,fd=6),("nginx",pid=811,fd=6)).
func ssUsers(rest string) []ssUser {
	var out []ssUser
	_, rest, ok := strings.Cut(rest, "users:(")
	for ok && len(out) < 4096 {
		var name, number, fd string
		_, rest, ok = strings.Cut(rest, `("`)
		if !ok {
			break
		}
		name, rest, _ = strings.Cut(rest, `",pid=`)
		number, rest, _ = strings.Cut(rest, ",")
		if after, has := strings.CutPrefix(rest, "fd="); has {
			fd = after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]
		}
		if n, isPID := pid(number); isPID && n > 0 {
			out = append(out, ssUser{name, n, fd})
		}
	}
	return out
}

// ssProto is the protocol of a row, which ss leaves out where only one was asked for.
func ssProto(netid []string, state fact.State) (fact.Proto, bool) {
	if len(netid) == 0 {
		if state == fact.Unconnected {
			return fact.UDP, true
		}
		return fact.TCP, true
	}
	p, _, ok := protocol(netid[0])
	return p, ok
}
