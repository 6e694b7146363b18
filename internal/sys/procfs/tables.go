package procfs

import (
	"bytes"
	"strconv"
	"strings"
)

// Cgroups is what /proc/PID/cgroup says, one path for each hierarchy.
type Cgroups struct {
	V2      string // the unified hierarchy's path; "" where there is none
	Systemd string // the path under name=systemd, on version 1 and hybrid hosts
	Deepest string // of the version 1 controllers, the path with most segments
}

// ParseCgroups decodes /proc/PID/cgroup. Lines are "ID:CONTROLLERS:PATH"; the
// path may hold colons.
func ParseCgroups(b []byte) Cgroups {
	var c Cgroups
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		_, rest, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		controllers, path, ok := bytes.Cut(rest, []byte{':'})
		if !ok || len(path) == 0 || path[0] != '/' {
			continue
		}
		c.add(string(controllers), string(path))
	}
	return c
}

func (c *Cgroups) add(controllers, path string) {
	switch controllers {
	case "":
		c.V2 = path
	case "name=systemd":
		c.Systemd = path
	default:
		if depth(path) > depth(c.Deepest) {
			c.Deepest = path
		}
	}
}

func depth(path string) int { return strings.Count(strings.TrimRight(path, "/"), "/") }

// Naming is the one path that can name a unit or a container: the unified
// hierarchy's, else systemd's own, else the deepest of the controllers. A root
// path ("/") names nothing and gives way to a longer one; "" is unknown.
func (c Cgroups) Naming() string {
	for _, path := range []string{c.V2, c.Systemd, c.Deepest} {
		if depth(path) > 0 {
			return path
		}
	}
	if c.V2 != "" {
		return c.V2
	}
	return c.Systemd
}

// Passwd finds the names of uids in lines of /etc/passwd. Feed it lines; it
// keeps no text but the names asked for.
type Passwd struct {
	Names map[uint32]string // in: the uids wanted; out: their names, "" where none was found
}

// Line reads one line, "name:password:uid:...". The first name of a uid counts.
// It tells whether names are still missing.
func (p *Passwd) Line(line []byte) (more bool) {
	name, rest, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(name) == 0 || name[0] == '#' || name[0] == '+' || name[0] == '-' {
		return true
	}
	_, rest, _ = bytes.Cut(rest, []byte{':'})
	id, _, ok := bytes.Cut(rest, []byte{':'})
	uid, err := strconv.ParseUint(string(id), 10, 32)
	if !ok || err != nil {
		return true
	}
	if have, wanted := p.Names[uint32(uid)]; wanted && have == "" {
		p.Names[uint32(uid)] = string(name)
	}
	for _, name := range p.Names {
		if name == "" {
			return true
		}
	}
	return false
}

// SocketInode reads the target of a descriptor's link, "socket:[4711]".
func SocketInode(target []byte) (inode uint64, ok bool) {
	const before = "socket:["
	n := len(target)
	if n < len(before)+2 || target[n-1] != ']' || string(target[:len(before)]) != before {
		return 0, false
	}
	for _, c := range target[len(before) : n-1] {
		if c < '0' || c > '9' || inode > (1<<64-1)/10-1 {
			return 0, false
		}
		inode = inode*10 + uint64(c-'0')
	}
	return inode, true
}
