package record

import (
	"slices"
	"strings"
)

// maxRows bounds the rows of one table.
const maxRows = 65536

// column is a table's column: its name, and where it stands.
type column struct {
	name     string
	from, to int // of the underline, in runes
}

// table reads PowerShell's tables: names, a line of dashes, rows up to an empty line.
func table(lines []string, i int) ([]Record, int) {
	if i+1 >= len(lines) || !dashes(lines[i+1]) {
		return nil, 0
	}
	names := strings.Fields(lines[i])
	kind := kindOf(names, true)
	spans := words(lines[i+1])
	if kind == "" || len(spans) != len(names) {
		return nil, 0
	}
	cols := make([]column, len(names))
	for k, s := range spans {
		cols[k] = column{names[k], s.from, s.to}
	}
	var out []Record
	n := 2
	for i+n < len(lines) && len(out) < maxRows {
		line := lines[i+n]
		if strings.TrimSpace(line) == "" {
			break
		}
		r := Record{Kind: kind, Line: i + n, Last: i + n, fields: row(cols, line)}
		if r.key() == "" { // a page took the columns apart
			r.fields = byWords(names, strings.Fields(line))
		}
		if r.key() == "" {
			break
		}
		out = append(out, r)
		n++
	}
	return out, n
}

// key is the value without which a row is none.
func (r Record) key() string {
	switch r.Kind {
	case Socket:
		return numeric(r.Get("LocalPort"))
	case Process:
		return numeric(r.Get("Id", "ProcessId", "PID"))
	}
	return r.Get("Name")
}

func numeric(s string) string {
	if strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

func dashes(line string) bool {
	return strings.Trim(line, "- ") == "" && strings.Contains(line, "--")
}

// span is where a word stands in a line.
type span struct {
	word     string
	from, to int
}

func words(line string) []span {
	var out []span
	from := -1
	at := 0
	var b strings.Builder
	for _, c := range line {
		switch {
		case c == ' ' || c == '\t':
			if from >= 0 {
				out = append(out, span{b.String(), from, at})
				b.Reset()
				from = -1
			}
		default:
			if from < 0 {
				from = at
			}
			b.WriteRune(c)
		}
		at++
	}
	if from >= 0 {
		out = append(out, span{b.String(), from, at})
	}
	return out
}

// row gives each word to the column under whose name it stands, and what stands
// under none to the last one that began before it.
func row(cols []column, line string) []field {
	out := make([]field, len(cols))
	for k, c := range cols {
		out[k].name = c.name
	}
	at := 0
	for _, w := range words(line) {
		at = max(at, under(cols, w))
		if out[at].value != "" {
			out[at].value += " "
		}
		out[at].value += w.word
	}
	return out
}

func under(cols []column, w span) int {
	last := 0
	for k, c := range cols {
		if w.from < c.to && c.from < w.to {
			return k
		}
		if c.from <= w.from {
			last = k
		}
	}
	return last
}

// bare reads tables without an underline, whose last column may be anything: ps
// and wmic. Their rows must each have the PID where the head has it.
func bare(lines []string, i int) ([]Record, int) {
	heads, kind, wide := head(lines[i])
	if kind == "" {
		return nil, 0
	}
	var out []Record
	n := 1
	for i+n < len(lines) && len(out) < maxRows {
		line := lines[i+n]
		if strings.TrimSpace(line) == "" {
			if wide && i+n+1 < len(lines) && strings.TrimSpace(lines[i+n+1]) != "" {
				n++ // wmic ends its lines twice
				continue
			}
			break
		}
		r := Record{Kind: kind, Line: i + n, Last: i + n}
		if r.fields = byWords(namesOf(heads), strings.Fields(line)); wide {
			r.fields = byStarts(heads, line)
		}
		if r.key() == "" {
			break
		}
		out = append(out, r)
		n++
	}
	if len(out) == 0 {
		return nil, 0
	}
	return out, n
}

// head reads the head of such a table; wide is one of wmic's, whose columns are
// padded.
func head(line string) (heads []span, kind Kind, wide bool) {
	if !strings.Contains(line, "PID") && !strings.Contains(line, "ProcessId") && !strings.Contains(line, "StartMode") {
		return nil, "", false
	}
	heads = words(line)
	names := namesOf(heads)
	if len(names) < 2 || slices.ContainsFunc(names, func(n string) bool { return !word(n) }) {
		return nil, "", false
	}
	return heads, kindOf(names, false), !unix(names)
}

func namesOf(heads []span) []string {
	out := make([]string, len(heads))
	for k, h := range heads {
		out[k] = h.word
	}
	return out
}

// byWords gives the last column all that is left.
func byWords(names, ws []string) []field {
	if len(ws) < len(names) {
		return nil
	}
	out := make([]field, len(names))
	for k, name := range names {
		out[k] = field{name, ws[k]}
	}
	last := len(names) - 1
	out[last].value = strings.Join(ws[last:], " ")
	return out
}

// byStarts cuts a row where the names of its head begin.
func byStarts(heads []span, line string) []field {
	runes := []rune(line)
	out := make([]field, len(heads))
	for k, h := range heads {
		to := len(runes)
		if k+1 < len(heads) {
			to = min(to, heads[k+1].from)
		}
		out[k] = field{h.word, strings.TrimSpace(string(runes[min(h.from, to):to]))}
	}
	return out
}
