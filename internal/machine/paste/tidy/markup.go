package tidy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// untag takes HTML's tags out of a line. Text in angle brackets that is no tag
// ("<?>", "<0.1.0>", "<docker run>") stays.
func untag(line string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(line, '<')
		if at < 0 {
			break
		}
		end := strings.IndexByte(line[at:], '>')
		if end < 0 {
			break
		}
		b.WriteString(line[:at])
		if stands, ok := tag(line[at+1 : at+end]); ok {
			b.WriteString(stands)
		} else {
			b.WriteString(line[at : at+end+1])
		}
		line = line[at+end+1:]
	}
	b.WriteString(line)
	return b.String()
}

// tag is what a tag stands for: nothing, a blank between cells, or a new line.
func tag(inner string) (stands string, ok bool) {
	closes := strings.HasPrefix(inner, "/")
	name := strings.ToLower(strings.TrimPrefix(inner, "/"))
	if i := strings.IndexAny(name, " \t/"); i >= 0 {
		name = name[:i]
	}
	switch name {
	case "br":
		return "\n", true
	case "p", "div", "tr", "li":
		if closes {
			return "\n", true
		}
		return "", true
	case "td", "th":
		return "  ", true
	case "pre", "code", "span", "table", "tbody", "thead", "ul", "ol", "b", "i", "em", "strong", "samp", "kbd", "tt", "font", "blockquote", "html", "body", "a", "u":
		return "", true
	}
	return "", false
}

// unescape resolves HTML's escapes, also those that were escaped twice.
func unescape(line string) string {
	for range 2 {
		if !strings.ContainsRune(line, '&') {
			break
		}
		line = unescapeOnce(line)
	}
	return line
}

func unescapeOnce(line string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(line, '&')
		if at < 0 {
			break
		}
		b.WriteString(line[:at])
		line = line[at:]
		end := strings.IndexByte(line[:min(len(line), 10)], ';')
		if end < 0 {
			b.WriteByte('&')
			line = line[1:]
			continue
		}
		sign, ok := entity(line[1:end])
		if !ok {
			sign = line[:end+1]
		}
		b.WriteString(sign)
		line = line[end+1:]
	}
	b.WriteString(line)
	return b.String()
}

func entity(name string) (string, bool) {
	switch name {
	case "amp":
		return "&", true
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "quot", "ldquo", "rdquo", "bdquo", "laquo", "raquo":
		return `"`, true
	case "apos", "lsquo", "rsquo", "sbquo":
		return "'", true
	case "nbsp", "ensp", "emsp", "thinsp":
		return " ", true
	case "ndash", "mdash", "minus":
		return "-", true
	case "lbrack", "lsqb":
		return "[", true
	case "rbrack", "rsqb":
		return "]", true
	case "bsol":
		return `\`, true
	case "colon":
		return ":", true
	}
	return numbered(name)
}

// numbered is the sign of "#39" or "#x27". Control characters stand for nothing.
func numbered(name string) (string, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return "", false
	}
	base := 10
	if hex, isHex := strings.CutPrefix(strings.ToLower(digits), "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	switch {
	case err != nil || n > 0x10ffff:
		return "", false
	case n == 160 || n == 9:
		return " ", true
	case n < 32:
		return "", true
	}
	return string(rune(n)), true
}

// undress takes off a line what a mail, a forum or Markdown put around it.
func undress(line string) string {
	line = unquote(uncolor(line))
	line = unbracket(line)
	switch trimmed := strings.TrimSpace(line); {
	case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
		return "" // a fence
	case len(trimmed) > 2 && trimmed[0] == '`' && trimmed[len(trimmed)-1] == '`':
		return strings.Trim(trimmed, "`")
	case len(trimmed) > 4 && strings.HasPrefix(trimmed, "**") && strings.HasSuffix(trimmed, "**") && trimmed[2] != '*':
		return strings.Trim(trimmed, "*")
	case len(trimmed) > 2 && trimmed[0] == '|' && trimmed[len(trimmed)-1] == '|':
		return strings.ReplaceAll(line, "|", " ") // a table of Markdown
	}
	return line
}

// unquote takes the quote marks of a mail or a forum off the front of a line.
func unquote(line string) string {
	for {
		at := strings.TrimLeft(line, " ")
		rest, ok := strings.CutPrefix(at, ">")
		if ok && strings.HasPrefix(rest, "=") {
			return line
		}
		if !ok {
			rest, ok = strings.CutPrefix(at, "| ")
			if ok && strings.HasSuffix(rest, "|") {
				return line
			}
			rest = " " + rest
		}
		if !ok {
			return line
		}
		line = strings.TrimPrefix(rest, " ")
	}
}

// uncolor takes out what a terminal takes as colours and movements.
func uncolor(line string) string {
	if !strings.Contains(line, "\x1b[") {
		return line
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(line, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := 0
		for end < len(after) && (after[end] >= '0' && after[end] <= '9' || after[end] == ';' || after[end] == '?') {
			end++
		}
		if end < len(after) && after[end] < utf8.RuneSelf {
			end++
		}
		line = after[end:]
	}
}

// unbracket takes out the tags of bulletin boards: [code], [/quote], [b].
func unbracket(line string) string {
	if at := strings.TrimSpace(line); len(at) > 7 && strings.EqualFold(at[:7], "[quote=") && strings.HasSuffix(at, "]") {
		return ""
	}
	if !strings.ContainsRune(line, '[') {
		return line
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(line, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest, closed := strings.Cut(after[:min(len(after), maxTag)], "]")
		switch strings.ToLower(strings.TrimPrefix(name, "/")) {
		case "code", "quote", "pre", "b", "i", "spoiler":
			if closed {
				line = rest + after[min(len(after), maxTag):]
				continue
			}
		}
		b.WriteByte('[')
		line = after
	}
}

// maxTag is longer than any tag of a bulletin board.
const maxTag = 10
