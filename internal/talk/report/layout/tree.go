// Package layout puts text on a terminal: trees, tables, line breaks.
package layout

import (
	"io"
	"strings"
)

// Line is one line of a tree and the lines below it.
type Line struct {
	Text string
	Kids []Line
}

// Style says how text may look.
type Style struct {
	UTF8  bool
	Color bool
	Width int // of the terminal in columns; 0 = not a terminal, nothing is cut
}

type signs struct{ tee, last, bar, gap string }

func (s Style) signs() signs {
	if s.UTF8 {
		return signs{"├ ", "└ ", "│ ", "  "}
	}
	return signs{"|- ", "`- ", "|  ", "   "}
}

// Strong is t in bold.
func (s Style) Strong(t string) string {
	if !s.Color {
		return t
	}
	return "\x1b[1m" + t + "\x1b[0m"
}

// Faint is t in a faint colour.
func (s Style) Faint(t string) string {
	if !s.Color {
		return t
	}
	return "\x1b[2m" + t + "\x1b[0m"
}

// Tree writes the lines below a root, each indented.
func Tree(w io.Writer, st Style, indent string, lines []Line) {
	sg := st.signs()
	for i, l := range lines {
		lead, below := sg.tee, sg.bar
		if i == len(lines)-1 {
			lead, below = sg.last, sg.gap
		}
		io.WriteString(w, indent+lead+l.Text+"\n")
		Tree(w, st, indent+below, l.Kids)
	}
}

// Wrap breaks text at blanks so that no line is longer than width columns;
// following lines begin with indent, and the first one stands behind as much. Width 0
// leaves it whole.
func Wrap(text, indent string, width int) string {
	if width <= 0 {
		return text
	}
	var b strings.Builder
	col := len(indent)
	for i, word := range strings.Split(text, " ") {
		n := len([]rune(word))
		switch {
		case i == 0:
		case col+1+n > width:
			b.WriteString("\n" + indent)
			col = len(indent)
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
	}
	return b.String()
}

// ASCII writes berth's own signs (arrows, quotes, dots) in ASCII where the
// terminal may not show others. Words from outside stay as they are.
func (s Style) ASCII(text string) string {
	if s.UTF8 {
		return text
	}
	return strings.NewReplacer("←", "<-", "→", "->", "↔", "<->", "…", "...", "“", `"`, "”", `"`, "•••", "***").Replace(text)
}

// Sentences breaks the sentences of a text. Lines that are set in are commands and lines
// of files, and stay whole.
func Sentences(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if !strings.HasPrefix(l, " ") {
			lines[i] = Wrap(l, "", width)
		}
	}
	return strings.Join(lines, "\n")
}
