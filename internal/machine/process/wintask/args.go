package wintask

import "strings"

// Args splits a command line as the C runtime of most programs does: words are
// parted by blanks outside quotes, a backslash is special only before a quote, and
// two quotes inside quotes are one. In the first word, the program, a backslash is
// never special.
func Args(line string) []string {
	if line == "" {
		return nil
	}
	first, rest := program(line)
	args := []string{first}
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			return args
		}
		var word string
		word, rest = argument(rest)
		args = append(args, word)
	}
}

// program cuts the first word off: it ends at its second quote, or without quotes
// at the first blank.
func program(line string) (word, rest string) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		word, rest, _ = strings.Cut(quoted, `"`)
		return word, rest
	}
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], line[i:]
	}
	return line, ""
}

func argument(s string) (word, rest string) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], `\`))
			i += n - 1
			if i+1 == len(s) || s[i+1] != '"' {
				b.WriteString(s[i+1-n : i+1])
				continue
			}
			b.WriteString(s[i+1-n : i+1-n+n/2])
			if n%2 == 1 {
				b.WriteByte('"')
				i++
			}
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			return b.String(), s[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
