// Package logline recognises, in one line of a log or error text, that a program
// could not bind or listen, and on which endpoint.
//
// It believes numbers first, then symbolic names, then the system's words in
// English, then a program's own phrase: texts are translated, mis-encoded or wrong
// too often, and a phrase alone may even contradict the number beside it. Words in
// other languages are never read. Lines that only look like a failing bind (a
// connect that failed, a socket file, a chain missing in iptables) are not
// recognised.
//
// The package is pure: strings in, values out.
package logline

import (
	"net/netip"
	"strings"
)

// maxText bounds what of a line is read.
const maxText = 4 << 10

// Line is one line of a text and where it stood.
type Line struct {
	Text   string
	Where  string // "line 3 of post.txt"
	Number int    // of the line in its text, from 1; 0 = not known
}

// Failure is a bind or listen that a line says has failed.
type Failure struct {
	Addr netip.AddrPort // where the line names an IP address; its port may be 0
	// Host is the address as the line has it: "0.0.0.0", "localhost", "*" or
	// HTTP.sys' "+"; "" = not said, which for most programs means every address.
	Host string
	Port uint16 // 0 = not said
	// Prefix is the URL prefix that a program wanted to register with HTTP.sys.
	Prefix string
	Proto  string // "tcp", "udp"; "" = not said
	// Errno is the error by its POSIX name (EADDRINUSE, EACCES, EADDRNOTAVAIL,
	// EAFNOSUPPORT, EINVAL), whatever OS it is of, or HTTP.sys' Win32 name
	// (ERROR_SHARING_VIOLATION, ERROR_ALREADY_EXISTS, ERROR_ACCESS_DENIED,
	// ERROR_INVALID_PARAMETER). "" = the line does not tell why.
	Errno   string
	Code    int    // the number as the line has it, without sign; 0 = none
	By      string // what Errno rests on: "number", "code", "words", "phrase"; "" without Errno
	OS      string // GOOS word where number or spelling tells it: "linux", "darwin", "windows"
	Program string // whose shape the line has: "nginx", "apache", "go", "node", ...; "" = unknown
	Words   string // the line itself, trimmed and cut at 4 KiB
}

// Parse reads one line. It reports false where the line is no failing bind or
// listen. It never fails otherwise and reads at most the first 4 KiB.
func Parse(text string) (Failure, bool) {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\t", " ")
	text = text[:min(len(text), maxText)]
	low := lower(text)
	if !mayBe(low) || lookAlike(low) {
		return Failure{}, false
	}
	f := Failure{Words: text, Program: program(low)}
	if !f.verdict(low) {
		return Failure{}, false
	}
	f.endpoint(text, low)
	f.unsaid()
	f.proto(low)
	f.prefix(text, low)
	return f, true
}

// lower folds ASCII only, so that offsets stay those of the text.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// mayBe is a quick look for lines that cannot be meant: most of a log.
func mayBe(low string) bool {
	for _, part := range [...]string{"bind", "listen", "in use", "inuse", "port", "errno", "os error", "winerror", "sock", "connect to ('", "register url", "httpaddurl", "forwarding", "error -40", "hresult"} {
		if strings.Contains(low, part) {
			return true
		}
	}
	return false
}

// lookAlike tells lines that share words with a failing bind and are none.
func lookAlike(low string) bool {
	for _, part := range [...]string{
		"connect e", "connect(", "dial tcp", "dial udp", "dial:", "addhttp11connectionasync", // a client's end
		"failed to establish a new connection", "connection refused", "connection reset",
		"no chain/target/match by that name",                                                           // iptables
		"unix:", "listen unix", ".sock ", ".sock:", ".sock)", ".sock'", `.sock"`, `\pipe\`, "in use /", // socket files
		"a server is already running. check", // a left-over PID file
		"mount --bind", "bind mount", "bind source path", "mount:",
	} {
		if strings.Contains(low, part) {
			return true
		}
	}
	return strings.HasSuffix(low, ".sock")
}

// verdict finds out why, and whether the line is about binding at all.
func (f *Failure) verdict(low string) bool {
	phrase, phrased := phraseOf(low)
	binds := phrased || bindWord(low) || strings.Contains(low, "httplistenerexception") || siteStart(low)
	switch n, ok := numberOf(low, f.Program); {
	case ok && (binds || isLibuv(n) || n.errno == inUse && isErrno(low, n)):
		f.Errno, f.Code, f.OS, f.By = n.errno, n.code, n.os, "number"
	default:
		if !f.spelled(low, binds) && phrased {
			f.Errno, f.By = phrase, by(phrase, "phrase")
		}
	}
	if f.OS == "" {
		f.OS = spellingOS(low, f.Program)
	}
	return f.Errno != "" || phrased
}

// siteStart: IIS' console shows the bare HRESULT when a site cannot start, and calls
// the first site by the same name in every language.
func siteStart(low string) bool {
	return strings.Contains(low, "hresult") && strings.Contains(low, "default web site")
}

// isLibuv: on a server's error line its numbers are those of a bind.
func isLibuv(n number) bool { return n.code > 4000 && n.code < 4100 }

// isErrno tells whether a number that could be anything else is called an error.
func isErrno(low string, n number) bool {
	return n.code > 1000 || strings.Contains(low, "errno") || strings.Contains(low, "os error") || strings.Contains(low, "in use")
}

func by(errno, how string) string {
	if errno == "" {
		return ""
	}
	return how
}

// spelled takes the error from its name or the system's words.
func (f *Failure) spelled(low string, binds bool) bool {
	for _, s := range spellings {
		if strings.Contains(low, s.text) && (binds || s.errno == inUse) {
			f.Errno, f.By = s.errno, s.by
			return true
		}
	}
	return false
}

// bindWord tells whether the line speaks of binding or listening: as a word of
// its own, not as a folder of the name server or of a directory's log-in.
func bindWord(low string) bool {
	for _, w := range [...]string{"bind", "listen", "make_sock", "jvm_bind", "socket()", "exposing port"} {
		for at := 0; ; {
			i := strings.Index(low[at:], w)
			if i < 0 {
				break
			}
			at += i
			if at == 0 || !strings.ContainsRune("/.-_abcdefghijklmnopqrstuvwxyz", rune(low[at-1])) {
				if after := low[at+len(w):]; !strings.HasPrefix(after, "/") && !strings.HasPrefix(after, ".") {
					return true
				}
			}
			at += len(w)
		}
	}
	return false
}

// unsaid fills in what a program leaves unsaid because it has only one port.
func (f *Failure) unsaid() {
	if f.Port == 0 && f.Program == "dnsmasq" && f.Host != "" {
		f.setPort(53)
	}
}

// prefix finds the URL that HTTP.sys refused.
func (f *Failure) prefix(text, low string) {
	if !strings.HasPrefix(f.Errno, "ERROR_") && f.Program != "iis express" && f.Program != "wcf" && f.Program != "http.sys" {
		return
	}
	if len(low) != len(text) {
		text = low // invalid UTF-8 was replaced
	}
	at := strings.Index(low, "http://")
	if at < 0 {
		at = strings.Index(low, "https://")
	}
	if at < 0 {
		return
	}
	url := text[at:]
	if i := strings.IndexAny(url, " \"'<>()"); i >= 0 {
		url = url[:i]
	}
	f.Prefix = strings.TrimRight(url, ".,;")
	if f.Port == 0 {
		f.at(f.Prefix, false)
	}
}

func (f *Failure) setPort(p uint16) {
	f.Port = p
	if f.Addr.IsValid() {
		f.Addr = netip.AddrPortFrom(f.Addr.Addr(), p)
	}
}

func (f *Failure) proto(low string) {
	switch {
	case strings.Contains(low, "listen udp"), strings.Contains(low, "/udp"), strings.Contains(low, "udp socket"):
		f.Proto = "udp"
	case strings.Contains(low, "listen tcp"), strings.Contains(low, "tcp"), strings.Contains(low, "http://"), strings.Contains(low, "https://"):
		f.Proto = "tcp"
	}
}
