package redirect

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// proxyTables are the port proxy's four tables, by the family that each listens on
// and the one it connects to; they are keys of the registry too.
func proxyTables() []string { return []string{"v4tov4", "v4tov6", "v6tov4", "v6tov6"} }

// portProxy reads one entry of a table: where it listens and where it connects to.
// ok is false where the text has no ports.
func portProxy(table string, listen, connect end) (fact.Redirect, bool) {
	port, ok1 := parsePort(listen.port)
	_, ok2 := parsePort(connect.port)
	if !ok1 || !ok2 || !slices.Contains(proxyTables(), table) {
		return fact.Redirect{}, false
	}
	r := fact.Redirect{Kind: "portproxy", Proto: fact.TCP, From: port, Last: port, To: connect.text(), Chain: "PortProxy " + table}
	switch addr, err := netip.ParseAddr(listen.host); {
	case listen.host == "*" || err == nil && addr.IsUnspecified():
		if r.Dst = everywhere(table); err == nil {
			r.Comment = "listens on " + listen.host // netsh deletes it by this name only
		}
	case err == nil:
		r.Dst = netip.PrefixFrom(addr.WithZone(""), addr.BitLen())
	default: // a host name: whatever it means today
		r.Partial, r.Comment = true, "listens on "+listen.host
	}
	r.ID = fact.ID("redirect:portproxy:" + table + ":" + net.JoinHostPort(listen.host, listen.port) + ">" + r.To)
	return r, true
}

// everywhere limits a wildcard to its own family.
func everywhere(table string) netip.Prefix {
	if strings.HasPrefix(table, "v6") {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// end is one end of an entry as its text has it; the host "*" is every address of
// this machine, or, to connect to, this machine.
type end struct{ host, port string }

func (e end) text() string {
	if e.host == "*" {
		return ":" + e.port
	}
	return net.JoinHostPort(e.host, e.port)
}

// registryEnd reads "10.0.0.1/80", the form of the registry.
func registryEnd(text string) (end, bool) {
	i := strings.LastIndexByte(text, '/')
	if i < 1 {
		return end{}, false
	}
	return end{text[:i], text[i+1:]}, isHost(text[:i])
}

func parsePort(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && n > 0
}

// isHost tells whether text may be an address, a name or the star.
func isHost(text string) bool {
	if text == "*" {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	letter := false
	for i := range len(text) {
		c := text[i] | 0x20
		letter = letter || c >= 'a' && c <= 'z'
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || text[i] == '-' || text[i] == '.' || text[i] == '_') {
			return false
		}
	}
	return letter && len(text) <= 253
}

// ProxyListing is one table of `netsh interface portproxy show` found among other
// lines.
type ProxyListing struct {
	From, To int // indexes of its first line and of the one after its last
	Rows     []ProxyRow
}

// ProxyRow is one entry of a table, without evidence, and the line that told it.
type ProxyRow struct {
	Redirect fact.Redirect
	Line     int // from 1
}

// Facts are the rows of the listing; at names the evidence of a line.
func (l ProxyListing) Facts(at func(line int) string) []fact.Redirect {
	var out []fact.Redirect
	for _, r := range l.Rows {
		r.Redirect.Evidence = at(r.Line)
		out = append(out, r.Redirect)
	}
	return out
}

// FindPortProxy finds the outputs of `netsh interface portproxy show all` among
// other lines, whatever prose surrounds them and whatever language their titles are
// in: rows of address, port, address, port below four groups of dashes, or right
// below the command. The families are those that the title names, for it keeps the
// words ipv4 and ipv6; without a title they are those of the addresses.
func FindPortProxy(lines []string) []ProxyListing {
	var out []ProxyListing
	from := 0
	for i := 0; i < len(lines); i++ {
		l, ok := proxyAt(lines, from, i)
		if ok {
			out = append(out, l)
			from, i = l.To, l.To-1
		}
	}
	return out
}

func proxyAt(lines []string, from, i int) (ProxyListing, bool) {
	ruled := fourDashes(lines[i])
	listen, connect, isRow := proxyRow(lines[i])
	if !ruled && !isRow {
		return ProxyListing{}, false
	}
	first, table, command := proxyTitle(lines, from, i)
	if isRow && !command {
		return ProxyListing{}, false
	}
	l := ProxyListing{From: first, To: i}
	if ruled {
		i++
	}
	for ; i < len(lines); i++ {
		if listen, connect, isRow = proxyRow(lines[i]); !isRow {
			break
		}
		in := table
		if in == "" {
			in = familyOf(listen.host) + "to" + familyOf(connect.host)
		}
		r, ok := portProxy(in, listen, connect)
		if !ok {
			break
		}
		l.To = i + 1
		l.Rows = append(l.Rows, ProxyRow{Redirect: r, Line: i + 1})
	}
	return l, len(l.Rows) > 0
}

// proxyTitle reads upwards from line i for the title, which names two families, or
// the command.
func proxyTitle(lines []string, from, i int) (first int, table string, command bool) {
	first = i
	seen := 0
	for j := i - 1; j >= from && seen < 4; j-- {
		line := strings.ToLower(lines[j])
		if strings.TrimSpace(line) == "" {
			continue
		}
		if _, _, isRow := proxyRow(line); isRow {
			break
		}
		seen++
		if command = strings.Contains(line, "portproxy"); command {
			return j, table, true
		}
		if table == "" {
			if table = twoFamilies(line); table != "" {
				first = j
			}
		}
	}
	return first, table, false
}

// twoFamilies is the table of a title that names a family twice.
func twoFamilies(line string) string {
	var found []string
	for rest := line; len(found) < 3; {
		i := strings.Index(rest, "ipv")
		if i < 0 || i+3 >= len(rest) {
			break
		}
		if c := rest[i+3]; c == '4' || c == '6' {
			found = append(found, "v"+string(c))
		}
		rest = rest[i+3:]
	}
	if len(found) != 2 {
		return ""
	}
	return found[0] + "to" + found[1]
}

func familyOf(host string) string {
	if strings.Contains(host, ":") {
		return "v6"
	}
	return "v4"
}

// proxyRow reads ADDRESS PORT ADDRESS PORT.
func proxyRow(line string) (listen, connect end, ok bool) {
	f := strings.Fields(line)
	if len(f) != 4 || !isHost(f[0]) || !isHost(f[2]) {
		return end{}, end{}, false
	}
	_, ok1 := parsePort(f[1])
	_, ok2 := parsePort(f[3])
	return end{f[0], f[1]}, end{f[2], f[3]}, ok1 && ok2
}

func fourDashes(line string) bool {
	f := strings.Fields(line)
	return len(f) == 4 && !slices.ContainsFunc(f, func(g string) bool { return len(g) < 3 || strings.Trim(g, "-─—") != "" })
}
