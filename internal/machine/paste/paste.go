// Package paste reads the facts of a machine out of texts that somebody pasted:
// the output of netstat, tasklist, netsh, ss, lsof and their like, alone or in
// the middle of a forum post.
//
// Each text is recognised by its shape, never by its words, so the UI language
// of the machine does not matter. Every row says which line of which text it was
// read from. The package is pure, works on every OS, needs no privilege and does
// not block; what a text does not say is a gap with the one command that would.
package paste

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/gather"
	"github.com/berthd/berth/internal/machine/paste/tidy"
)

// Text is one pasted text: a file, or standard input with an empty name.
type Text struct {
	Name string
	Data []byte
}

// Kind names the output a stretch of a text was recognised as.
type Kind string

// Kinds of output.
const (
	NetstatWindows Kind = "netstat (Windows)"
	NetstatLinux   Kind = "netstat (Linux)"
	NetstatBSD     Kind = "netstat (macOS)"
	SS             Kind = "ss"
	Lsof           Kind = "lsof"
	Tasklist       Kind = "tasklist"
	TasklistSvc    Kind = "tasklist /svc"
	ServiceState   Kind = "netsh http show servicestate"
	URLACL         Kind = "netsh http show urlacl"
	ListenList     Kind = "netsh http show iplisten"
	Certificates   Kind = "netsh http show sslcert"
	Timeouts       Kind = "netsh http show timeout"
	CacheState     Kind = "netsh http show cachestate"
	ServiceControl Kind = "sc"
	NetTCP         Kind = "Get-NetTCPConnection"
	NetUDP         Kind = "Get-NetUDPEndpoint"
	ProcessList    Kind = "processes (Windows)"
	Services       Kind = "services (Windows)"
	PS             Kind = "ps"
	ExcludedPorts  Kind = "netsh int show excludedportrange"
	DynamicPorts   Kind = "netsh int show dynamicport"
	PortProxy      Kind = "netsh interface portproxy show"
	DockerPS       Kind = "docker ps"
	LinuxSettings  Kind = "settings of Linux"
	Fuser          Kind = "fuser"
	WindowsVersion Kind = "ver"
	NetStart       Kind = "net start"
	Collected      Kind = "berth explain --collect"
	XAMPPLog       Kind = "XAMPP's log"
	WampTest       Kind = "WampServer's port test"
)

// Words tells whether a text of this kind is somebody's words about the system
// rather than a listing of it.
func (k Kind) Words() bool { return k == XAMPPLog || k == WampTest }

// Seen is one stretch of one text that was understood.
type Seen struct {
	Kind      Kind
	Text      string // Name of the text
	FirstLine int    // from 1
	LastLine  int
	Rows      int
}

// Line is one line of a text as it came, less quote marks and escapes.
type Line struct {
	Text   string // Name of the text
	Number int    // from 1
	Line   string
	Shell  string // of a command: "powershell" where its prompt says so
}

// Why says why a port of a paste stands out.
type Why string

// Reasons, strongest first.
const (
	Person   Why = "person"   // the reader was told
	Refused  Why = "refused"  // an error line in the paste says that it was refused
	Filtered Why = "filtered" // a command in the paste asks for it
	Only     Why = "only"     // nothing else listens in the paste
	Kernel   Why = "kernel"   // a web port that belongs to the kernel's HTTP listener
)

// Asked is a port the paste is about.
type Asked struct {
	Proto    fact.Proto // "" where the paste does not say
	Port     uint16
	Why      Why
	Evidence string
}

// Result is what the texts say.
type Result struct {
	Set  fact.Set
	Seen []Seen
	// Asked are the ports the texts are about, best reason first.
	Asked []Asked
	// Commands are the lines that are a command, typed at a prompt or quoted;
	// the line is the command without its prompt.
	Commands []Line
	// Rest are the lines that no recogniser took: prose, logs, error texts.
	Rest []Line
}

// Reader reads texts with what its caller knows.
type Reader struct {
	// PortNumber gives the number of a service name that a tool printed in
	// place of a port ("http"); nil knows none.
	PortNumber func(proto fact.Proto, name string) (uint16, bool)
	// Ports are those a person asks about, in place of those the texts are about.
	Ports []uint16
	// Refused gives the ports that lines of prose and of logs, none of which any
	// recogniser took, say were refused to programs; nil reads no such lines.
	Refused func(rest []Line) []Asked
	// Commands looks at the line that lines begins with and gives the commands in it.
	// took is how many lines are commands and nothing else, 0 where they stand in a
	// sentence; nil knows only those at a prompt, and a few by name.
	Commands func(lines []string) (found []string, took int)
}

// Read reads texts that came from one machine, in order. Nothing recognised is
// an empty Seen, not an error; the error is for data that is no text at all.
func Read(texts ...Text) (Result, error) { return Reader{}.Read(texts...) }

// maxText bounds one text; what is beyond is a gap.
const maxText = 16 << 20

// Read is [Read] with r's knowledge.
func (r Reader) Read(texts ...Text) (Result, error) {
	m := gather.New()
	d := desk{reader: r, machine: m}
	for _, t := range texts {
		if len(t.Data) > maxText {
			t.Data = t.Data[:maxText]
			m.Gap(fact.Gap{Kind: fact.GapTruncated, Subject: named(t.Name)})
		}
		if noText(t.Data) {
			return Result{}, fmt.Errorf("%s: %w", named(t.Name), errNoText)
		}
		d.open(t)
		d.read()
	}
	if r.Refused != nil {
		for _, a := range r.Refused(d.result.Rest) {
			d.want(want{proto: a.Proto, port: a.Port, sure: true, why: Refused, evidence: a.Evidence})
		}
	}
	d.result.Set = m.Finish()
	d.result.Asked = r.asked(d.wanted, d.result.Set)
	var ports []uint16
	for _, a := range d.result.Asked {
		ports = append(ports, a.Port)
	}
	dropOthers(&d.result.Set, ports)
	d.result.Set.AddGaps(m.Hints(ports...)...)
	return d.result, nil
}

var errNoText = errors.New("not a text")

func noText(data []byte) bool {
	if tidy.UTF16(data) {
		return false
	}
	return bytes.IndexByte(data[:min(len(data), 4096)], 0) >= 0
}

func named(name string) string {
	if name == "" {
		return "the paste"
	}
	return name
}
