package fact

import (
	"net/netip"
	"time"
)

// Unit is a thing a supervisor starts, stops and restarts: a systemd unit, a
// Windows service, a launchd job, a runit or supervisord service, a pm2 app.
type Unit struct {
	ID          ID     `json:"id"`
	Manager     string `json:"manager"` // "systemd", "systemd --user", "scm", "runit", "supervisord", "pm2", "cron", "inetd", "docker", ...
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type,omitempty"` // systemd: suffix without dot ("service", "socket", "scope", "slice")
	// Load, Active, Sub, Result, FileState are the manager's own words
	// (systemd: loaded, active, running, exit-code, enabled).
	Load       string `json:"load,omitempty"`
	Active     string `json:"active,omitempty"`
	Sub        string `json:"sub,omitempty"`
	Result     string `json:"result,omitempty"`
	FileState  string `json:"fileState,omitempty"`
	MainPID    int    `json:"mainPid,omitempty"`
	User       string `json:"user,omitempty"`
	UserUID    string `json:"userUid,omitempty"` // of a per-user manager, or whose session a session scope is
	Restart    string `json:"restart,omitempty"` // "no", "on-failure", "always", ...; what brings it back
	NRestarts  uint32 `json:"nRestarts,omitempty"`
	ExitStatus int    `json:"exitStatus,omitempty"`
	Cgroup     string `json:"cgroup,omitempty"`
	Fragment   string `json:"fragment,omitempty"` // unit file
	ExecStart  string `json:"execStart,omitempty"`
	KillMode   string `json:"killMode,omitempty"`
	// Triggers are the units a socket (or path) unit starts; TriggeredBy the reverse.
	Triggers    []string   `json:"triggers,omitempty"`
	TriggeredBy []string   `json:"triggeredBy,omitempty"`
	Listens     []ListenOn `json:"listens,omitempty"` // a socket unit's own ListenStream= and friends
	Accept      bool       `json:"accept,omitempty"`  // a socket unit with Accept=yes: one service instance a connection
	// BindIPv6Only is a socket unit's word for whether its [::] listens for IPv4
	// too: "both", "ipv6-only", or "default" (the machine's bindv6only decides).
	BindIPv6Only string    `json:"bindIPv6Only,omitempty"`
	Changed      time.Time `json:"changed,omitzero"` // last change of Active
	Log          []LogLine `json:"log,omitempty"`    // newest last; only lines that a question needed
	NoNewPrivs   bool      `json:"noNewPrivs,omitempty"`
	AmbientCaps  uint64    `json:"ambientCaps,omitempty"`
	Evidence     string    `json:"evidence"`
	// Windows is set on services and drivers of the service control manager.
	Windows *WindowsService `json:"windows,omitempty"`
}

// WindowsService is what only the service control manager tells of a service or
// driver. Unit.Description is its display name, Unit.Active its state in one of
// the words "running", "stopped", "starting", "stopping", "continuing",
// "pausing", "paused", Unit.User its account, Unit.ExecStart its command line.
type WindowsService struct {
	Kind string `json:"kind,omitempty"` // "driver", "file-system-driver", "own-process", "share-process"; "user-" before it for a user's
	// Start is the start type as the registry numbers it, nil where it is not known:
	// 0 boot, 1 system, 2 automatic, 3 manual (on demand), 4 disabled.
	Start *uint32 `json:"start,omitempty"`
	// NextStart is the start type in the registry where that is another than Start:
	// somebody wrote it past the service control manager, and it counts from the
	// next boot on.
	NextStart *uint32 `json:"nextStart,omitempty"`
	Delayed   bool    `json:"delayed,omitempty"`   // automatic, some minutes after boot
	Triggered bool    `json:"triggered,omitempty"` // has trigger events: manual, and started all the same
	// DependsOn are the services that must run before it (DependOnService; a group
	// has a "+" in front). Dependents are those that the manager itself names as
	// depending on it (EnumDependentServices), where it was asked.
	DependsOn  []string `json:"dependsOn,omitempty"`
	Dependents []string `json:"dependents,omitempty"`
	// CanStop tells whether the asker may stop it, MayChange whether the asker may
	// change its configuration; nil = not asked.
	CanStop     *bool `json:"canStop,omitempty"`
	MayChange   *bool `json:"mayChange,omitempty"`
	AcceptsStop *bool `json:"acceptsStop,omitempty"` // it handles the stop control at all
}

// StartWord is the start type in a word: "boot", "system", "automatic",
// "manual", "disabled", or "" where it is not known.
func (w *WindowsService) StartWord() string {
	if w == nil || w.Start == nil || *w.Start > 4 {
		return ""
	}
	return [...]string{"boot", "system", "automatic", "manual", "disabled"}[*w.Start]
}

// ListenOn is one address a socket unit was told to listen on.
type ListenOn struct {
	Kind    string         `json:"kind"` // "Stream", "Datagram", ...
	Address string         `json:"address"`
	Local   netip.AddrPort `json:"local,omitzero"` // where Address is an IP endpoint
}

// LogLine is one line of a unit's log.
type LogLine struct {
	At       time.Time `json:"at,omitzero"`
	PID      int       `json:"pid,omitempty"`
	Text     string    `json:"text"`
	Evidence string    `json:"evidence"`
}

func (u Unit) rowID() ID { return u.ID }

// UnitID names a unit of the system's manager; a per-user or foreign manager's
// units carry its name: UnitID("systemd", "nginx.service") is
// "unit:nginx.service", UnitID("pm2", "api") is "unit:pm2/api".
func UnitID(manager, name string) ID {
	if manager == "" || manager == "systemd" || manager == "scm" {
		return ID("unit:" + name)
	}
	return ID("unit:" + manager + "/" + name)
}

// Container is one container, pod sandbox or machine of an engine.
type Container struct {
	ID      ID     `json:"id"`
	Engine  string `json:"engine"`         // "docker", "podman", "containerd", "cri-o", "lxc", "nspawn", "kubernetes", ...
	Full    string `json:"full,omitempty"` // the engine's full hex id
	Name    string `json:"name,omitempty"`
	Image   string `json:"image,omitempty"`
	State   string `json:"state,omitempty"` // the engine's word: "running", "created", "exited"
	Project string `json:"project,omitempty"`
	Service string `json:"service,omitempty"` // compose service
	WorkDir string `json:"workDir,omitempty"` // compose project's folder
	Pod     string `json:"pod,omitempty"`
	Network string `json:"network,omitempty"` // network mode: "host", "bridge", ...
	Restart string `json:"restart,omitempty"` // restart policy, as the engine's client takes it ("on-failure:5")
	// AutoRemove says that it is removed when it stops (run with --rm).
	AutoRemove bool `json:"autoRemove,omitempty"`
	// Keeper is who starts it, or another in its place, when it stops, by its labels:
	// "systemd:web.service", "swarm:NAME", "kubernetes:POD".
	Keeper string `json:"keeper,omitempty"`
	PID    int    `json:"pid,omitempty"`  // init process, in the reader's PID namespace
	User   string `json:"user,omitempty"` // whose rootless engine
	// IPs are its addresses on the engine's networks, where the redirects lead.
	IPs []netip.Addr `json:"ips,omitempty"`
	// Ports is the engine's own book ("allocated"), not what the host's socket
	// table says ("in use").
	Ports    []PublishedPort `json:"ports,omitempty"`
	Evidence string          `json:"evidence"`
}

// PublishedPort is one entry of an engine's book.
type PublishedPort struct {
	Proto     Proto          `json:"proto"`
	Host      netip.AddrPort `json:"host"`
	Container uint16         `json:"container"`
}

func (c Container) rowID() ID { return c.ID }

// ContainerID names a container by engine and id: the first 12 of an id's 64
// digits, or the whole name where the engine goes by names (lxc, nspawn).
func ContainerID(engine, id string) ID {
	if len(id) == 64 {
		id = id[:12]
	}
	return ID("container:" + engine + "/" + id)
}

// Engine is one container engine's socket, and whether it could be asked. A
// forwarder without a container is stale only where an engine has answered.
type Engine struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`           // "docker", "podman": what answered, else what the path promised
	Path string `json:"path"`           // of the socket
	User string `json:"user,omitempty"` // uid of a rootless engine
	// State is "answered", "closed" (permission), "silent" (no usable answer),
	// "dormant" (asking would start it: not asked) or "absent" (no socket there).
	State      string `json:"state"`
	Containers int    `json:"containers,omitempty"` // that it told of, running or not
	Evidence   string `json:"evidence"`
}

func (e Engine) rowID() ID { return e.ID }

// EngineID names an engine by its socket.
func EngineID(name, path string) ID { return ID("engine:" + name + "@" + path) }

// Namespace is a network namespace other than the asker's.
type Namespace struct {
	ID       ID     `json:"id"`
	Inode    uint64 `json:"inode"`
	Name     string `json:"name,omitempty"` // from /run/netns
	PIDs     []int  `json:"pids,omitempty"` // some processes that live in it, lowest first
	Evidence string `json:"evidence"`
}

func (n Namespace) rowID() ID { return n.ID }
