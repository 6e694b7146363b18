// Package settings reads what sysctl and ip print of a Linux machine: the settings
// that decide binds, and its addresses. It is pure.
package settings

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// All takes what lines hold of them; took are the indexes of the lines. evidence says
// where a line was read.
func All(lines []string, evidence func(i int) string) (set fact.Set, took []int) {
	m := fact.Machine{Linux: &fact.LinuxNet{}}
	for i, line := range lines {
		one, ok := Read(line, "")
		if !ok {
			continue
		}
		took = append(took, i)
		for _, r := range one.Ranges {
			r.Evidence = evidence(i)
			set.Ranges = append(set.Ranges, r)
		}
		for _, s := range one.Machine.Settings {
			s.Evidence = evidence(i)
			m.Settings = append(m.Settings, s)
		}
		m.Addrs = append(m.Addrs, one.Machine.Addrs...)
		if l := one.Machine.Linux; l != nil {
			m.Linux.UnprivStart = cmp.Or(m.Linux.UnprivStart, l.UnprivStart)
			m.Linux.BindV6Only = cmp.Or(m.Linux.BindV6Only, l.BindV6Only)
			m.Linux.DisableIPv6 = cmp.Or(m.Linux.DisableIPv6, l.DisableIPv6)
		}
	}
	if len(took) > 0 {
		set.Machine = m
	}
	return set, took
}

// Read takes one line of `sysctl NAME...` or of `ip -br address`; ok is false for
// others. evidence says where the line was read.
func Read(line, evidence string) (set fact.Set, ok bool) {
	if name, value, is := strings.Cut(line, " ="); is && strings.HasPrefix(name, "net.ipv") {
		return sysctl(name, strings.TrimSpace(value), evidence)
	}
	return address(strings.Fields(line))
}

func sysctl(name, value, evidence string) (set fact.Set, ok bool) {
	l := &fact.LinuxNet{}
	switch name {
	case "net.ipv4.ip_unprivileged_port_start":
		n, err := strconv.ParseUint(value, 10, 16)
		start := uint16(n)
		l.UnprivStart, ok = &start, err == nil
		if ok && start > 0 {
			set.Ranges = []fact.Range{{Kind: fact.Privileged, To: start - 1, Evidence: evidence}}
		}
	case "net.ipv4.ip_local_port_range":
		f := strings.Fields(value)
		if len(f) == 2 {
			set.Ranges, ok = span(fact.Ephemeral, f[0], f[1], evidence)
		}
	case "net.ipv4.ip_local_reserved_ports":
		set.Ranges, ok = list(value, evidence)
	case "net.ipv6.bindv6only":
		l.BindV6Only, ok = flag(value)
	case "net.ipv6.conf.all.disable_ipv6":
		l.DisableIPv6, ok = flag(value)
	}
	if !ok {
		return fact.Set{}, false
	}
	set.Machine.Linux = l
	set.Machine.Settings = []fact.Setting{{Name: name, Value: value, Evidence: evidence}}
	return set, true
}

func flag(value string) (*bool, bool) {
	on := value == "1"
	return &on, on || value == "0"
}

func span(kind fact.RangeKind, from, to, evidence string) ([]fact.Range, bool) {
	a, err := strconv.ParseUint(from, 10, 16)
	b, err2 := strconv.ParseUint(to, 10, 16)
	if err != nil || err2 != nil || a > b {
		return nil, false
	}
	return []fact.Range{{Kind: kind, From: uint16(a), To: uint16(b), Evidence: evidence}}, true
}

// list reads "8080,9148-9150".
func list(value, evidence string) (out []fact.Range, ok bool) {
	if value == "" {
		return nil, true
	}
	for word := range strings.SplitSeq(value, ",") {
		from, to, ranged := strings.Cut(word, "-")
		if !ranged {
			to = from
		}
		r, ok := span(fact.Reserved, from, to, evidence)
		if !ok || len(out) == maxRanges {
			return nil, false
		}
		out = append(out, r...)
	}
	return out, true
}

// maxRanges bounds the list of reserved ports.
const maxRanges = 4096

// address reads "eth0 UP 10.0.0.5/24 fe80::1/64".
func address(f []string) (set fact.Set, ok bool) {
	if len(f) < 3 || f[1] != "UP" && f[1] != "DOWN" && f[1] != "UNKNOWN" {
		return fact.Set{}, false
	}
	device, _, _ := strings.Cut(f[0], "@")
	for _, w := range f[2:] {
		if p, err := netip.ParsePrefix(w); err == nil {
			set.Machine.Addrs = append(set.Machine.Addrs, fact.Addr{Prefix: p, Device: device})
		}
	}
	return set, len(set.Machine.Addrs) > 0
}
