package refusal

import (
	"strings"

	"github.com/berthd/berth/internal/answer/logline"
)

// failure reads the refusal that begins at line i, and says how many lines it took,
// at least 1: a mail breaks lines, a trace tells on the lines below what was asked
// for, node prints the parts of an error one a line.
func failure(lines []Line, i int) (f logline.Failure, n int, ok bool) {
	f, ok = logline.Parse(lines[i].Text)
	switch {
	case ok && f.Port != 0 && f.Errno != "":
		return f, 1, true
	case ok && f.Port == 0 && !part(lines[i].Text):
		if port, n := portBelow(lines, i); port != 0 {
			f.Port = port
			return f, n, true
		}
	case !ok && bindsBelow(lines, i):
		if f, ok = logline.Parse(lines[i].Text + " (bind)"); ok {
			f.Words = strings.TrimSuffix(f.Words, " (bind)")
			return f, 1, true
		}
	}
	if g, joined := broken(lines, i, f, ok); joined {
		return g, 2, true
	}
	return f, 1, ok
}

// broken reads line i with the next, where that tells more than either.
func broken(lines []Line, i int, f logline.Failure, ok bool) (logline.Failure, bool) {
	if i+1 >= len(lines) || apart(lines, i, i+1) > 1 || ok && !open(lines[i].Text) {
		return f, false
	}
	next := strings.TrimSpace(lines[i+1].Text)
	below, alone := logline.Parse(next)
	if unfinished := open(lines[i].Text); alone && (!unfinished || ok || below.Port != 0) || !unfinished && len(lines[i].Text) < shortest {
		return f, false
	}
	g, joined := logline.Parse(strings.TrimSpace(lines[i].Text) + " " + next)
	better := g.Port != 0 && f.Port == 0 || g.Errno != "" && f.Errno == ""
	return g, joined && better && g.By != "phrase"
}

// shortest is the shortest line that a mail breaks.
const shortest = 55

// open tells whether a line cannot end where it does.
func open(line string) bool {
	line = strings.TrimSpace(line)
	last := line[strings.LastIndexByte(line, ' ')+1:]
	switch strings.ToLower(last) {
	case "to", "on", "for", "address", "port", "tcp", "tcp4", "tcp6", "udp", "bind", "listen", "bind()", "already", "socket":
		return true
	}
	return strings.HasSuffix(last, ":") || strings.HasSuffix(last, ",")
}

// maxBelow is how far below an error its parts may stand.
const maxBelow = 16

// portBelow finds the port among the parts of an error that node prints, one a
// line: "port: 3000", up to the closing brace.
func portBelow(lines []Line, i int) (port uint16, n int) {
	parts := 0
	for j := i + 1; j < len(lines) && j <= i+maxBelow && apart(lines, i, j) == j-i; j++ {
		key, value, ok := strings.Cut(strings.TrimSpace(lines[j].Text), ": ")
		switch {
		case strings.HasPrefix(key, "at "):
			continue // of the stack
		case !ok || strings.ContainsAny(key, " ("):
			return 0, 0
		case part(lines[j].Text):
			parts++
		case strings.Trim(key, `'"`) == "port":
			if p := number(strings.Trim(value, `'",} `)); p != 0 && parts > 0 {
				return p, j - i + 1
			}
			return 0, 0
		}
	}
	return 0, 0
}

// part tells whether a line is one of those parts, short of the port.
func part(line string) bool {
	key, _, ok := strings.Cut(strings.TrimSpace(line), ": ")
	switch strings.Trim(key, `'"{ `) {
	case "errno", "code", "syscall", "address":
		return ok
	}
	return false
}

func number(s string) uint16 {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 65535 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	if n > 65535 {
		return 0
	}
	return uint16(n)
}

// bindsBelow tells whether line i is an exception of a socket and the trace below it
// goes through a bind.
func bindsBelow(lines []Line, i int) bool {
	if !strings.Contains(lines[i].Text, "SocketException") {
		return false
	}
	for j := i + 1; j < len(lines) && j <= i+maxBelow; j++ {
		t := strings.TrimSpace(lines[j].Text)
		if strings.Contains(t, "Socket.Bind") || strings.Contains(t, "Socket.DoBind") || strings.Contains(t, "TcpListener.Start") {
			return true
		}
	}
	return false
}
