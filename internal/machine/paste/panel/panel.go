// Package panel reads what control panels of web server bundles (XAMPP, WampServer)
// and checkers of their kind say of a port: which program they found on it.
//
// What a panel says is what it saw in the system's own table, in its own words and
// in several languages; the words are not read: the number behind the word for a
// port, the program in quotes and the PID are. The package is pure.
package panel

import (
	"strconv"
	"strings"
)

// Claim is what a panel says of a port.
type Claim struct {
	Port    uint16
	Program string // path or image of the holder; "" = not told
	PID     int    // 0 = not told
	Module  string // the server that the panel wants to start: "Apache"
	// HTTPSys: an answer on the port came from the Windows kernel's HTTP listener.
	HTTPSys bool
}

// Parse reads one line of XAMPP's log:
//
//	14:02:11  [Apache] 	Port 80 in use by "system"!
//	14:02:11  [Apache] 	Port 443 in use by ""C:\x\vmware-hostd.exe" -u x" with PID 3264!
func Parse(line string) (Claim, bool) {
	module, rest, ok := tagged(line)
	if !ok {
		module, rest, ok = "", strings.TrimSpace(line), untagged(line)
	}
	if !ok {
		return Claim{}, false
	}
	before, quoted, ok := strings.Cut(rest, `"`)
	port := portIn(before)
	end := strings.LastIndexByte(quoted, '"')
	if !ok || port == 0 || end < 0 {
		return Claim{}, false
	}
	c := Claim{Port: port, Module: module, PID: pidBehind(quoted[end+1:])}
	c.Program = program(quoted[:end])
	if c.Program == "" && c.PID == 0 {
		return Claim{}, false
	}
	return c, true
}

// tagged cuts "[Apache]" off a line, and the time in front of it.
func tagged(line string) (module, rest string, ok bool) {
	line = strings.TrimSpace(line)
	stamp, after, ok := strings.Cut(line, "[")
	if !ok || strings.Trim(stamp, "0123456789:. \tAPMapm") != "" {
		return "", "", false
	}
	module, rest, ok = strings.Cut(after, "]")
	if !ok || module == "" || len(module) > 24 || strings.ContainsAny(module, `"=/\`) {
		return "", "", false
	}
	return module, rest, true
}

// untagged: people leave out the time and the module, and quote the English words.
func untagged(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "Port ") && strings.Contains(line, ` in use by "`)
}

// portIn is the last number of a text that can be a port.
func portIn(s string) uint16 {
	f := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if len(f) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(f[len(f)-1], 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// pidBehind reads `with PID 3264!`.
func pidBehind(s string) int {
	_, after, ok := strings.Cut(s, "PID")
	if !ok {
		return 0
	}
	after = strings.TrimLeft(after, " :")
	end := 0
	for end < len(after) && '0' <= after[end] && after[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(after[:end], 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// program is the image in what stands in quotes: a path with or without quotes and
// arguments of its own, or a bare image. A sentence ("Unable to open process") is none.
func program(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, `"`); ok {
		s, _, _ = strings.Cut(inner, `"`)
	}
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, "system") {
		return "System"
	}
	for i := 1; i+4 <= min(len(s), 1024); i++ {
		if strings.EqualFold(s[i:i+4], ".exe") {
			return s[:i+4]
		}
	}
	return ""
}

// Answered reads what WampServer and header viewers print of an answer: a sentence
// that names the port ("Your port 80 is actually used by :") and, within a few
// lines, a Server header. n is how many of lines belong to it.
func Answered(lines []string) (c Claim, n int, ok bool) {
	if len(lines) == 0 || !strings.HasSuffix(strings.TrimRight(lines[0], " "), ":") || len(lines[0]) > 200 {
		return Claim{}, 0, false
	}
	port := portIn(lines[0])
	if port == 0 || !strings.Contains(strings.ToLower(lines[0]), "port") {
		return Claim{}, 0, false
	}
	for i, l := range lines[1:min(len(lines), 5)] {
		server, is := strings.CutPrefix(strings.ToLower(strings.TrimSpace(l)), "server:")
		if !is {
			continue
		}
		return Claim{Port: port, HTTPSys: kernelServer(server)}, i + 2, kernelServer(server)
	}
	return Claim{}, 0, false
}

// kernelServer tells whether a Server header is one that HTTP.sys sends, for itself
// or for IIS.
func kernelServer(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "microsoft-httpapi/") || strings.HasPrefix(s, "microsoft-iis/")
}
