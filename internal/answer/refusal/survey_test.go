package refusal

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// shape is one way in which people paste a refused bind, and what it is understood as.
type shape struct{ text, want string }

// survey are the shapes of testdata/survey.txt: lines, and one that begins "=>" below.
func survey(t testing.TB) []shape {
	t.Helper()
	data, err := os.ReadFile("testdata/survey.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []shape
	var text []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		want, ends := strings.CutPrefix(line, "=> ")
		switch {
		case ends:
			out = append(out, shape{strings.Join(text, "\n"), want})
			text = nil
		case !strings.HasPrefix(line, "## "):
			text = append(text, line)
		}
	}
	if len(out) < 100 {
		t.Fatalf("%d shapes", len(out))
	}
	return out
}

// first is a command's name, of netsh with what it shows.
func first(command string) string {
	f := strings.Fields(strings.TrimPrefix(command, "sudo "))
	switch {
	case len(f) == 0:
		return "-"
	case f[0] == "netsh":
		return strings.Join(f[:min(4, len(f))], " ")
	}
	return f[0]
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func TestSurvey(t *testing.T) {
	for _, c := range survey(t) {
		var lines []Line
		for i, l := range strings.Split(c.text, "\n") {
			lines = append(lines, Line{Text: l, Where: fmt.Sprint(i + 1), Number: i + 1})
		}
		rs := Read("", lines)
		if len(rs) != 1 {
			t.Errorf("%s\n%d refusals: %+v", c.text, len(rs), rs)
			continue
		}
		r := rs[0]
		next, _ := r.Next(NoListing)
		got := fmt.Sprintf("%s %d %s %s", r.Cause, r.Port, dash(r.OS), dash(r.Errno))
		if r.Prefix != "" {
			got += " " + r.Prefix
		}
		if got += ": " + first(next.Hint); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}
