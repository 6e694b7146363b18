package catalog

import (
	_ "embed" // ports.tsv
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// registry is the port registry in its compact form, searched where the linker
// put it.
//
//go:embed ports.tsv
var registry string

// aliases are names for ports that the registry does not carry, and that tools
// print all the same because a system's own list of services has them.
//
//go:embed aliases.tsv
var aliases string

// PortProto is a port of one protocol.
type PortProto struct {
	Port  uint16
	Proto fact.Proto
}

// String gives "80/tcp".
func (p PortProto) String() string {
	return strconv.Itoa(int(p.Port)) + "/" + string(p.Proto)
}

// PortName gives the name that the IANA registry has for a port. UDP-Lite shares
// the numbers of UDP; other protocols than TCP and UDP have no names here.
func PortName(proto fact.Proto, port uint16) (name string, ok bool) {
	line, ok := assignment(proto, port)
	return line.name, ok
}

// PortDescription gives the registry's own description of a port; where it has
// none beyond the name, the name.
func PortDescription(proto fact.Proto, port uint16) (description string, ok bool) {
	line, ok := assignment(proto, port)
	if line.description == "" {
		return line.name, ok
	}
	return line.description, ok
}

// NumberNamed gives the number that a service's name stands for in one protocol;
// false where it stands for none, or for several. It reads the whole registry.
func NumberNamed(proto fact.Proto, name string) (uint16, bool) {
	var found []uint16
	for _, p := range PortsNamed(name) {
		if p.Proto == proto && !slices.Contains(found, p.Port) {
			found = append(found, p.Port)
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}

// PortsNamed gives the ports that go by name, in the registry or as an alias
// that lsof, netstat and ss print from a system's list of services; sorted by
// port, TCP before UDP. Names compare without case. It reads the whole registry:
// about a quarter of a millisecond.
func PortsNamed(name string) []PortProto {
	var found []PortProto
	for _, text := range []string{registry, aliases} {
		for l := range strings.Lines(text) {
			if line, ok := parsePort(l); ok && strings.EqualFold(line.name, name) {
				found = append(found, line.portProtos()...)
			}
		}
	}
	slices.SortFunc(found, func(a, b PortProto) int {
		if a.Port != b.Port {
			return int(a.Port) - int(b.Port)
		}
		return strings.Compare(string(a.Proto), string(b.Proto))
	})
	return slices.Compact(found)
}

type portLine struct {
	port              uint16
	protos            string // "t", "u" or "" for both
	name, description string
}

func (l portLine) speaksOf(proto fact.Proto) bool {
	switch proto {
	case fact.TCP:
		return l.protos != "u"
	case fact.UDP, fact.UDPLite:
		return l.protos != "t"
	}
	return false
}

func (l portLine) portProtos() []PortProto {
	var out []PortProto
	for _, proto := range []fact.Proto{fact.TCP, fact.UDP} {
		if l.speaksOf(proto) {
			out = append(out, PortProto{l.port, proto})
		}
	}
	return out
}

// parsePort reads one line of the compact form; ok is false for comments.
func parsePort(line string) (l portLine, ok bool) {
	number, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
	if !ok || strings.HasPrefix(line, "#") {
		return portLine{}, false
	}
	port, protos, ok := portNumber(number)
	l = portLine{port: port, protos: protos}
	l.name, l.description, _ = strings.Cut(rest, "\t")
	return l, ok
}

// portNumber reads the digits at the start of text and gives what follows them.
func portNumber(text string) (port uint16, rest string, ok bool) {
	n, i := 0, 0
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9' && n <= 65535; i++ {
		n = n*10 + int(text[i]-'0')
	}
	return uint16(n), text[i:], i > 0 && n <= 65535
}

// assignment searches the registry by halves: it is sorted by port.
func assignment(proto fact.Proto, port uint16) (portLine, bool) {
	rest := fromPort(registry, port)
	for l := range strings.Lines(rest) {
		line, ok := parsePort(l)
		if !ok || line.port != port {
			break
		}
		if line.speaksOf(proto) {
			return line, true
		}
	}
	return portLine{}, false
}

// fromPort gives text from the first line whose port is not below port.
func fromPort(text string, port uint16) string {
	low, high := 0, len(text) // both at line starts
	for low < high {
		middle := strings.LastIndexByte(text[low:low+(high-low)/2], '\n') + 1 + low
		end := high
		if i := strings.IndexByte(text[middle:high], '\n'); i >= 0 {
			end = middle + i + 1
		}
		if have, _, ok := portNumber(text[middle:end]); !ok || have < port {
			low = end
		} else {
			high = middle
		}
	}
	return text[low:]
}
