package service

import (
	"strconv"
	"strings"
)

// Names of service managers in [fact.Unit] rows and [Place]. A manager inside a
// machine carries "-M NAME", as systemctl's own flag does.
const (
	Systemd     = "systemd"
	SystemdUser = "systemd --user"
)

// Place is what a cgroup path says about whatever is in it.
type Place struct {
	Manager string // "systemd", "systemd --user", "systemd -M web"; "" where Unit is
	Unit    string // the innermost unit, escaped as the manager writes it
	UserUID string // owner of the user manager or login session, in decimal
	Slice   string // the innermost slice
	Machine string // name or id of the container or machine Unit runs in; "" = this one
	Outer   string // unit of this machine's own manager around that machine
	// Engine is the container engine whose scope or payload the path leads
	// through: "docker", "podman", "containerd", "cri-o", "kubernetes", "lxc".
	// Such a scope is a container and not a unit of this room.
	Engine string
}

// OneOwner tells whether everything in the place belongs to one service of this
// machine: not a login session, not a manager itself, not a container.
func (p Place) OneOwner() bool {
	return p.Engine == "" && p.Machine == "" && strings.HasSuffix(p.Unit, ".service") && !isUserManager(p.Unit)
}

// Nested tells whether the unit belongs to a manager inside a container or
// machine, which this machine's manager knows nothing of.
func (p Place) Nested() bool { return p.Machine != "" && p.Unit != "" }

// FromCgroup reads unit, manager and session from the path of a cgroup, or from a
// line of /proc/PID/cgroup: cgroup2, name=systemd of v1, as the host or as a
// nested namespace sees it. It reports false where the path names no unit; Engine
// may be set even then. It reads nothing and never fails.
func FromCgroup(path string) (Place, bool) {
	at := strings.IndexByte(path, '/')
	if at < 0 {
		return Place{}, false
	}
	path = strings.TrimSuffix(path[at:], " (deleted)")
	var w walk
	for name := range strings.SplitSeq(path, "/") {
		w.step(strings.TrimPrefix(name, "_")) // systemd guards names that a controller could claim
	}
	return w.end()
}

// walk is the state of reading a path from the root inwards.
type walk struct {
	p       Place
	user    bool   // inside user@UID.service
	settled bool   // Unit is final on this level
	pending string // engine whose next folder is a container
}

func (w *walk) step(name string) {
	pending := w.pending
	w.pending = ""
	switch engine, id := engineScope(name); {
	case engine != "":
		w.enter(engine, id)
	case name == "payload":
		w.enter("", machineName(w.p.Unit))
	case pending != "" && (pending == "lxc" || isHex(name)):
		w.enter(pending, name)
	case pending == "kubernetes" || engineFolder(name) != "":
		w.pending = max(pending, engineFolder(name))
		w.slice(name)
	case strings.HasSuffix(name, ".slice"):
		w.slice(name)
	case isUnit(name):
		w.unit(name)
	}
}

// enter goes into a container or machine: units further in are not this manager's.
func (w *walk) enter(engine, id string) {
	if w.p.Outer == "" && w.p.Machine == "" {
		w.p.Outer = w.p.Unit
		if w.p.Manager == SystemdUser || isUserManager(w.p.Unit) {
			w.p.Outer = ""
		}
	}
	if engine != "" {
		w.p.Engine = engine
	}
	w.p.Machine, w.p.Unit, w.p.Manager = id, "", ""
	w.user, w.settled = false, false
}

func (w *walk) slice(name string) {
	if !strings.HasSuffix(name, ".slice") {
		return
	}
	if w.settled && !w.user && (name == "system.slice" || name == "user.slice") {
		w.enter("", machineName(w.p.Unit)) // a delegated service that runs a manager of its own
	}
	w.p.Slice = name
	if uid, ok := between(name, "user-", ".slice"); ok && isNumber(uid) {
		w.p.UserUID = uid
	}
}

func (w *walk) unit(name string) {
	if w.settled {
		return // a folder that a delegated unit made for itself
	}
	w.p.Unit, w.p.Manager = name, Systemd
	if w.user {
		w.p.Manager = SystemdUser
	}
	if w.p.Machine != "" {
		w.p.Manager += " -M " + w.p.Machine
	}
	w.settled = true
	if uid, ok := between(name, "user@", ".service"); ok && isNumber(uid) && !w.user {
		w.user, w.settled, w.p.UserUID = true, false, uid
	}
}

func (w *walk) end() (Place, bool) {
	if w.p.Unit == "" && w.p.Outer != "" {
		w.p.Unit, w.p.Manager, w.p.Outer, w.p.Machine = w.p.Outer, Systemd, "", ""
	}
	return w.p, w.p.Unit != ""
}

// engineScope recognises the scope or payload of one container and its id.
func engineScope(name string) (engine, id string) {
	if rest, ok := strings.CutPrefix(name, "lxc.payload."); ok {
		return "lxc", rest
	}
	name = strings.TrimSuffix(name, ".scope")
	for _, e := range [...]struct{ prefix, engine string }{
		{"docker-", "docker"}, {"libpod-conmon-", "podman"}, {"libpod-payload-", "podman"}, {"libpod-", "podman"},
		{"cri-containerd-", "containerd"}, {"nerdctl-", "containerd"}, {"crio-conmon-", "cri-o"}, {"crio-", "cri-o"},
	} {
		if id, ok := strings.CutPrefix(name, e.prefix); ok && isHex(id) {
			return e.engine, id
		}
	}
	return "", ""
}

// engineFolder recognises a folder in which an engine keeps its containers'.
func engineFolder(name string) string {
	switch {
	case name == "docker", name == "lxc":
		return name
	case name == "libpod_parent":
		return "podman"
	case strings.HasPrefix(name, "kubepods"):
		return "kubernetes"
	}
	return ""
}

// machineName is the machine that a unit runs, by the names systemd gives such
// units, and "?" where the name does not tell.
func machineName(unit string) string {
	if name, ok := between(unit, "systemd-nspawn@", ".service"); ok {
		return unescape(name)
	}
	if name, ok := between(unit, "machine-", ".scope"); ok {
		return unescape(name)
	}
	return "?"
}

func isUserManager(unit string) bool { return strings.HasPrefix(unit, "user@") }

// isUnit tells whether a folder has the name of a unit that can have processes.
func isUnit(name string) bool {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || len(name) > 255 {
		return false
	}
	switch name[i+1:] {
	case "service", "scope", "socket", "mount", "swap":
	default:
		return false
	}
	for _, c := range []byte(name) {
		if !isAlnum(c) && !strings.ContainsRune(`:-_.\@`, rune(c)) {
			return false
		}
	}
	return true
}

// unescape turns systemd's \x2d back into what it stands for.
func unescape(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if i+4 <= len(s) && s[i:i+2] == `\x` {
			if c, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				out = append(out, byte(c))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func between(s, prefix, suffix string) (string, bool) {
	s, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, suffix)
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// isHex tells whether s looks like an engine's container id.
func isHex(s string) bool {
	return len(s) >= 12 && strings.Trim(s, "0123456789abcdef") == ""
}
