package layout_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/berthd/berth/internal/talk/report/layout"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text, indent string
		width        int
		want         string
	}{
		{"one two three", "  ", 0, "one two three"},
		{"one two three", "  ", 9, "one two\n  three"},
		{"one two three", "  ", 8, "one\n  two\n  three"},
		{"one two three", "", 3, "one\ntwo\nthree"},
		{"unbreakable", "  ", 4, "unbreakable"},
		{"größe größe", "", 11, "größe größe"},
		{"größe größe", "", 10, "größe\ngröße"},
	} {
		if got := layout.Wrap(c.text, c.indent, c.width); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 8)
	f.Add("", 1)
	f.Add(" a  b ", -3)
	f.Fuzz(func(t *testing.T, text string, width int) {
		got := layout.Wrap(text, "", width)
		if strings.ReplaceAll(got, "\n", " ") != strings.ReplaceAll(text, "\n", " ") {
			t.Fatalf("%q became %q", text, got)
		}
		if width <= 0 || strings.Contains(text, "\n") || !utf8.ValidString(text) {
			return
		}
		for line := range strings.Lines(got) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && strings.Contains(strings.TrimLeft(line, " "), " ") {
				t.Fatalf("%q is longer than %d and could be broken", line, width)
			}
		}
	})
}

func tree(st layout.Style) string {
	var b strings.Builder
	layout.Tree(&b, st, "", []layout.Line{
		{Text: "a", Kids: []layout.Line{{Text: "b"}, {Text: "c"}}},
		{Text: "d", Kids: []layout.Line{{Text: "e"}}},
	})
	return b.String()
}

func TestTree(t *testing.T) {
	if want := "├ a\n│ ├ b\n│ └ c\n└ d\n  └ e\n"; tree(layout.Style{UTF8: true}) != want {
		t.Errorf("\n%s", tree(layout.Style{UTF8: true}))
	}
	if got := tree(layout.Style{}); got != "|- a\n|  |- b\n|  `- c\n`- d\n   `- e\n" {
		t.Errorf("\n%s", got)
	}
}

func TestColorIsAskedFor(t *testing.T) {
	if got := (layout.Style{Color: true}).Strong("a"); !strings.Contains(got, "\x1b[1m") {
		t.Errorf("%q", got)
	}
	plain := layout.Style{}
	if got := plain.Strong("a") + plain.Faint("b"); got != "ab" {
		t.Errorf("%q", got)
	}
}

func table(t *testing.T, width int, rows ...[]string) string {
	t.Helper()
	var b strings.Builder
	cols := []layout.Column{{Title: "NAME", Least: 4}, {Title: "PORT", Least: 4, Right: true}, {Title: "WHAT", Least: 4}}
	if err := layout.Table(&b, layout.Style{Width: width}, cols, rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	row := []string{"a-long-name", "80", "a very long description"}
	if got, want := table(t, 0, row), "NAME         PORT  WHAT\na-long-name    80  a very long description\n"; got != want {
		t.Errorf("whole:\n%s", got)
	}
	for line := range strings.Lines(table(t, 24, row)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 24 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if got := table(t, 24, row); !strings.Contains(got, "…") || !strings.Contains(got, "  80  ") {
		t.Errorf("cut:\n%s", got)
	}
	if got := table(t, 3, row); !strings.Contains(got, "80") {
		t.Errorf("no room at all:\n%s", got)
	}
	if got := table(t, 80); got != "NAME  PORT  WHAT\n" {
		t.Errorf("empty: %q", got)
	}
}
