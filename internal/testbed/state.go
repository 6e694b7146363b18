package testbed

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// State is all of a machine that must be as before when a change has been taken
// back. Equal states have equal maps; times, PIDs and inodes are in none of them.
type State struct {
	// Files are the paths that are not as in the root file system the machine was
	// booted from, with what they are: "gone", or sort, mode, owner and SHA-256 or
	// target. The whole root file system counts, and of /run what tells systemd
	// something; see forgotten for what does not.
	Files map[string]string
	// Units are the units that have a file or run, with ActiveState and SubState,
	// UnitFileState, drop-ins and whether the manager has read their files.
	Units map[string]string
	// Listeners are endpoints ("tcp 0.0.0.0:80") and the units that hold them.
	Listeners map[string]string
}

// forgotten are the paths below which things change by themselves.
func forgotten() []string {
	return []string{
		"/var/log",                       // what programs say
		"/var/lib/systemd",               // random seed, clock, stamps of timers; no configuration
		"/tmp", "/var/tmp", "/var/cache", // may be lost at any moment by definition
		"/etc/machine-id", "/etc/resolv.conf", // made at boot, by systemd and nspawn
		"/usr/local/bin/berth", "/opt/self.test", // the test's own programs, see BerthPath
		"/dev", "/proc", "/sys", "/run", // not of the disk; tellsSystemd is read apart
	}
}

// tellsSystemd are the folders of /run that hold units, links and drop-ins.
func tellsSystemd() []string {
	return []string{
		"/run/systemd/system", "/run/systemd/system.control", "/run/systemd/transient",
		"/run/systemd/generator", "/run/systemd/generator.early", "/run/systemd/generator.late",
	}
}

// Diff lists what differs between two states, sorted: "file /etc/x: A, then B".
func Diff(a, b State) []string {
	var out []string
	for _, part := range []struct {
		name string
		a, b map[string]string
	}{{"file", a.Files, b.Files}, {"unit", a.Units, b.Units}, {"listener", a.Listeners, b.Listeners}} {
		all := maps.Clone(part.a)
		maps.Copy(all, part.b)
		for _, k := range slices.Sorted(maps.Keys(all)) {
			if was, is := part.a[k], part.b[k]; was != is {
				out = append(out, fmt.Sprintf("%s %s: %s, then %s", part.name, k, orNone(was), orNone(is)))
			}
		}
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "as booted from, or not there"
	}
	return s
}

// State reads the machine's state, after all of systemd's jobs are done. It takes
// a fraction of a second. Paths below except are left out too: berth's own journal,
// where that is not what is looked at.
func (m *Machine) State(except ...string) State {
	m.t.Helper()
	Await(m.t, "systemd's jobs to be done", func() bool { return m.Run("systemctl", "list-jobs", "--no-legend") == "" })
	return State{Files: m.files(append(forgotten(), except...)), Units: m.units(), Listeners: m.listeners()}
}

// units reads every unit that has a file or is loaded. Of those that nothing wants
// systemd keeps none in memory, so an inactive unit counts by its file alone.
func (m *Machine) units() map[string]string {
	m.t.Helper()
	out := map[string]string{}
	for _, line := range lines(m.Run("systemctl", "list-unit-files", "--no-legend", "--no-pager", "--full")) {
		if f := strings.Fields(line); len(f) >= 2 {
			out[f[0]] = "inactive, file " + f[1]
		}
	}
	text := m.Run("systemctl", "show", "*", "--all", "-p", "Id,ActiveState,SubState,UnitFileState,DropInPaths,NeedDaemonReload")
	for block := range strings.SplitSeq(text, "\n\n") {
		u := properties(block)
		kind := u["Id"][strings.LastIndexByte(u["Id"], '.')+1:]
		if u["ActiveState"] == "inactive" && u["DropInPaths"] == "" && u["NeedDaemonReload"] != "yes" ||
			slices.Contains([]string{"scope", "slice", "device"}, kind) || // come and go with processes
			strings.HasPrefix(u["Id"], "run-") && kind == "mount" { // and what is mounted for them
			continue
		}
		out[u["Id"]] = describe(u)
	}
	return out
}

func describe(u map[string]string) string {
	s := u["ActiveState"]
	if s != "inactive" {
		s += " (" + u["SubState"] + ")"
	}
	s += ", file " + u["UnitFileState"]
	if u["DropInPaths"] != "" {
		s += ", drop-ins " + u["DropInPaths"]
	}
	if u["NeedDaemonReload"] == "yes" {
		s += ", files not read yet"
	}
	return s
}

// listeners reads what the machine listens on; the owners are units, by the cgroup
// of each process that has the socket.
func (m *Machine) listeners() map[string]string {
	m.t.Helper()
	owners := map[string][]string{}
	for _, line := range lines(m.Run("ss", "-Hltunp")) {
		f := strings.Fields(line)
		if len(f) < 5 {
			m.t.Fatalf("ss says %q", line)
		}
		key := f[0] + " " + f[4]
		owners[key] = append(owners[key], "")
		for _, pid := range pids(line) {
			owners[key] = append(owners[key], m.unitOf(pid))
		}
	}
	out := map[string]string{}
	for key, units := range owners {
		slices.Sort(units)
		out[key] = "held by" + strings.Join(slices.Compact(units), " ")
	}
	return out
}

func (m *Machine) unitOf(pid string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.Root("/proc/" + pid + "/cgroup"))
	if err != nil {
		return "a process that ended"
	}
	for _, line := range lines(string(text)) {
		if _, path, ok := strings.Cut(line, "0::"); ok {
			return path[strings.LastIndexByte(path, '/')+1:]
		}
	}
	return "?"
}

// pids are the numbers behind "pid=" in a line of ss.
func pids(line string) []string {
	var out []string
	for _, rest := range strings.Split(line, "pid=")[1:] {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n > 0 {
			out = append(out, rest[:n])
		}
	}
	return out
}

func properties(block string) map[string]string {
	out := map[string]string{}
	for _, line := range lines(block) {
		if k, v, ok := strings.Cut(line, "="); ok {
			out[k] = v
		}
	}
	return out
}

func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}
