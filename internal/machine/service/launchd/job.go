package launchd

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/launchd/plist"
)

// job is what a list says of one job.
type job struct {
	label, program, user string
	args                 []string
	agent, disabled      bool
	restart              string
	listens              []fact.ListenOn
	path, evidence       string
	uid                  *uint32 // whose, where it is an agent
}

func (r *reading) job(d plist.Dict, path string, agent bool) (job, bool) {
	j := job{label: d.Text("Label"), program: d.Text("Program"), user: d.Text("UserName"), args: d.Texts("ProgramArguments"),
		agent: agent, disabled: d.True("Disabled"), restart: restart(d), listens: r.sockets(d), path: path, evidence: path}
	if j.program == "" && len(j.args) > 0 {
		j.program = j.args[0]
	}
	return j, j.label != ""
}

func (j job) id() fact.ID { return fact.UnitID(Manager, j.label) }

// unit is the row of a job. Agents are run once for each user who is logged in.
func (j job) unit() fact.Unit {
	u := fact.Unit{ID: j.id(), Manager: Manager, Name: j.label, User: j.user, Restart: j.restart, Fragment: j.path, ExecStart: j.command(),
		Listens: j.listens, Evidence: j.evidence}
	switch {
	case j.agent:
		u.UserUID = strconv.Itoa(int(*j.uid))
	case u.User == "" && j.path != "":
		u.User = "root"
	}
	if j.disabled {
		u.FileState = "disabled"
	}
	return u
}

// command is the program with its arguments; the first of those is only a name where
// the program stands apart.
func (j job) command() string {
	if len(j.args) > 1 {
		return strings.Join(append([]string{j.program}, j.args[1:]...), " ")
	}
	return j.program
}

// runs tells whether a process runs the job's program.
func (j job) runs(src source, p *fact.Process) bool {
	if j.program == "" {
		return false
	}
	return p.Exe != "" && (p.Exe == j.program || p.Exe == src.resolve(j.program)) || p.Exe == "" && len(p.Args) > 0 && p.Args[0] == j.program
}

// restart says what brings a job back that has ended, in the words that units of
// systemd have for it; "on-demand" is a job that conditions start.
func restart(d plist.Dict) string {
	switch keep := d["KeepAlive"].(type) {
	case bool:
		if keep {
			return "always"
		}
	case plist.Dict:
		if success, ok := keep["SuccessfulExit"].(bool); ok {
			if success {
				return "on-success"
			}
			return "on-failure"
		}
		if keep.True("Crashed") {
			return "on-failure"
		}
		if len(keep) > 0 {
			return "on-demand"
		}
	}
	if demand, ok := d["OnDemand"].(bool); ok && !demand { // how it was written until 10.5
		return "always"
	}
	return "no"
}

// sockets are the addresses that launchd opens for a job.
func (r *reading) sockets(d plist.Dict) []fact.ListenOn {
	sockets, _ := d["Sockets"].(plist.Dict)
	names := make([]string, 0, len(sockets))
	for name := range sockets {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []fact.ListenOn
	for _, name := range names {
		for _, s := range sockets.Dicts(name) {
			all = append(all, r.socket(s)...)
		}
	}
	return all
}

// socket reads one entry, as launchd asks getaddrinfo: with no family named it is a
// socket for each.
func (r *reading) socket(s plist.Dict) []fact.ListenOn {
	kind, proto := "Stream", fact.TCP
	if strings.EqualFold(s.Text("SockType"), "dgram") || strings.EqualFold(s.Text("SockProtocol"), "UDP") {
		kind, proto = "Datagram", fact.UDP
	}
	if passive, ok := s["SockPassive"].(bool); ok && !passive {
		return nil // it connects
	}
	if path := s.Text("SockPathName"); path != "" {
		return []fact.ListenOn{{Kind: kind, Address: path}}
	}
	port := r.servicePort(s["SockServiceName"], proto)
	if port == 0 {
		return nil
	}
	var all []fact.ListenOn
	for _, a := range addresses(s.Text("SockNodeName"), s.Text("SockFamily")) {
		at := netip.AddrPortFrom(a, port)
		all = append(all, fact.ListenOn{Kind: kind, Address: at.String(), Local: at})
	}
	return all
}

// servicePort reads a port: a number, a number in letters, or a service's name.
func (r *reading) servicePort(v any, proto fact.Proto) uint16 {
	switch v := v.(type) {
	case int64:
		if v > 0 && v <= 65535 {
			return uint16(v)
		}
	case string:
		if n, err := strconv.ParseUint(v, 10, 16); err == nil {
			return uint16(n)
		}
		return r.port(proto, v)
	}
	return 0
}

func addresses(node, family string) []netip.Addr {
	four, six := netip.IPv4Unspecified(), netip.IPv6Unspecified()
	if strings.EqualFold(node, "localhost") {
		four, six = netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	} else if node != "" {
		a, err := netip.ParseAddr(node)
		if err != nil {
			return nil // a name of the network: whose address it is now, nobody is asked
		}
		return []netip.Addr{a}
	}
	switch {
	case strings.EqualFold(family, "IPv4"):
		return []netip.Addr{four}
	case strings.EqualFold(family, "IPv6"), strings.EqualFold(family, "IPv4v6"):
		return []netip.Addr{six}
	}
	return []netip.Addr{four, six}
}
