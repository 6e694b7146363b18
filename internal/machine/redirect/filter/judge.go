package filter

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/fwpuclnt"
)

// maxRows bounds what is reported: a product without a provider may have a name
// for each of its callouts.
const maxRows = 64

const wfpEvidence = "Windows Filtering Platform"

// callouts turns the engine's lists into rows: those of a provider become one, and
// so do those of one name but for the family.
func callouts(list []fwpuclnt.Callout, providers []fwpuclnt.Provider) (rows []fact.Filter, cut bool) {
	known := make(map[fwpuclnt.GUID]fwpuclnt.Provider, len(providers))
	for _, p := range providers {
		known[p.Key] = p
	}
	for _, c := range list {
		at := layer(c.Layer)
		p := known[c.Provider]
		if at == "" || ours(c, p) {
			continue
		}
		row := fact.Filter{Kind: "wfp", Name: familyless(c.Name), Provider: p.Name, Service: p.Service, Evidence: wfpEvidence}
		key := c.Provider.String()
		if c.Provider == (fwpuclnt.GUID{}) || p.Name == "" {
			key = row.Name
		} else {
			row.Name = p.Name
		}
		row.ID = fact.ID("filter:wfp:" + key)
		if rows, cut = appendRow(rows, row, at); cut {
			return rows, true
		}
	}
	return rows, false
}

// appendRow adds a row, or what it sees to the row of the same product.
func appendRow(rows []fact.Filter, row fact.Filter, at string) ([]fact.Filter, bool) {
	i := slices.IndexFunc(rows, func(f fact.Filter) bool { return f.ID == row.ID })
	if i < 0 {
		if len(rows) == maxRows {
			return rows, true
		}
		rows, i = append(rows, row), len(rows)
	}
	if !slices.Contains(rows[i].At, at) {
		rows[i].At = append(rows[i].At, at)
		slices.Sort(rows[i].At)
	}
	return rows, false
}

// layer is what a callout at this layer sees; "" where no bind and no connection
// passes, or where it would only see packets go by. The keys are those of
// fwpmu.h, IPv4 and IPv6.
func layer(key fwpuclnt.GUID) string {
	switch key.String() {
	case "{1247d66d-0b60-4a15-8d44-7155d0f53a0c}", "{55a650e1-5f0a-4eca-a653-88f53b26aa8c}":
		return "bind"
	case "{66978cad-c704-42ac-86ac-7c1a231bd253}", "{bef02c9c-606b-4536-8c26-1c2fc7b631d4}":
		return "bind-redirect"
	case "{c6e63c8c-b784-4562-aa7d-0a67cfcaf9a3}", "{587e54a7-8046-42ba-a0aa-b716250fc7fd}":
		return "connect-redirect"
	case "{88bb5dad-76d7-4227-9c71-df0a3ed7be7e}", "{7ac9de24-17dd-4814-b4bd-a9fbc95a321b}":
		return "listen"
	case "{e1cd9fe7-f4b5-4273-96c0-592e487b8650}", "{a3b42c97-9f04-4672-b87e-cee9c483257f}":
		return "accept"
	case "{3b89653c-c170-49e4-b1cd-e0eeeee19a3e}", "{47c9137a-7ec4-46b3-b6e4-48e926b1eda4}":
		return "stream"
	case "{5926dfc8-e3cf-4426-a283-dc393f5d0f9d}", "{634a869f-fc23-4b90-b0c1-bf620a36ae6f}":
		return "transport"
	}
	return ""
}

// ours tells Windows' own callouts, by what they or their provider are called. None
// of these names is translated: they stand in the drivers.
func ours(c fwpuclnt.Callout, p fwpuclnt.Provider) bool {
	for _, name := range []string{p.Name, p.Description, c.Name} {
		name = strings.ToLower(name)
		for _, prefix := range [...]string{
			"microsoft", "windows", "windefend", "wfp built-in", "built-in ", "teredo", "edge traversal", "ipsec ", "appcontainer",
			"application container", "mpssvc", "tcp chimney", "tcp template", "hyper-v", "hns ", "winnat", "ndu ", "ipxlat", "@firewallapi",
		} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return c.Name == "" && p.Name == ""
}

// familyless is a callout's name without what tells its two families apart.
func familyless(name string) string {
	name = strings.TrimSpace(name)
	for _, end := range [...]string{"(ipv4)", "(ipv6)", "ipv4", "ipv6", "v4", "v6"} {
		if len(name) > len(end) && strings.EqualFold(name[len(name)-len(end):], end) {
			return strings.TrimRight(name[:len(name)-len(end)], " _-.")
		}
	}
	return name
}

// entry is what matters of an entry of Winsock's catalogue.
type entry struct {
	name   string
	path   string // of its library
	family int32
	chain  int32 // 1 is a base provider, 0 a layer by itself, more a chain of layers
}

// The address families of Winsock that have ports.
const (
	familyIPv4 = 2
	familyIPv6 = 23
)

// layered finds the layered service providers of a catalogue: every entry that is
// no base provider and whose library is not Windows' own.
func layered(list []entry) []fact.Filter {
	var rows []fact.Filter
	for _, e := range list {
		if e.chain == 1 || e.chain < 0 || e.family != familyIPv4 && e.family != familyIPv6 && e.family != 0 || system(e.path) {
			continue
		}
		row := fact.Filter{ID: fact.ID("filter:winsock:" + strings.ToLower(e.path)), Kind: "winsock", Name: e.name, Path: e.path, Evidence: "Winsock catalogue"}
		if e.path == "" {
			row.ID = fact.ID("filter:winsock:" + e.name)
		}
		if len(rows) < maxRows && !slices.ContainsFunc(rows, func(f fact.Filter) bool { return f.ID == row.ID }) {
			rows = append(rows, row)
		}
	}
	return rows
}

// system tells Windows' own provider's library.
func system(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, `%systemroot%\system32\`) && strings.HasSuffix(path, `\mswsock.dll`)
}
