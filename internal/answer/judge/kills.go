package judge

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/answer/judge/shell"
	"github.com/berthd/berth/internal/fact"
)

// kills judges what ends processes.
func (r rule) kills() bool {
	switch r.V.Rule {
	case known.KillKernel, known.KillInit:
		r.kernelKill()
	case known.KillPID:
		r.killPID(r.V.Args["pid"])
	case known.KillName:
		r.killName(strings.Trim(r.V.Args["name"], `"'`))
	case known.KillPattern:
		r.Note(ruling.MatchesMore)
		r.forced()
	case known.KillPort:
		r.killPort(r.portsNamed())
	default:
		return false
	}
	return true
}

func (r rule) kernelKill() {
	if r.V.Rule == known.KillKernel {
		r.Note(ruling.KernelHasIt)
		r.OwnerInstead()
	}
}

// forced: what is ended by force cannot write its data down.
func (r rule) forced() {
	if r.C.Has("f", "force", "9", "KILL", "SIGKILL", "kill") || strings.EqualFold(r.C.Option("s", "signal"), "kill") || r.C.Option("s") == "9" || r.C.Name == "fuser" && !r.C.Has("TERM") {
		r.Note(ruling.NoGoodbye)
	}
}

// killPID judges ending one process. Its number may come from another command.
func (r rule) killPID(pid string) {
	text := r.V.Command
	n, err := strconv.Atoi(pid)
	if err != nil {
		if name := nameAsked(text); name != "" {
			r.Become(known.KillName)
			r.killName(name)
			return
		}
		if ports := portsIn(text); len(ports) > 0 || asksForPort(text) {
			r.Become(known.KillPort)
			r.killPort(ports)
			return
		}
		r.forced()
		return
	}
	if n == 4 && r.Set.Machine.OS == "windows" {
		r.Become(known.KillKernel)
		r.kernelKill()
		return
	}
	r.forced()
	var p *fact.Process
	for i := range r.Set.Processes {
		if q := &r.Set.Processes[i]; q.PID == n {
			p = q
		}
	}
	switch {
	case p != nil:
		r.ends1(p)
	case len(r.Set.Processes) >= 20:
		r.Nothing(ruling.NoSuchPID, "pid", pid)
	default:
		r.Note(ruling.ForeignPID, "pid", pid)
		r.V.Confidence = ruling.Likely
	}
}

// ends1 says what goes with one process.
func (r rule) ends1(p *fact.Process) {
	r.About(ruling.ProcessIs, []fact.ID{p.ID})
	r.killed([]*fact.Process{p})
	r.Frees(func(id fact.ID) bool { return id == p.ID })
}

// killed says what stands behind processes that are ended: the services in them, the
// supervisor that starts them again, the engine they forward for.
func (r rule) killed(ps []*fact.Process) {
	var units, again []fact.ID
	for _, p := range ps {
		for _, l := range r.Links(p.ID) {
			u := r.UnitRow(l.To)
			if u == nil || l.Kind != fact.PartOf && l.Kind != fact.MainOf && l.Kind != fact.StartedBy || slices.Contains(units, l.To) {
				continue
			}
			units = append(units, l.To)
			if u.Restart != "" && u.Restart != "no" || u.Manager == "launchd" || u.Manager == "pm2" {
				again = append(again, l.To)
			}
		}
		s := catalog.Subject{OS: r.Set.Machine.OS, Exe: p.Exe, Comm: p.Name, Args: p.Args}
		for _, e := range catalog.Match(s) {
			if e.Kind == catalog.Forwarder {
				r.V.Class = known.Breaks
				r.About(ruling.ForwarderOnly, []fact.ID{p.ID}, "entry", e.ID)
			}
			break
		}
	}
	switch {
	case len(units) > 1 && len(ps) == 1:
		r.V.Class = known.Breaks
		r.About(ruling.SharedProcess, units)
	case len(units) > 0:
		r.Rather("stop:" + r.UnitRow(units[0]).Name)
	}
	if len(again) > 0 {
		r.About(ruling.Restarts, again)
	}
}

// killName judges ending every process of one name.
func (r rule) killName(name string) {
	name = strings.TrimPrefix(strings.ToLower(name), "imagename eq ")
	if i := strings.IndexByte(name, ' '); i > 0 && r.C.Name == "killall" {
		name = name[:i]
	}
	if q, ok := strings.CutPrefix(name, "name="); ok {
		name = strings.Trim(q, `"'`)
	}
	r.V.Args["name"] = name
	r.forced()
	switch strings.TrimSuffix(name, ".exe") {
	case "svchost", "csrss", "wininit", "winlogon", "services", "lsass", "smss":
		r.V.Class = known.Breaks
		r.Note(ruling.SystemProcess, "name", name)
		return
	case "system":
		r.Become(known.KillKernel)
		r.kernelKill()
		return
	case "systemd", "init", "launchd":
		r.Become(known.KillInit)
		return
	}
	var ps []*fact.Process
	for i := range r.Set.Processes {
		p := &r.Set.Processes[i]
		if sameName(p, name) {
			ps = append(ps, p)
		}
	}
	switch {
	case len(ps) == 0 && len(r.Set.Processes) >= 20:
		r.Nothing(ruling.NoSuchName, "name", name)
	case len(ps) == 0:
		r.Note(ruling.ManyProcesses, "name", name)
		r.V.Confidence = ruling.Likely
	case len(ps) == 1:
		r.ends1(ps[0])
	default:
		r.V.Class = known.Breaks
		r.About(ruling.ManyProcesses, rows(ps), "name", name, "count", ruling.Itoa(len(ps)))
		r.killed(ps)
		r.Frees(func(id fact.ID) bool { return slices.Contains(rows(ps), id) })
	}
}

func rows(ps []*fact.Process) []fact.ID {
	var out []fact.ID
	for _, p := range ps {
		out = append(out, p.ID)
	}
	return out
}

// sameName tells whether a process goes by a name that a command gives.
func sameName(p *fact.Process, name string) bool {
	base := path.Base(strings.ReplaceAll(p.Exe, `\`, "/"))
	for _, have := range [...]string{p.Name, base} {
		have = strings.ToLower(have)
		if have == name || have == name+".exe" || strings.HasSuffix(name, "*") && strings.HasPrefix(have, strings.TrimSuffix(name, "*")) {
			return have != "" && have != "."
		}
	}
	return false
}

// killPort judges ending whoever a port lists.
func (r rule) killPort(ports []uint16) {
	r.forced()
	text := r.V.Command
	listeners := strings.Contains(strings.ToUpper(text), "LISTEN") || strings.Contains(text, "ss -l") || strings.Contains(text, "ss -tl")
	if !listeners {
		r.Note(ruling.ClientsToo)
	}
	var ps []*fact.Process
	for _, port := range ports {
		r.V.Args["port"] = ruling.Itoa(int(port))
		if r.KernelPort(port) {
			r.V.Class = known.WrongTool
			r.Note(ruling.KernelHasIt)
			r.OwnerInstead()
		}
		socks := r.Serving(port)
		if len(socks) == 0 && len(r.Set.Sockets) > 0 {
			r.Note(ruling.NobodyHolds, "port", ruling.Itoa(int(port)))
		}
		for _, s := range socks {
			for id := range r.Behind(s) {
				if p := r.Process(id); p != nil && p.PID != 4 && !slices.Contains(ps, p) {
					ps = append(ps, p)
				}
			}
		}
	}
	if len(ps) > 0 {
		slices.SortFunc(ps, func(a, b *fact.Process) int { return a.PID - b.PID })
		r.About(ruling.ProcessIs, rows(ps))
		r.killed(ps)
	}
}

// portsNamed are the ports that the command itself names.
func (r rule) portsNamed() []uint16 {
	var out []uint16
	for _, w := range append(strings.Fields(r.V.Args["port"]), r.C.Words...) {
		w, _, _ = strings.Cut(strings.TrimPrefix(w, ":"), "/")
		if n, err := strconv.ParseUint(w, 10, 16); err == nil && n > 0 && !slices.Contains(out, uint16(n)) {
			out = append(out, uint16(n))
		}
	}
	return out
}

// portsIn are the ports that a command line asks some tool about: ":80", "-i:80",
// "-LocalPort 80".
func portsIn(text string) []uint16 {
	var out []uint16
	fields := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" '\"`()|=", c) })
	for i, w := range fields {
		named := i > 0 && (strings.EqualFold(fields[i-1], "-localport") || strings.EqualFold(fields[i-1], "sport"))
		at := strings.LastIndexByte(w, ':')
		if at < 0 && !named {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimRight(w[at+1:], `$"'/tcp`), 10, 16); err == nil && n > 0 && !slices.Contains(out, uint16(n)) {
			out = append(out, uint16(n))
		}
	}
	return out
}

func asksForPort(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc([]string{"lsof", "netstat", "nettcpconnection", "fuser "}, func(s string) bool { return strings.Contains(lower, s) })
}

// nameAsked is the program that pidof or pgrep is asked for, or Get-Process.
func nameAsked(text string) string {
	fields := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" $()`|\"'", c) })
	for i, w := range fields {
		switch shell.Program(w) {
		case "pidof", "pgrep", "get-process":
			for _, next := range fields[i+1:] {
				if strings.EqualFold(next, "-id") {
					return ""
				}
				if next[0] != '-' {
					return next
				}
			}
		}
	}
	return ""
}
