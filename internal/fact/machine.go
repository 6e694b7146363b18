package fact

import (
	"net/netip"
	"time"
)

// Machine says which machine and which moment of it a set speaks of.
type Machine struct {
	OS       string      `json:"os,omitempty"` // GOOS word: "linux", "windows", "darwin"
	Arch     string      `json:"arch,omitempty"`
	Kernel   string      `json:"kernel,omitempty"` // release, as the OS prints it
	Host     string      `json:"host,omitempty"`
	Boot     time.Time   `json:"boot,omitzero"`
	Asker    *Asker      `json:"asker,omitempty"`
	Addrs    []Addr      `json:"addrs,omitempty"`
	Linux    *LinuxNet   `json:"linux,omitempty"`
	Windows  *WindowsNet `json:"windows,omitempty"`
	Source   string      `json:"source,omitempty"` // "live", "paste", "snapshot": for people only; no rule may read it
	Settings []Setting   `json:"settings,omitempty"`
}

// Asker is who asked, and what that one may see.
type Asker struct {
	PID    int `json:"pid,omitempty"`
	Parent int `json:"parent,omitempty"` // the shell, as a rule
	// Session is its leader's PID: the shell or what stands above it. Windows has no
	// leaders; there it is the parent's parent, the terminal as a rule.
	Session int    `json:"session,omitempty"`
	UID     uint32 `json:"uid"` // Unix'; 0 on Windows, where it means nothing: SID is who asks there
	User    string `json:"user,omitempty"`
	Cwd     string `json:"cwd,omitempty"` // the folder the question was asked from
	CapEff  uint64 `json:"capEff,omitempty"`
	Netns   uint64 `json:"netns,omitempty"`
	Elevate string `json:"elevate,omitempty"` // how this OS gives more rights: "sudo", "administrator"
	// SID and Elevated are Windows': who asks, and whether with an administrator's rights.
	SID      string `json:"sid,omitempty"`
	Elevated *bool  `json:"elevated,omitempty"`
}

// Addr is one address of this machine.
type Addr struct {
	Prefix    netip.Prefix `json:"prefix"`
	Device    string       `json:"device"`
	Tentative bool         `json:"tentative,omitempty"` // duplicate address detection has not ended: a bind fails for now
}

// LinuxNet is the settings of Linux that decide binds, as they stand in the
// asker's network namespace. A nil pointer is a setting that could not be read.
type LinuxNet struct {
	BindV6Only      *bool   `json:"bindv6only,omitempty"`
	NonlocalBind4   *bool   `json:"nonlocalBind4,omitempty"`
	NonlocalBind6   *bool   `json:"nonlocalBind6,omitempty"`
	DisableIPv6     *bool   `json:"disableIPv6,omitempty"` // net.ipv6.conf.all.disable_ipv6
	NoIPv6          bool    `json:"noIPv6,omitempty"`      // the kernel has no IPv6 at all
	UnprivStart     *uint16 `json:"unprivilegedPortStart,omitempty"`
	SELinux         string  `json:"selinux,omitempty"` // "enforcing", "permissive", "" = absent
	AutobindReuse   *bool   `json:"ipAutobindReuse,omitempty"`
	TCPFinTimeoutMS uint32  `json:"tcpFinTimeoutMs,omitempty"`
}

// WindowsNet is what Windows tells of itself that decides binds. A nil pointer
// was not, or could not be, read.
type WindowsNet struct {
	Build  uint32 `json:"build,omitempty"`  // 26200 is Windows 11 25H2
	Server *bool  `json:"server,omitempty"` // a server edition
	Wine   string `json:"wine,omitempty"`   // version of Wine, where it is not Windows at all
	// ListenList tells whether HTTP.sys's listen list was read; its rows are
	// Set.ListenList, and none of them means that it listens everywhere.
	ListenList bool `json:"listenList,omitempty"`
	// Reservations tells whether all reservations were read, Registrations whether
	// all live ones were, Certificates and Cached the same of their tables: no row
	// then means that there is none.
	Reservations  bool          `json:"reservations,omitempty"`
	Registrations bool          `json:"registrations,omitempty"`
	Certificates  bool          `json:"certificates,omitempty"`
	Cached        bool          `json:"cached,omitempty"`
	Timeouts      *HTTPTimeouts `json:"httpTimeouts,omitempty"`
	// WSL is the networking mode of WSL 2 where it is set up: "nat", "mirrored", "virtioproxy", "consomme", "none", "bridged".
	WSL string `json:"wsl,omitempty"`
	// Distributions are the asker's systems inside WSL, the default one first.
	Distributions []Distribution `json:"distributions,omitempty"`
}

// Distribution is one Linux system installed in WSL.
type Distribution struct {
	Name    string `json:"name"`
	GUID    string `json:"guid"`              // with braces, in lower case: how wslhost's command line names it
	Version int    `json:"version,omitempty"` // 1 has Windows' own sockets, 2 those of a virtual machine
	Default bool   `json:"default,omitempty"`
}

// Setting is a named value that a rule cites word for word.
type Setting struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Evidence string `json:"evidence"`
}

func (m *Machine) fill(o Machine) {
	if m.OS == "" {
		m.OS, m.Arch, m.Kernel = o.OS, o.Arch, o.Kernel
	}
	if m.Host == "" {
		m.Host = o.Host
	}
	if m.Boot.IsZero() {
		m.Boot = o.Boot
	}
	if m.Asker == nil {
		m.Asker = o.Asker
	}
	if len(m.Addrs) == 0 {
		m.Addrs = o.Addrs
	}
	if m.Linux == nil {
		m.Linux = o.Linux
	}
	m.Windows = m.Windows.with(o.Windows)
	if m.Source == "" {
		m.Source = o.Source
	}
	m.Settings = append(m.Settings, o.Settings...)
}

// with is w and, where w does not know, o.
func (w *WindowsNet) with(o *WindowsNet) *WindowsNet {
	if w == nil || o == nil {
		if w == nil {
			return o
		}
		return w
	}
	both := *w
	if both.Build == 0 {
		both.Build = o.Build
	}
	if both.Server == nil {
		both.Server = o.Server
	}
	if both.Wine == "" {
		both.Wine = o.Wine
	}
	if both.WSL == "" {
		both.WSL = o.WSL
	}
	if both.Distributions == nil {
		both.Distributions = o.Distributions
	}
	if both.Timeouts == nil {
		both.Timeouts = o.Timeouts
	}
	both.ListenList = both.ListenList || o.ListenList
	both.Reservations = both.Reservations || o.Reservations
	both.Registrations = both.Registrations || o.Registrations
	both.Certificates = both.Certificates || o.Certificates
	both.Cached = both.Cached || o.Cached
	return &both
}

// RangeKind says what a range of ports is set aside for.
type RangeKind string

// Kinds of range.
const (
	Ephemeral  RangeKind = "ephemeral"  // outgoing connections take their port here
	Reserved   RangeKind = "reserved"   // ip_local_reserved_ports: never taken for outgoing connections
	Privileged RangeKind = "privileged" // below ip_unprivileged_port_start
	Excluded   RangeKind = "excluded"   // Windows excludedportrange
	SELinux    RangeKind = "selinux"    // Name is the port type
)

// Range is a run of ports, both ends included.
type Range struct {
	Kind RangeKind `json:"kind"`
	// Proto is empty where the range counts for every protocol, or where a pasted
	// list does not say for which.
	Proto Proto `json:"proto,omitempty"`
	// Family is "ipv4" or "ipv6" where Windows told the range for that one alone;
	// empty where both have it, or none was named.
	Family string `json:"family,omitempty"`
	From   uint16 `json:"from"`
	To     uint16 `json:"to"`
	// Name is the port type of an SELinux range; of an excluded one [RangePersistent]
	// or [RangeNextBoot], where Windows keeps it in its registry.
	Name         string `json:"name,omitempty"`
	Administered bool   `json:"administered,omitempty"` // Windows: starred, set by a person
	Evidence     string `json:"evidence"`
}

// Names of excluded ranges that Windows keeps over a reboot.
const (
	RangePersistent = "persistent"            // kept, and in the list of now
	RangeNextBoot   = "persistent, next boot" // kept, and not in the list of now
)

// Holds tells whether port lies inside r and proto is one r speaks of.
func (r Range) Holds(proto Proto, port uint16) bool {
	return r.From <= port && port <= r.To && (r.Proto == "" || r.Proto == proto)
}

// Redirect is a rule that carries traffic for a port elsewhere before, or
// without, any listener: nftables and iptables NAT, IPVS. Windows' port proxy
// ("portproxy") is one too, though a listener stands before it: that of the
// service iphlpsvc, in a svchost.
type Redirect struct {
	ID    ID     `json:"id"`
	Kind  string `json:"kind"` // "dnat", "redirect", "tproxy", "ipvs", "portproxy", "socket"
	Proto Proto  `json:"proto,omitempty"`
	// Dst limits the destination address; the zero Prefix means any.
	// 0.0.0.0/0 and ::/0 limit a rule to one address family.
	Dst netip.Prefix `json:"dst,omitzero"`
	// Except are the parts of Dst that the rule leaves alone.
	Except   []netip.Prefix `json:"except,omitempty"`
	From     uint16         `json:"from"` // first and last port taken; 0 and 65535 when the rule names none
	Last     uint16         `json:"last"`
	To       string         `json:"to,omitempty"`   // "172.17.0.2:80", ":8080"
	Hook     string         `json:"hook,omitempty"` // "prerouting": traffic from outside; "output": from this machine; "": both
	Device   string         `json:"device,omitempty"`
	NotDev   bool           `json:"notDevice,omitempty"` // Device is negated: any interface but that one
	Partial  bool           `json:"partial,omitempty"`   // further matches exist that berth does not read: it takes some of the traffic
	Comment  string         `json:"comment,omitempty"`
	Chain    string         `json:"chain,omitempty"` // family, table and chain, for the one who wants to look
	Evidence string         `json:"evidence"`
}

func (r Redirect) rowID() ID { return r.ID }

// Filter is a driver or a library that stands between programs and the network
// and may take, change or refuse binds and traffic of any port: a security
// product, a VPN, a transparent proxy. Windows tells that it is there and where,
// never for which ports.
type Filter struct {
	ID   ID     `json:"id"`
	Kind string `json:"kind"` // "wfp": a callout of the Windows Filtering Platform; "winsock": a layered service provider
	Name string `json:"name"` // as it calls itself
	// Provider is the product behind it as the platform has it; Service the driver's or service's name.
	Provider string `json:"provider,omitempty"`
	Service  string `json:"service,omitempty"`
	// At is what it sees: "bind", "bind-redirect", "connect-redirect", "listen",
	// "accept", "stream", "transport"; for "winsock" the library's path is Path.
	At       []string `json:"at,omitempty"`
	Path     string   `json:"path,omitempty"`
	Evidence string   `json:"evidence"`
}

func (f Filter) rowID() ID { return f.ID }

// Takes tells whether the redirect names this protocol and port.
func (r Redirect) Takes(proto Proto, port uint16) bool {
	return (r.Proto == "" || r.Proto == proto) && r.From <= port && port <= r.Last
}
