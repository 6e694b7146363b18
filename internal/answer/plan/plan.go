// Package plan holds the words of a change before it is made: a plan, its steps, and
// for each step the state of one thing before and after. It is pure, and its values
// are what the journal keeps on disk.
//
// A step names one thing (its Subject) and two states of it. To check is to read the
// thing and compare it with Before; to do is to set it to After; to verify is to read
// it again; to undo is to set it to Before, unless somebody else has changed what
// After says. So a step needs no code of its own, only a driver for its Kind.
package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/berthd/berth/internal/fact"
)

// Version is the form of a plan on disk. A plan of a higher version is refused.
const Version = 1

// Kind is a sort of thing that can be changed; one driver knows it.
type Kind string

// The kinds, with what Name is for each and the fields of its State.
const (
	// Unit is a systemd unit. Name: "nginx.service". Of: "manager" ("system", or a
	// uid for that user's manager). State: "active" ("active", "inactive",
	// "failed", ...), "enabled" (systemd's UnitFileState: "enabled", "disabled",
	// "static", "masked", "linked", ...; not there where the unit has no file),
	// "links" (what enabling made: "PATH -> TARGET" a line; never in After, for what
	// Before has is put back with "enabled"; units that Also= names are steps of their
	// own), "exists" ("yes", "no"). "failed" cannot be put back and becomes "inactive". A socket unit
	// only starts while its service does not run: in doing and in undoing it comes
	// first, so the service's step stands before it with OnUndo and behind with OnDo.
	Unit Kind = "unit"
	// Reload asks a running server or a manager to read its configuration again.
	// Name: a unit, which is reloaded, or restarted where it cannot reload; or
	// "systemd" for the manager itself. Of as of Unit. No state: it is an event.
	Reload Kind = "reload"
	// File is a file. Name: its absolute path. State: "exists", "content" (bytes),
	// "mode" (octal), "owner" ("uid:gid"), "label" (SELinux); read only:
	// "target" (where a symbolic link leads: it is what is read and written), "links"
	// (hard links, where more than 1: it is refused), "parents" (the nearest folder
	// above that exists). On Windows "sddl" stands for mode, owner and label.
	File Kind = "file"
	// ConfigTest asks a server to check its own configuration. Name: "nginx",
	// "apache", "sshd", "haproxy", "lighttpd", "caddy", "systemd". Of: "program"
	// (absolute path), "config" (for systemd the unit), "uid" (whose server it is,
	// where not the asker's). State: "valid" ("yes", "no"), "why". It is never set.
	ConfigTest Kind = "config-test"
	// Process is a process. Name: its PID. Of: "start" (what stands behind the "@" of
	// its row's ID: ticks since boot, a FILETIME, microseconds since 1970), "grace" (how
	// long it may take to end when asked: "10s"), "force" ("yes": it is killed when it
	// does not end), "children" ("yes": descendants that share its listening sockets
	// end in the same way). State: "state" ("running", "stopped", "gone"), "exe"; told and
	// not compared (see Told): "command" (without secrets), "cwd", "user", "note"
	// ("zombie", "traced", "main thread ended"). To set: "state".
	Process Kind = "process"
	// Container is a container of an engine. Name: its full ID. Of: "engine" ("docker",
	// "podman"), "socket" (of its API; "": docker's usual one, podman by its program), "user" (uid of a
	// rootless engine's user), "grace" (as of Process). State: "exists", "running",
	// "paused", "autoremove" ("yes", "no"; with --rm it vanishes when it stops, which
	// is final), "restart" ("no", "always", "unless-stopped", "on-failure:5"), "name",
	// "returns" ("yes": stopped, it is started again when the engine is, or sooner),
	// "keeper" (by whom: "systemd:web.service", "swarm:NAME", "kubernetes:POD"). To set:
	// "running", "paused" (a paused one must be "no" before it can stop), "restart".
	Container Kind = "container"
	// Supervised is a program under a supervisor that is asked by its own command.
	// Name: the program. Of: "supervisor" ("supervisord", "pm2", "runit", "s6",
	// "launchd"), and what else its command needs, see change/drive/supervised.
	// State: "running" ("yes", "no").
	Supervised Kind = "supervised"
	// Sysctl is a kernel parameter. Name: "net.ipv4.ip_local_reserved_ports". State: "value".
	Sysctl Kind = "sysctl"
	// Service is a Windows service. Name: its short name. State: "state" ("running",
	// "stopped", "stop-pending", ...), "start" ("boot", "system", "auto",
	// "auto-delayed", "manual", "disabled"), "exists", and, where it has them, "command"
	// (its whole command line), "display" (the name that is shown), "description",
	// "account" ("LocalSystem"): with them a service is made, and they are never changed.
	// One that is to exist no more is stopped first.
	Service Kind = "service"
	// Registry is a value in the registry. Name: the key, root spelt out. Of: "value"
	// ("" is the key's default value). State: "exists", "type" ("REG_DWORD", ..., or a
	// number), "data" (the bytes as they are kept: text is UTF-16 with its zeros),
	// "key-exists"; where the key is not there, "key-above", the nearest that is.
	Registry Kind = "registry"
	// URLACL is a reservation of HTTP.sys. Name: the prefix. State: "exists", "sddl" (as
	// Windows writes it: an alias where it has one, else the SID).
	URLACL Kind = "urlacl"
	// IPListen is HTTP.sys's listen list. Name: "HTTP". State: "addresses" (in their
	// own order, IPv4 first, separated by one blank; "" is all).
	IPListen Kind = "iplisten"
	// HTTPTimeout is a machine-wide timer of HTTP.sys. Name: "idle-connection",
	// "header-wait". State: "value" (seconds).
	HTTPTimeout Kind = "http-timeout"
	// ExcludedRange is an administered excluded port range of Windows. Name: "tcp
	// 50000-50059". State: "exists", "kept" ("yes" where it outlives a reboot).
	ExcludedRange Kind = "excluded-range"
	// PortProxy is an entry of netsh interface portproxy. Name: "v4tov4 0.0.0.0:80", the
	// address as netsh shows it ("*:80", "[::1]:80"). State: "exists", "to" (in the
	// same form).
	PortProxy Kind = "portproxy"
	// Site is a site or an application pool of IIS. Name: "site:NAME" or
	// "pool:NAME". State: "exists", "running" ("yes", "no", "starting", "stopping";
	// unknown while IIS itself does not run).
	Site Kind = "site"
)

// Subject names one thing on the machine.
type Subject struct {
	Kind Kind              `json:"kind"`
	Name string            `json:"name"`
	Of   map[string]string `json:"of,omitempty"` // where it is to be found, see Kind
}

// Phase says when a step acts.
type Phase string

// The phases. What must come after a file was put back (a reload) stands before that
// file's step with OnUndo, and behind it with OnDo, since undoing goes backwards.
const (
	Always Phase = ""
	OnDo   Phase = "do"
	OnUndo Phase = "undo"
)

// Class says how much of a step can be taken back.
type Class string

// The classes. Reversible: exactly as before. Restartable: the same thing is started
// again; PID, uptime and connections are gone. Final: it cannot be taken back, and
// what it was (command line, folder, user) is kept.
const (
	Reversible  Class = "reversible"
	Restartable Class = "restartable"
	Final       Class = "final"
)

// Reason names a sentence of report's and its arguments.
type Reason struct {
	ID   string            `json:"id"`
	Args map[string]string `json:"args,omitempty"`
}

// Step changes one thing.
type Step struct {
	Subject Subject `json:"subject"`
	// Before is what the thing must be like now: all that undo puts back, and what
	// identifies it. Planning fills in what the facts say; reading it fills the rest.
	Before State `json:"before"`
	// After is what the step makes of it: only the fields that change.
	After State  `json:"after"`
	On    Phase  `json:"on,omitempty"`
	Class Class  `json:"class"`
	Why   Reason `json:"why"`
	// Limit bounds doing and undoing it; 0 is the default of apply.
	Limit time.Duration `json:"limit,omitempty"`
	// Reboot: it takes effect only when the machine has been started again.
	Reboot bool `json:"reboot,omitempty"`
}

// Bind is one socket that must be possible, or be there, when the plan is done.
type Bind struct {
	Proto     fact.Proto `json:"proto"`
	Addr      string     `json:"addr"` // "0.0.0.0", "::", "192.0.2.1"
	Port      uint16     `json:"port"`
	V6Only    *bool      `json:"v6only,omitempty"`
	ReuseAddr bool       `json:"reuseAddr,omitempty"`
	ReusePort bool       `json:"reusePort,omitempty"`
	Exclusive bool       `json:"exclusive,omitempty"`
}

// Goal is what the plan is for, and what is verified in place of the deeds.
type Goal struct {
	// Binds must all work for the one who asks, or belong to Owner where it is set.
	Binds []Bind `json:"binds"`
	// Owner is the newcomer that must hold them: "unit:apache2.service", "pid:412",
	// "service:Apache2.4"; "" where a trial bind decides.
	Owner string `json:"owner,omitempty"`
	// Settle is how long after the last step the goal is verified again.
	Settle time.Duration `json:"settle"`
}

// Listener is an endpoint and who had it: what "as before" is compared with.
type Listener struct {
	Proto fact.Proto `json:"proto"`
	Addr  string     `json:"addr"`
	Port  uint16     `json:"port"`
	Owner string     `json:"owner"` // "unit:nginx.service", "container:web", "process:node"
}

// Cost is what a plan costs, in values that report puts into words.
type Cost struct {
	Privilege string   `json:"privilege"`          // "none", "root", "administrator", "owner:NAME"
	Risk      string   `json:"risk"`               // "none", "low", "medium", "high"
	Stops     []string `json:"stops,omitempty"`    // what stops working, a unit, a site, a service each
	Downtime  string   `json:"downtime,omitempty"` // "none", "moment", "until-undone"
	Class     Class    `json:"class"`              // the worst of its steps
	Survives  bool     `json:"survives"`           // a reboot
	Reboot    bool     `json:"reboot,omitempty"`   // it needs one
	// CutsOff names what might be cut off from the person who asks: "ssh", "dns",
	// "rdp"; "" for nothing. Such a plan goes back by itself unless it is confirmed.
	CutsOff string `json:"cutsOff,omitempty"`
}

// Plan is a way out, step by step.
type Plan struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	Remedy  string    `json:"remedy"` // KIND[:TARGET]
	Port    uint16    `json:"port"`
	Proto   string    `json:"proto"`
	For     string    `json:"for,omitempty"` // the newcomer, as it was named
	Goal    Goal      `json:"goal"`
	Cost    Cost      `json:"cost"`
	Steps   []Step    `json:"steps"`
	// Was are the listeners of the ports in question before anything is done. Ports are
	// those of the ports that somebody moves to.
	Was   []Listener `json:"was,omitempty"`
	Ports []uint16   `json:"ports,omitempty"`
	// Warnings are said before the person is asked.
	Warnings []Reason `json:"warnings,omitempty"`
}

// Within gives every step of a plan the same limit; 0 leaves each its own.
func (p Plan) Within(limit time.Duration) Plan {
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].Limit = cmp.Or(limit, p.Steps[i].Limit)
	}
	return p
}
