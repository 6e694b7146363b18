// Package lookalike finds what reads like a port conflict in pasted texts and is
// none: connections that failed, socket files, a flushed packet filter, a server
// that runs all the same.
//
// It goes by words, so nothing it says is more than likely. The package is pure;
// the sentences are report's.
package lookalike

import (
	"strings"

	"github.com/berthd/berth/internal/answer/logline"
)

// ID names one look-alike.
type ID string

// The look-alikes.
const (
	DockerChain   ID = "docker-chain"   // Docker's chain was flushed from the packet filter
	ClientBlocked ID = "client-blocked" // a connection was forbidden: a firewall or a security product
	ClientPorts   ID = "client-ports"   // a connection found no local port: out of them, or a fixed one in use
	SocketFile    ID = "socket-file"    // a file in place of a port
	HostsFile     ID = "hosts-file"     // a development server's own check fails on every port
	SecondFamily  ID = "second-family"  // WEBrick's second socket; the server runs
	MalformedURL  ID = "malformed-url"  // the port stands behind the slash of a URL
	PIDFile       ID = "pid-file"       // a file says that the server runs; nothing was bound
	OwnService    ID = "own-service"    // the panel's own server runs already, as a service
	OtherMachine  ID = "other-machine"  // the port is one of the other machine
	WSL1          ID = "wsl1"           // WSL 1: its own shortcomings, or a program of Windows
	WrongProbe    ID = "wrong-probe"    // "free" was asked of another address than the one that is wanted
)

// Found is one look-alike in a text.
type Found struct {
	ID    ID
	Words string // the line that gives it away
	Where string
	// Sure is "likely" or "possible": words alone never prove anything.
	Sure string
	Args map[string]string // "port", "path", "target", "url", "module"
}

// NotConflict tells whether the line is about no port conflict at all. The others
// only say where, or how, the conflict was looked for.
func (f Found) NotConflict() bool { return f.ID != WSL1 && f.ID != WrongProbe }

// maxFound bounds what one text can say.
const maxFound = 16

// Find looks through lines, in their order. rest are those that no look-alike
// explains: what they say of a refused bind is to be believed.
func Find(lines []logline.Line) (found []Found, rest []logline.Line) {
	f := finder{lines: lines, low: make([]string, len(lines)), claimed: make([]bool, len(lines))}
	for i, l := range lines {
		f.low[i] = strings.ToLower(l.Text[:min(len(l.Text), maxText)])
	}
	for i := range lines {
		for _, look := range [...]func(*finder, int) bool{
			dockerChain, client, socketFile, secondFamily, malformedURL, pidFile, ownService, otherMachine, wsl1, wrongProbe,
		} {
			if !f.claimed[i] && look(&f, i) {
				break
			}
		}
	}
	f.hostsFile()
	for i, l := range lines {
		if !f.claimed[i] {
			rest = append(rest, l)
		}
	}
	return f.found, rest
}

// maxText bounds what of a line is read.
const maxText = 4 << 10

type finder struct {
	lines   []logline.Line
	low     []string
	claimed []bool
	found   []Found
	refused []logline.Failure // that the lines tell of, once they were looked for
	looked  bool
}

// maxRefused bounds the refusals that are compared with other lines.
const maxRefused = 64

// refusals are the binds that the lines say were refused because the port is in use,
// or for want of rights.
func (f *finder) refusals() []logline.Failure {
	for i := 0; !f.looked && i < len(f.lines) && len(f.refused) < maxRefused; i++ {
		if r, ok := logline.Parse(f.lines[i].Text); ok && (r.Errno == "EADDRINUSE" || r.Errno == "EACCES") {
			f.refused = append(f.refused, r)
		}
	}
	f.looked = true
	return f.refused
}

// say notes a look-alike at line i, once for what it is about, and claims its lines.
func (f *finder) say(id ID, sure string, args map[string]string, at ...int) bool {
	for _, i := range at {
		f.claimed[i] = true
	}
	for _, have := range f.found {
		if have.ID == id && same(have.Args, args) {
			return true
		}
	}
	if len(f.found) < maxFound {
		l := f.lines[at[0]]
		words := strings.TrimSpace(l.Text[:min(len(l.Text), maxText)])
		f.found = append(f.found, Found{ID: id, Words: words, Where: l.Where, Sure: sure, Args: args})
	}
	return true
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// near is how far below a line what explains it may stand.
const near = 20

// below is the first line within reach of line i that has one of parts, or -1.
func (f *finder) below(i int, parts ...string) int {
	for j := i; j < len(f.low) && j <= i+near; j++ {
		if hasAny(f.low[j], parts...) {
			return j
		}
	}
	return -1
}

// around is like below, and looks above as well.
func (f *finder) around(i int, parts ...string) int {
	for j := max(0, i-near); j < i; j++ {
		if hasAny(f.low[j], parts...) {
			return j
		}
	}
	return f.below(i, parts...)
}

func hasAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
