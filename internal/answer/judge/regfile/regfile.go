// Package regfile reads registry changes as .reg files write them: the format of
// "Windows Registry Editor Version 5.00" and of REGEDIT4, whole or as a few lines in
// the middle of a post. It applies nothing. The package is pure.
package regfile

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Change is one thing that a .reg file or a reg command would do to the registry.
type Change struct {
	Key    string // root spelt out: "HKEY_LOCAL_MACHINE\SYSTEM\..."
	Name   string // of the value; "" is the key's default value, or the key itself
	Whole  bool   // it is about the key with all that is in it
	Delete bool
	// Number is the value of a dword or qword, nil where it is none. Strings are the
	// entries of a string or a multi-string.
	Number  *uint64
	Strings []string
	Line    int // where it begins, from 0
	Last    int // where it ends
}

// Header tells whether a line is the first one of a .reg file.
func Header(line string) bool {
	line = strings.TrimSpace(line)
	return strings.EqualFold(line, "REGEDIT4") || len(line) < 64 && strings.HasPrefix(strings.ToLower(line), "windows registry editor version")
}

// Key reads the line that opens a key, "[HKEY_...]" or "[-HKEY_...]".
func Key(line string) (key string, gone, ok bool) {
	line = strings.TrimSpace(line)
	if len(line) < 6 || line[0] != '[' || line[len(line)-1] != ']' {
		return "", false, false
	}
	line, gone = strings.CutPrefix(line[1:len(line)-1], "-")
	key = Path(line)
	return key, gone, strings.HasPrefix(key, "HKEY_")
}

// Path spells a registry key in full: HKLM\X, HKLM:\X and
// Registry::HKEY_LOCAL_MACHINE\X become HKEY_LOCAL_MACHINE\X. Slashes are taken for
// backslashes, and a trailing one goes.
func Path(key string) string {
	key = strings.ReplaceAll(strings.TrimSpace(key), "/", `\`)
	if at := strings.LastIndex(strings.ToLower(key), "registry::"); at >= 0 {
		key = key[at+len("registry::"):]
	}
	if strings.HasPrefix(key, `\\`) { // of another machine
		return key
	}
	root, rest, _ := strings.Cut(strings.TrimRight(key, `\`), `\`)
	for _, r := range [...]struct{ short, long string }{
		{"HKLM", "HKEY_LOCAL_MACHINE"}, {"HKCU", "HKEY_CURRENT_USER"}, {"HKCR", "HKEY_CLASSES_ROOT"},
		{"HKU", "HKEY_USERS"}, {"HKCC", "HKEY_CURRENT_CONFIG"},
	} {
		if strings.EqualFold(strings.TrimSuffix(root, ":"), r.short) || strings.EqualFold(root, r.long) {
			root = r.long
		}
	}
	if rest = strings.Trim(rest, `\`); rest == "" {
		return root
	}
	return root + `\` + rest
}

// maxJoined bounds the lines that one value may go on for.
const maxJoined = 512

// Read reads lines from a header or a key on, and returns the changes and how many
// lines they take. It stops at the first line that cannot be of a .reg file.
func Read(lines []string) (changes []Change, n int) {
	key, wide := "", true
	dead := false // inside [-KEY], where nothing can be set
	for n < len(lines) {
		line := strings.TrimSpace(lines[n])
		if Header(line) {
			wide = !strings.EqualFold(line, "REGEDIT4")
			n++
			continue
		}
		if k, gone, ok := Key(line); ok {
			key, dead = k, gone
			if gone {
				changes = append(changes, Change{Key: key, Whole: true, Delete: true, Line: n, Last: n})
			}
			n++
			continue
		}
		if line == "" || line[0] == ';' {
			n++
			continue
		}
		full, last := join(lines, n)
		c, ok := value(full, wide)
		if key == "" || !ok {
			break
		}
		c.Key, c.Line, c.Last = key, n, last
		if !dead {
			changes = append(changes, c)
		}
		n = last + 1
	}
	for n > 0 && strings.TrimSpace(lines[n-1]) == "" {
		n--
	}
	return changes, n
}

// join puts together a value that goes on behind a backslash. A blank line ends it.
func join(lines []string, i int) (string, int) {
	var b strings.Builder
	for last := i; ; last++ {
		line := strings.TrimSpace(lines[last])
		more := strings.HasSuffix(line, `\`) && last-i < maxJoined && last+1 < len(lines) && strings.TrimSpace(lines[last+1]) != ""
		b.WriteString(strings.TrimSuffix(line, `\`))
		if !more {
			return b.String(), last
		}
	}
}

// value reads "Name"=data, @=data and "Name"=-.
func value(line string, wide bool) (Change, bool) {
	var c Change
	rest, isDefault := strings.CutPrefix(line, "@")
	if !isDefault {
		var ok bool
		if c.Name, rest, ok = quoted(line); !ok {
			return c, false
		}
	}
	data, ok := strings.CutPrefix(strings.TrimSpace(rest), "=")
	if !ok {
		return c, false
	}
	data = strings.TrimSpace(data)
	if at := strings.LastIndex(data, ";"); at > 0 && !strings.HasPrefix(data, `"`) {
		data = strings.TrimSpace(data[:at])
	}
	switch kind, body, _ := strings.Cut(strings.ToLower(data), ":"); {
	case data == "-":
		c.Delete = true
	case strings.HasPrefix(data, `"`):
		s, _, closed := quoted(data)
		c.Strings = []string{s}
		return c, closed
	case kind == "dword":
		n, err := strconv.ParseUint(strings.TrimSpace(body), 16, 32)
		c.Number = &n
		return c, err == nil
	case strings.HasPrefix(kind, "hex"):
		return c, c.binary(kind, body, wide)
	default:
		return c, false
	}
	return c, true
}

// binary reads hex: and hex(N): data; what is neither number nor text is left as it is.
func (c *Change) binary(kind, body string, wide bool) bool {
	digits := strings.Map(func(r rune) rune {
		if r == ',' || r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, body)
	data, err := hex.DecodeString(digits)
	if err != nil {
		return false
	}
	switch strings.TrimPrefix(kind, "hex") {
	case "(1)", "(2)", "(7)":
		c.Strings = texts(data, wide)
	case "(4)", "(b)":
		if len(data) == 4 || len(data) == 8 {
			n := binary.LittleEndian.Uint64(append(data[:len(data):len(data)], make([]byte, 8-len(data))...))
			c.Number = &n
		}
	}
	return true
}

// texts are the strings of a string value, each ended by a zero.
func texts(data []byte, wide bool) []string {
	s := string(data)
	if wide {
		units := make([]uint16, 0, len(data)/2)
		for ; len(data) >= 2; data = data[2:] {
			units = append(units, binary.LittleEndian.Uint16(data))
		}
		s = string(utf16.Decode(units))
	}
	out := []string{}
	for _, part := range strings.Split(s, "\x00") {
		if part != "" {
			out = append(out, part)
		}
	}
	return out
}

// quoted reads a text in double quotes, in which a backslash takes the next sign as
// it is, and returns what stands behind it.
func quoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), "", false
}
