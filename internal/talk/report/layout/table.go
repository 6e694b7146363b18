package layout

import (
	"io"
	"strings"
)

// Column is one column of a table. Only columns with a least width below their
// content's give way when the terminal is narrow.
type Column struct {
	Title string
	Least int  // width below which it is not cut
	Right bool // aligned to the right
}

// Table writes rows under the columns' titles. Cells must be clean. In a
// terminal of st.Width columns the widest columns that may give way are cut
// until a row fits; elsewhere nothing is cut.
func Table(w io.Writer, st Style, cols []Column, rows [][]string) error {
	width := widths(cols, rows)
	if st.Width > 0 {
		fit(width, cols, st.Width)
	}
	var b strings.Builder
	for i, c := range cols {
		writeCell(&b, st.Strong(cell(c.Title, width[i], c.Right, i == len(cols)-1)), i)
	}
	b.WriteByte('\n')
	for _, r := range rows {
		for i, c := range cols {
			writeCell(&b, cell(r[i], width[i], c.Right, i == len(cols)-1), i)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCell(b *strings.Builder, s string, i int) {
	if i > 0 {
		b.WriteString("  ")
	}
	b.WriteString(s)
}

func widths(cols []Column, rows [][]string) []int {
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = runes(c.Title)
		for _, r := range rows {
			out[i] = max(out[i], runes(r[i]))
		}
	}
	return out
}

// fit takes columns away from the widest cell that may still give way.
func fit(width []int, cols []Column, total int) {
	sum := 2 * (len(width) - 1)
	for _, w := range width {
		sum += w
	}
	for ; sum > total; sum-- {
		at := -1
		for i, w := range width {
			if w > cols[i].Least && (at < 0 || w > width[at]) {
				at = i
			}
		}
		if at < 0 {
			return
		}
		width[at]--
	}
}

func cell(s string, width int, right, last bool) string {
	n := runes(s)
	if n > width {
		return string([]rune(s)[:max(0, width-1)]) + "…"
	}
	pad := strings.Repeat(" ", width-n)
	switch {
	case right:
		return pad + s
	case last:
		return s
	}
	return s + pad
}

func runes(s string) int {
	n := 0
	for range s {
		n++
	}
	return n
}
