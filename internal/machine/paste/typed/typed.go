// Package typed reads what people type: it tells a prompt from a command, a command
// from a sentence, and which ports a command asks about. It is pure.
package typed

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Port is a port number in a command.
type Port struct {
	Proto  fact.Proto // "" where the command does not say
	Number uint16
	Sure   bool // behind a colon or a word for it: can be nothing but a port
}

// Line is what stands behind a prompt.
type Line struct {
	Command string
	Shell   string // "powershell" where the prompt is PowerShell's
}

// Cut takes the prompt of cmd, PowerShell or a Unix shell off a line; ok is false where
// there is none, and then the command is the line.
func Cut(line string) (l Line, ok bool) {
	rest, power := strings.CutPrefix(line, "PS ")
	if power {
		l.Shell = "powershell"
	}
	if len(rest) > 3 && rest[1] == ':' && (rest[2] == '\\' || rest[2] == '/') && rest[0]|0x20 >= 'a' && rest[0]|0x20 <= 'z' {
		path, cmd, found := strings.Cut(rest, ">")
		if found && !strings.HasSuffix(path, " ") && !strings.ContainsAny(path, `"<|*?`) {
			l.Command = strings.TrimSpace(cmd)
			return l, true
		}
	}
	if cmd, ok := strings.CutPrefix(line, "netsh http>"); ok {
		return Line{Command: "netsh http " + strings.TrimSpace(cmd)}, true
	}
	for _, sign := range []string{"$ ", "# ", "% "} {
		prompt, cmd, found := strings.Cut(line, sign)
		if found && (prompt == "" && sign != "# " || shellPrompt(prompt)) {
			return Line{Command: strings.TrimSpace(cmd)}, true
		}
	}
	return Line{Command: line}, false
}

// shellPrompt tells whether s is "user@host:~", "[user@host dir]", or the like.
func shellPrompt(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && len(s) < 128 && !strings.Contains(s[:at], " ") && (strings.Count(s, " ") == 0 || s[0] == '[' || strings.Count(s, " ") == 1)
}

// WellKnown tells whether a line without a prompt is a command rather than a
// sentence that begins with its name.
func WellKnown(line string) bool {
	f := strings.Fields(line)
	for len(f) > 1 && (f[0] == "sudo" || f[0] == "sudo:") {
		f = f[1:]
	}
	if len(f) < 2 {
		return len(f) == 1 && (f[0] == "tasklist" || f[0] == "ss" || f[0] == "netstat")
	}
	switch strings.ToLower(f[0]) {
	case "netstat", "ss", "lsof", "tasklist", "taskkill", "fuser", "get-nettcpconnection":
		return strings.ContainsRune("-/|", rune(f[1][0]))
	case "netsh":
		return f[1] == "http" || f[1] == "int" || f[1] == "interface"
	case "docker", "podman":
		return f[1] == "ps"
	case "net":
		return f[1] == "stop" || f[1] == "start"
	case "sc", "sc.exe":
		return f[1] == "query" || f[1] == "queryex" || f[1] == "qc" || f[1] == "config" || f[1] == "stop" || f[1] == "start"
	}
	return false
}

// Ports are the ports a command asks for: ":80", "-i :80", findstr "80".
func Ports(cmd string) []Port {
	lower := strings.ToLower(cmd)
	if strings.Contains(lower, "tasklist") || strings.Contains(lower, "taskkill") || strings.Contains(lower, " eq ") {
		return nil
	}
	if !asksPorts(lower) {
		return nil
	}
	var proto fact.Proto
	if strings.Contains(lower, "-itcp") || strings.Contains(lower, "-p tcp") {
		proto = fact.TCP
	}
	var out []Port
	for _, token := range strings.FieldsFunc(lower, func(r rune) bool { return strings.ContainsRune(` "'|()=/`, r) }) {
		number := token[strings.LastIndexByte(token, ':')+1:]
		port, err := strconv.ParseUint(strings.TrimRight(number, "$.\\b"), 10, 16)
		if err == nil && port > 0 && len(out) < 16 {
			out = append(out, Port{proto, uint16(port), strings.Contains(token, ":")})
		}
	}
	return out
}

func asksPorts(cmd string) bool {
	for _, tool := range []string{"netstat", "ss ", "lsof", "findstr", "nettcpconnection", "fuser", "grep"} {
		if strings.Contains(cmd, tool) {
			return true
		}
	}
	return false
}
