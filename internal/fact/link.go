package fact

// LinkKind says how two rows hang together, read from From to To.
type LinkKind string

// Kinds of link. A socket points at its holders, a process at what runs it.
const (
	HeldBy      LinkKind = "held-by"      // socket → process with a descriptor of it
	InheritedBy LinkKind = "inherited-by" // socket → process that got the descriptor from its creator and never listens itself
	CreatedIn   LinkKind = "created-in"   // socket → unit or container whose cgroup made it (the kernel's own record)
	ChildOf     LinkKind = "child-of"     // process → parent process
	PartOf      LinkKind = "part-of"      // process → unit, process → container, container → unit
	MainOf      LinkKind = "main-of"      // process → unit whose main process it is
	StartedBy   LinkKind = "started-by"   // process → unit of a supervisor that is an ancestor; process → process of a shell or sshd session
	AdoptedBy   LinkKind = "adopted-by"   // process → process that became its parent when the real one ended (PID 1, a subreaper)
	Triggers    LinkKind = "triggers"     // socket unit → service unit
	ListensFor  LinkKind = "listens-for"  // socket → socket unit that asked PID 1 for it
	ForwardsTo  LinkKind = "forwards-to"  // process or redirect → container, or process → process
	PublishedBy LinkKind = "published-by" // socket → container by the engine's book
	InQueue     LinkKind = "in-queue"     // registration → queue
	OneOfQueues LinkKind = "one-of"       // registration → queue, where the listing cannot tell which
	ServedBy    LinkKind = "served-by"    // queue → process; queue → unit where the system itself names (tags) the service inside the process
	InGroup     LinkKind = "in-group"     // registration → URL group
	OfSession   LinkKind = "of-session"   // URL group → server session
	BoundTo     LinkKind = "bound-to"     // URL group → request queue
	DependsOn   LinkKind = "depends-on"   // service → service that must run before it
	TakenBy     LinkKind = "taken-by"     // socket → registration behind the kernel's HTTP listener
	InNetns     LinkKind = "in-netns"     // process → namespace
)

// Link ties one row to another.
type Link struct {
	From     ID       `json:"from"`
	To       ID       `json:"to"`
	Kind     LinkKind `json:"kind"`
	Evidence string   `json:"evidence"`
	Note     string   `json:"note,omitempty"` // a descriptor number, a detail for people
}

type linkKey struct {
	from, to ID
	kind     LinkKind
}

func (l Link) key() linkKey { return linkKey{l.From, l.To, l.Kind} }

// GapKind names why something could not be looked at. report has a sentence and
// a hint for each kind; a kind without one fails its test.
type GapKind string

// Kinds of gap.
const (
	GapPermission   GapKind = "permission"    // the system refused; more rights would tell
	GapHidepid      GapKind = "hidepid"       // /proc is mounted with hidepid
	GapNoPtrace     GapKind = "no-ptrace"     // uid 0 without CAP_SYS_PTRACE: other users' descriptors are closed
	GapOwnersHidden GapKind = "owners-hidden" // listeners of other users: their processes are hidden from this user
	GapVanished     GapKind = "vanished"      // a process ended between two reads
	GapOwnerEnded   GapKind = "owner-ended"   // the process that the system names as a socket's owner is gone, or its number is another's
	GapPIDReused    GapKind = "pid-reused"    // a PID became another process between two reads
	GapNotThisOS    GapKind = "not-this-os"   // no reader for this OS yet
	GapNoSockDiag   GapKind = "no-sock-diag"  // fallback to /proc/net; Err says why
	GapNoBound      GapKind = "no-bound"      // kernel too old to list bound, inactive sockets
	GapNoBus        GapKind = "no-bus"        // systemd could not be asked
	GapNoEngine     GapKind = "no-engine"     // a container engine's socket is there and closed to us, or does not answer
	GapNoLog        GapKind = "no-log"        // the journal could not be read
	GapNoNAT        GapKind = "no-nat"        // nftables, iptables or IPVS could not be read
	GapOtherNetns   GapKind = "other-netns"   // other network namespaces exist and were not, or could not be, read
	GapCgroupsLeft  GapKind = "cgroups-left"  // a narrow answer was accepted: other cgroups not searched for more holders
	GapBoundLeft    GapKind = "bound-left"    // a listener takes the traffic: sockets that are bound and do not listen were not looked for beside it
	GapShape        GapKind = "unknown-shape" // a text of unknown shape; Raw keeps it
	GapFirewall     GapKind = "firewall"      // packet filters were not evaluated
	GapKernelOwned  GapKind = "kernel-owned"  // the socket has no descriptor anywhere: the kernel's own
	GapNotInPaste   GapKind = "not-in-paste"  // a pasted text does not say; Hint names the command that would
	GapForeignPIDNS GapKind = "foreign-pidns" // processes of another PID namespace cannot be seen from here
	GapSELinux      GapKind = "selinux"       // the policy's port types could not be read
	GapTruncated    GapKind = "truncated"     // a reader stopped at its limit
	GapProbeSkipped GapKind = "probe-skipped" // the probe was not run; Err says why
	GapProtected    GapKind = "protected"     // a protected process: Windows opens it to nobody, administrators included
	GapNoCall       GapKind = "no-call"       // this Windows (or Wine) lacks the call that would tell
	GapCommand      GapKind = "command"       // a named command of the system (netsh) failed, or said nothing; Err says how
	GapOtherSide    GapKind = "other-side"    // what the other side of WSL or of a virtual machine has cannot be seen from here
	GapOther        GapKind = "other"         // Err says it all
)

// Gap is one thing that could not be looked at.
type Gap struct {
	Kind    GapKind `json:"kind"`
	Subject string  `json:"subject,omitempty"` // what was to be looked at: "processes of uid 33", "/run/docker.sock"
	Err     string  `json:"err,omitempty"`     // the system's own words
	Hint    string  `json:"hint,omitempty"`    // a command or condition that would tell, where it is not the kind's usual one
	Raw     string  `json:"raw,omitempty"`     // the text as it came, where its shape was unknown
	About   ID      `json:"about,omitempty"`   // the row it concerns
}

type gapKey struct {
	kind    GapKind
	subject string
	err     string
	about   ID
}

func (g Gap) key() gapKey { return gapKey{g.Kind, g.Subject, g.Err, g.About} }

// FilterDrivers begins the subject of gaps about filter drivers and security products,
// which matter only where somebody is refused and nobody holds the port.
const FilterDrivers = "filter drivers"

// SocketTable is the subject of a gap which says that the socket table itself could
// not be read.
const SocketTable = "socket table"
