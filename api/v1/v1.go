// Package v1 is the words of berth's --json output and of its control API,
// version 1.
//
// A document never loses a field or changes a field's meaning within version 1;
// new fields may come. What is unknown is absent, never 0 or "". Every document
// carries its kind, and a list of gaps that is there even when it is empty. The
// JSON Schema of each kind is in [Schema] and printed by `berth schema KIND`.
package v1

import "time"

// API is the value of every document's api field.
const API = "berth/v1"

// Head opens every document.
type Head struct {
	API     string    `json:"api"`            // always "berth/v1"
	Kind    string    `json:"kind"`           // the document's kind: "Who", "Ls", "Check", ...
	At      time.Time `json:"at,omitzero"`    // when the machine was read
	Machine *Machine  `json:"machine"`        // the machine it speaks of
	Exit    int       `json:"exit"`           // the command's exit code
	From    string    `json:"from,omitempty"` // the saved snapshot it was answered from
}

// Machine says which machine a document speaks of.
type Machine struct {
	OS     string `json:"os,omitempty"`
	Arch   string `json:"arch,omitempty"`
	Kernel string `json:"kernel,omitempty"`
	Host   string `json:"host,omitempty"`
}

// Tail closes every document that judges.
type Tail struct {
	Findings []Finding `json:"findings"`
	Remedies []Remedy  `json:"remedies"`
	Warnings []Warning `json:"warnings"` // popular cures that break something here
	Gaps     []Gap     `json:"gaps"`
}

// Who answers whose port it is.
type Who struct {
	Head
	Endpoint Endpoint      `json:"endpoint"`
	Status   string        `json:"status"` // "free", "held", "blocked", "redirected", "unknown"
	Protos   []ProtoStatus `json:"protos"`
	Answer   string        `json:"answer"`  // the sentence a person reads first
	Holders  []Holder      `json:"holders"` // who has it
	Others   []Holder      `json:"others"`  // who has the number in other network namespaces: no conflict
	Tail
}

// ProtoStatus is the status of one protocol of an endpoint.
type ProtoStatus struct {
	Proto  string `json:"proto"`
	Status string `json:"status"`
}

// Endpoint is what was asked.
type Endpoint struct {
	Port      uint16   `json:"port"`
	Proto     string   `json:"proto,omitempty"`     // absent where none was named
	Addresses []string `json:"addresses,omitempty"` // absent for any
	Name      string   `json:"name,omitempty"`      // the port's registered name
}

// Holder is one owner and the sockets it has.
type Holder struct {
	Owner   Owner    `json:"owner"`
	Sockets []Socket `json:"sockets"`
	Chain   []Node   `json:"chain"` // the tree of links from the sockets to the owner
}

// Owner is the thing a person can act on.
type Owner struct {
	Kind string `json:"kind"` // "container", "unit", "process", "kernel", "http.sys", "nobody", "unknown"
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Node is one row of a chain and what leads on from it.
type Node struct {
	ID           string     `json:"id"`
	Link         string     `json:"link"` // how the row above is tied to this one: "held-by", "part-of", ...
	Evidence     string     `json:"evidence,omitempty"`
	Note         string     `json:"note,omitempty"`
	Process      *Process   `json:"process,omitempty"`
	Unit         *Unit      `json:"unit,omitempty"`
	Container    *Container `json:"container,omitempty"`
	Queue        *Queue     `json:"queue,omitempty"`
	Registration string     `json:"registration,omitempty"` // URL prefix
	Redirect     *Redirect  `json:"redirect,omitempty"`
	Workers      []Process  `json:"workers,omitempty"` // forked by this process, same socket
	Children     []Node     `json:"children,omitempty"`
}

// Socket is one row of the socket table.
type Socket struct {
	ID         string `json:"id"`
	Proto      string `json:"proto"`
	Address    string `json:"address"`
	Port       uint16 `json:"port"`
	Remote     string `json:"remoteAddress,omitempty"`
	RemotePort uint16 `json:"remotePort,omitempty"`
	State      string `json:"state"`
	Device     string `json:"device,omitempty"`
	Netns      string `json:"netns,omitempty"`
	V6Only     *bool  `json:"v6only,omitempty"`
	ReuseAddr  *bool  `json:"reuseAddr,omitempty"`
	ReusePort  *bool  `json:"reusePort,omitempty"`
	UID        *int   `json:"uid,omitempty"`
	Inode      uint64 `json:"inode,omitempty"`
	Cgroup     string `json:"cgroup,omitempty"`
	Backlog    *int   `json:"backlog,omitempty"`
	BacklogMax *int   `json:"backlogMax,omitempty"`
	Reach      string `json:"reach,omitempty"` // "machine", "address", "link", "network", "netns"
	Evidence   string `json:"evidence"`
}

// Process is one process.
type Process struct {
	ID       string     `json:"id"`
	PID      int        `json:"pid,omitempty"` // absent where a pasted text names the program alone
	PPID     int        `json:"ppid,omitempty"`
	Name     string     `json:"name,omitempty"`
	Exe      string     `json:"exe,omitempty"`
	ExeState string     `json:"exeState,omitempty"`
	Args     []string   `json:"args,omitempty"`
	User     string     `json:"user,omitempty"`
	Cwd      string     `json:"cwd,omitempty"`
	State    string     `json:"state,omitempty"`
	Terminal string     `json:"terminal,omitempty"`
	Start    *time.Time `json:"start,omitempty"`
	NSPID    int        `json:"nspid,omitempty"`    // its PID inside a PID namespace of its own
	ThreadOf int        `json:"threadOf,omitempty"` // the process whose thread this is
	Parents  []Parent   `json:"parents,omitempty"`  // nearest first
	Evidence string     `json:"evidence,omitempty"`
}

// Parent is one ancestor of a process.
type Parent struct {
	PID  int    `json:"pid"`
	Name string `json:"name,omitempty"`
}

// Unit is what a supervisor starts and stops.
type Unit struct {
	ID          string    `json:"id"`
	Manager     string    `json:"manager"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Active      string    `json:"active,omitempty"`
	Sub         string    `json:"sub,omitempty"`
	Result      string    `json:"result,omitempty"`
	FileState   string    `json:"fileState,omitempty"`
	MainPID     int       `json:"mainPid,omitempty"`
	Restart     string    `json:"restart,omitempty"`
	NRestarts   uint32    `json:"nRestarts,omitempty"`
	Triggers    []string  `json:"triggers,omitempty"`
	TriggeredBy []string  `json:"triggeredBy,omitempty"`
	Fragment    string    `json:"fragment,omitempty"`
	User        string    `json:"user,omitempty"`      // the account it runs as
	Start       string    `json:"start,omitempty"`     // Windows: "boot", "system", "automatic", "manual", "disabled"
	Delayed     bool      `json:"delayed,omitempty"`   // Windows: automatic, some minutes after boot
	Triggered   bool      `json:"triggered,omitempty"` // Windows: events start it, too
	DependsOn   []string  `json:"dependsOn,omitempty"` // Windows: what must run before it
	Log         []LogLine `json:"log,omitempty"`
	Evidence    string    `json:"evidence,omitempty"`
}

// LogLine is one line of a unit's log.
type LogLine struct {
	At   *time.Time `json:"at,omitempty"`
	Text string     `json:"text"`
}

// Container is one container.
type Container struct {
	ID       string      `json:"id"`
	Engine   string      `json:"engine"`
	Name     string      `json:"name,omitempty"`
	Image    string      `json:"image,omitempty"`
	State    string      `json:"state,omitempty"`
	Project  string      `json:"project,omitempty"`
	Service  string      `json:"service,omitempty"`
	WorkDir  string      `json:"workDir,omitempty"`
	Pod      string      `json:"pod,omitempty"`
	Network  string      `json:"network,omitempty"`
	Restart  string      `json:"restart,omitempty"`
	Ports    []Published `json:"ports,omitempty"`
	Evidence string      `json:"evidence,omitempty"`
}

// Published is one entry of an engine's book.
type Published struct {
	Proto         string `json:"proto"`
	Address       string `json:"address,omitempty"`
	Port          uint16 `json:"port"`
	ContainerPort uint16 `json:"containerPort"`
}

// Queue is an HTTP.sys request queue.
type Queue struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	PIDs     []int  `json:"pids,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// Redirect is a rule that carries traffic elsewhere.
type Redirect struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	To       string `json:"to,omitempty"`
	Hook     string `json:"hook,omitempty"`
	Chain    string `json:"chain,omitempty"`
	Comment  string `json:"comment,omitempty"`
	Partial  bool   `json:"partial,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// Finding is one statement about the machine.
type Finding struct {
	Rule       string            `json:"rule"`
	Confidence string            `json:"confidence"` // "certain", "likely", "possible"
	Text       string            `json:"text"`
	About      []string          `json:"about,omitempty"`
	Args       map[string]string `json:"args,omitempty"`
}

// Remedy is one way out. Nothing is done by being named here.
type Remedy struct {
	ID      string   `json:"id"`   // KIND[:TARGET]
	Kind    string   `json:"kind"` // "wait", "port", "address", "share", "move", "stop", ...
	Target  string   `json:"target,omitempty"`
	Text    string   `json:"text"`
	Effect  string   `json:"effect,omitempty"`  // what stops working
	Command []string `json:"command,omitempty"` // lines to type
}

// Warning is a popular cure and why not to take it.
type Warning struct {
	Advice string `json:"advice"`
	Why    string `json:"why"`
}

// Gap is one thing that could not be looked at.
type Gap struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	Err     string `json:"error,omitempty"` // the system's own words
	Hint    string `json:"hint,omitempty"`
	Raw     string `json:"raw,omitempty"`
	About   string `json:"about,omitempty"`
}

// Error is printed instead of an answer.
type Error struct {
	API     string `json:"api"`
	Kind    string `json:"kind"` // always "Error"
	Code    int    `json:"code"` // the exit code
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Ls lists sockets with their owners.
type Ls struct {
	Head
	Rows []Row `json:"rows"`
	Gaps []Gap `json:"gaps"`
}

// Row is one line of ls: a socket and who has it.
type Row struct {
	Socket
	Owner     Owner     `json:"owner"`
	Processes []Process `json:"processes,omitempty"`
	Unit      string    `json:"unit,omitempty"`
	Container string    `json:"container,omitempty"`
}

// Overview is what berth says without arguments.
type Overview struct {
	Head
	Rows []Row `json:"rows"`
	Tail
}

// Check answers whether endpoints can be bound, or URL prefixes registered.
type Check struct {
	Head
	Checks   []CheckOne    `json:"checks"`
	Prefixes []PrefixCheck `json:"prefixes,omitempty"` // where URL prefixes were asked about
	Tail
}

// PrefixCheck is the answer for one URL prefix of HTTP.sys.
type PrefixCheck struct {
	Prefix        string    `json:"prefix"`              // as it was asked
	Canonical     string    `json:"canonical,omitempty"` // absent where it is malformed
	Bucket        string    `json:"bucket,omitempty"`    // "strong", "explicit", "ip", "weak": in this order requests are looked for
	Port          uint16    `json:"port,omitempty"`
	SID           string    `json:"sid,omitempty"`         // the account it was judged for
	Administrator bool      `json:"administrator"`         // with an administrator's rights
	CanRegister   *bool     `json:"canRegister,omitempty"` // absent where it could not be learned
	Code          uint32    `json:"code,omitempty"`        // the Windows error that a registration fails with
	Verdicts      []Verdict `json:"verdicts"`
	Findings      []Finding `json:"findings"` // what its requests meet
	Remedies      []Remedy  `json:"remedies"`
	Answer        string    `json:"answer"`
}

// CheckOne is the answer for one address of one endpoint.
type CheckOne struct {
	Endpoint Endpoint  `json:"endpoint"`
	Address  string    `json:"address"`
	Flags    []string  `json:"flags,omitempty"`
	CanBind  *bool     `json:"canBind,omitempty"` // absent where it could not be learned
	Verdicts []Verdict `json:"verdicts"`
	Probe    *Probe    `json:"probe,omitempty"`
	Holders  []Holder  `json:"holders"`
	Answer   string    `json:"answer"`
}

// Verdict is one bind rule applied to one socket or setting.
type Verdict struct {
	Rule       string            `json:"rule"`
	OK         bool              `json:"ok"`
	Errno      string            `json:"errno,omitempty"`
	Code       uint32            `json:"code,omitempty"` // the number of a Windows error
	Step       string            `json:"step,omitempty"` // "bind" or "listen"
	Confidence string            `json:"confidence"`
	Text       string            `json:"text"`
	About      []string          `json:"about,omitempty"`
	Args       map[string]string `json:"args,omitempty"`
}

// Probe is what the kernel said when the bind was tried.
type Probe struct {
	OK    bool   `json:"ok"`
	Step  string `json:"step,omitempty"` // the call that was refused
	Errno string `json:"errno,omitempty"`
	Code  int    `json:"code,omitempty"`
	Words string `json:"words,omitempty"`
}

// Explain answers from pasted texts.
type Explain struct {
	Head
	LookAlikes   []LookAlike   `json:"lookAlikes"` // what reads like a port conflict, and what it is
	Seen         []Seen        `json:"seen"`       // what was recognised
	Answers      []Who         `json:"answers"`
	Rows         []Row         `json:"rows,omitempty"` // every listener, where the texts are about no single port
	PrefixErrors []PrefixError `json:"prefixErrors"`   // errors of HTTP.sys in the texts
	Commands     []Command     `json:"commands"`       // commands and .reg lines in the texts, judged
	Next         *NextStep     `json:"next,omitempty"` // absent where nothing is open
	Tail
}

// PrefixError is an error of HTTP.sys that a line of the texts tells, and what it
// means there.
type PrefixError struct {
	Where    string    `json:"where"`
	Prefix   string    `json:"prefix,omitempty"` // that the program wanted; absent where the line names none
	Code     uint32    `json:"code"`
	Errno    string    `json:"errno"`
	Shown    bool      `json:"shown"` // the facts show the cause; else the causes are what is usual
	Causes   []Finding `json:"causes"`
	Remedies []Remedy  `json:"remedies"`
}

// Command is one command, or one change of a .reg file, and what it would do to the
// machine that the texts are of.
type Command struct {
	Command    string            `json:"command"` // as it stands
	Where      []Place           `json:"where"`
	Rule       string            `json:"rule"`
	Verdict    string            `json:"verdict"` // "sound", "harmless-look", "changes-nothing", "frees-nothing", "not-here", "wrong-tool", "risky", "breaks", "not-judged"
	Confidence string            `json:"confidence"`
	Text       string            `json:"text"`
	Args       map[string]string `json:"args,omitempty"`
	Notes      []Note            `json:"notes"`
	Needs      string            `json:"needs,omitempty"` // "administrator", "root", "owner", "engine"
	Reversal   string            `json:"reversal"`        // "nothing", "reversible", "restartable", "reboot", "final"
	Undo       []string          `json:"undo,omitempty"`  // commands, in order
	Instead    []Instead         `json:"instead,omitempty"`
	Sources    []string          `json:"sources,omitempty"`
}

// Place is a line of a text.
type Place struct {
	File string `json:"file"` // "" = standard input
	Line int    `json:"line"`
}

// Note is one thing to know about a command on this machine.
type Note struct {
	ID    string            `json:"id"`
	Text  string            `json:"text"`
	About []string          `json:"about,omitempty"`
	Args  map[string]string `json:"args,omitempty"`
}

// Instead is a better way than a command.
type Instead struct {
	Remedy  string `json:"remedy,omitempty"`  // KIND[:TARGET]
	Command string `json:"command,omitempty"` // where it is a command
	Text    string `json:"text"`
}

// LookAlike is a line of a pasted text that reads like a port conflict.
type LookAlike struct {
	ID         string            `json:"id"`
	Confidence string            `json:"confidence"` // "likely", "possible"
	Conflict   bool              `json:"conflict"`   // false: not a port conflict at all; true: it only says where else to look
	Text       string            `json:"text"`
	Remedy     string            `json:"remedy,omitempty"`
	Line       string            `json:"line"`
	Where      string            `json:"where"`
	Args       map[string]string `json:"args,omitempty"`
}

// NextStep is the one command whose output would tell most of what is open.
type NextStep struct {
	Command string   `json:"command"` // to run on the machine that the texts are of
	Tells   []string `json:"tells"`
	More    int      `json:"more,omitempty"` // how many further commands would tell something
}

// Seen is one recognised block of a pasted text.
type Seen struct {
	Kind  string `json:"kind"`
	File  string `json:"file"`
	First int    `json:"firstLine"`
	Last  int    `json:"lastLine"`
	Rows  int    `json:"rows"`
}

// Version says which berth this is.
type Version struct {
	API     string `json:"api"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// SnapshotInfo says what a saved snapshot holds.
type SnapshotInfo struct {
	Head
	Sockets    int   `json:"sockets"`
	Processes  int   `json:"processes"`
	Units      int   `json:"units"`
	Containers int   `json:"containers"`
	Redirects  int   `json:"redirects"`
	Namespaces int   `json:"namespaces"`
	Gaps       []Gap `json:"gaps"`
}
