package source

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// portsHeader stands before the rows of ports.tsv.
const portsHeader = `# Source: IANA Service Name and Transport Protocol Port Number Registry, %s
# https://www.iana.org/assignments/service-names-port-numbers
# Port, t (tcp), u (udp) or nothing for both, name, description unless the name says it. Sorted by port.
`

type portRow struct {
	port             uint16
	tcp, udp         bool
	name, definition string
}

// Ports turns a table of port, protocol, name and description, separated by
// tabs, into the compact, sorted form that package catalog embeds. Lines that
// begin with # are comments; the first may tell the year of the registry in
// brackets. An error is always an [*Error]; name is only used in it.
func Ports(name string, table []byte) ([]byte, error) {
	var rows []portRow
	year := "year unknown"
	n := 0
	for line := range strings.Lines(string(table)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			year = yearIn(comment, year)
			continue
		}
		row, err := portLine(line)
		if err != nil {
			return nil, &Error{name, n, err.Error()}
		}
		rows = append(rows, row)
	}
	merged, err := mergePorts(rows)
	if err != nil {
		return nil, &Error{name, 1, err.Error()}
	}
	return writePorts(merged, year), nil
}

func yearIn(comment, otherwise string) string {
	_, rest, _ := strings.Cut(comment, "(")
	year, _, closed := strings.Cut(rest, ")")
	if !closed || len(year) != 4 || strings.Trim(year, "0123456789") != "" {
		return otherwise
	}
	return year
}

func portLine(line string) (portRow, error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 4 {
		return portRow{}, fmt.Errorf("%d fields, want port, protocol, name, description", len(fields))
	}
	port, err := strconv.ParseUint(fields[0], 10, 16)
	if err != nil {
		return portRow{}, fmt.Errorf("%q is no port", fields[0])
	}
	if fields[2] == "" || strings.ContainsAny(fields[2], " \t") || hasControl(line) && hasControl(strings.ReplaceAll(line, "\t", "")) {
		return portRow{}, fmt.Errorf("name %q is empty, has a space, or the line a control character", fields[2])
	}
	row := portRow{port: uint16(port), name: fields[2], definition: fields[3]}
	if row.definition == row.name {
		row.definition = ""
	}
	switch fields[1] {
	case "tcp":
		row.tcp = true
	case "udp":
		row.udp = true
	default:
		return portRow{}, fmt.Errorf("protocol %q is neither tcp nor udp", fields[1])
	}
	return row, nil
}

// mergePorts sorts rows by port and joins tcp and udp of the same name.
func mergePorts(rows []portRow) ([]portRow, error) {
	slices.SortStableFunc(rows, func(a, b portRow) int { return int(a.port) - int(b.port) })
	var out []portRow
	for _, r := range rows {
		joined := false
		for i := len(out) - 1; i >= 0 && out[i].port == r.port; i-- {
			o := &out[i]
			if o.tcp && r.tcp || o.udp && r.udp {
				return nil, fmt.Errorf("port %d has two names, %s and %s, for one protocol", r.port, o.name, r.name)
			}
			if o.name == r.name && o.definition == r.definition {
				o.tcp, o.udp, joined = true, true, true
			}
		}
		if !joined {
			out = append(out, r)
		}
	}
	return out, nil
}

func writePorts(rows []portRow, year string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, portsHeader, year)
	for _, r := range rows {
		protocols := "t"
		if r.udp {
			protocols = "u"
		}
		if r.tcp && r.udp {
			protocols = ""
		}
		fmt.Fprintf(&b, "%d%s\t%s", r.port, protocols, r.name)
		if r.definition != "" {
			fmt.Fprintf(&b, "\t%s", r.definition)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}
