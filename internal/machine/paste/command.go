package paste

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// want is a port number that a command in a paste names.
type want struct {
	proto    fact.Proto
	port     uint16
	sure     bool // behind a colon or a word for it: can be nothing but a port
	why      Why
	evidence string
}

// maxWanted bounds the ports that a paste asks for.
const maxWanted = 64

// command reads a line typed at a prompt, or a command that stands alone.
func (d *desk) command(i int) int {
	line := strings.TrimSpace(d.lines[i])
	cmd, prompt := cutPrompt(line)
	if !prompt && !wellKnown(cmd) {
		return 0
	}
	if cmd == "" {
		return 1
	}
	d.result.Commands = append(d.result.Commands, Line{Text: d.name, Number: d.numbers[i], Line: cmd})
	d.want(wants(cmd, d.evidence(i))...)
	return 1
}

// cutPrompt takes the prompt of cmd, PowerShell or a Unix shell off a line.
func cutPrompt(line string) (cmd string, ok bool) {
	rest := strings.TrimPrefix(line, "PS ")
	if len(rest) > 3 && rest[1] == ':' && (rest[2] == '\\' || rest[2] == '/') && rest[0]|0x20 >= 'a' && rest[0]|0x20 <= 'z' {
		path, cmd, found := strings.Cut(rest, ">")
		if found && !strings.HasSuffix(path, " ") && !strings.ContainsAny(path, `"<|*?`) {
			return strings.TrimSpace(cmd), true
		}
	}
	if cmd, ok := strings.CutPrefix(line, "netsh http>"); ok {
		return "netsh http " + strings.TrimSpace(cmd), true
	}
	for _, sign := range []string{"$ ", "# ", "% "} {
		prompt, cmd, found := strings.Cut(line, sign)
		if found && (prompt == "" && sign != "# " || shellPrompt(prompt)) {
			return strings.TrimSpace(cmd), true
		}
	}
	return line, false
}

// shellPrompt tells whether s is "user@host:~", "[user@host dir]", or the like.
func shellPrompt(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && len(s) < 128 && !strings.Contains(s[:at], " ") && (strings.Count(s, " ") == 0 || s[0] == '[' || strings.Count(s, " ") == 1)
}

// wellKnown tells whether a line without a prompt is a command rather than a
// sentence that begins with its name.
func wellKnown(line string) bool {
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

// wants are the ports a command asks for: ":80", "-i :80", findstr "80".
func wants(cmd, evidence string) []want {
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
	var out []want
	for _, token := range strings.FieldsFunc(lower, func(r rune) bool { return strings.ContainsRune(` "'|()=/`, r) }) {
		number := token[strings.LastIndexByte(token, ':')+1:]
		port, err := strconv.ParseUint(strings.TrimRight(number, "$.\\b"), 10, 16)
		if err == nil && port > 0 && len(out) < 16 {
			out = append(out, want{proto, uint16(port), strings.Contains(token, ":"), Filtered, evidence})
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
