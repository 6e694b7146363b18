package changes

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

// Every ID that somebody gives a reason has a sentence: the sources are read.
func TestEveryReasonHasASentence(t *testing.T) {
	given := regexp.MustCompile(`\b(?:[rR]eason|[rR]efuse|[wW]arn)\("([a-z-]+)"|plan\.Reason\{ID: "([a-z-]+)"|return "(rank-[a-z-]+)"`)
	found := 0
	for _, pattern := range []string{"../../../answer/planning/*.go", "../../../answer/planning/*/*.go", "../../../answer/remedy/ways/*.go",
		"../../../keep/guard/*.go", "../../keeping/*.go", "../../freeing/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range given.FindAllStringSubmatch(string(text), -1) {
				found++
				if id := m[1] + m[2] + m[3]; !strings.HasSuffix(f, "_test.go") && sentenceOf(id) == "" {
					t.Errorf("%s: %s has no sentence", f, id)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d reasons were found", found)
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct {
		r    plan.Reason
		want string
	}{
		{plan.Reason{ID: "stop-unit", Args: map[string]string{"unit": "a.service", "restart": "always"}}, "stop a.service; systemd, which would restart it (always), is told to leave it down"},
		{plan.Reason{ID: "stop-unit", Args: map[string]string{"unit": "a\x1b.service"}}, `stop a\x1b.service`},
		{plan.Reason{ID: "port-not-free", Args: map[string]string{"port": "80", "why": "promised"}}, "port 80 is no choice: it is promised to somebody"},
		{plan.Reason{ID: "port-not-free", Args: map[string]string{"port": "80", "why": "of another day"}}, "port 80 is no choice"},
		{plan.Reason{ID: "by-hand", Args: map[string]string{"unit": "x"}}, "x belongs to (unknown), which berth does not drive"},
		{plan.Reason{ID: "of-a-day-to-come"}, "of a day to come"},
	} {
		if got := Reason(c.r); got != c.want {
			t.Errorf("%s: %q, want %q", c.r.ID, got, c.want)
		}
	}
}

// The table is one sentence a line, each ID once, its brackets closed.
func TestSentences(t *testing.T) {
	var ids []string
	for line := range strings.Lines(sentences[1:]) {
		id, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || slices.Contains(ids, id) || strings.Count(text, "[") != strings.Count(text, "]") || strings.Count(text, "{") != strings.Count(text, "}") {
			t.Errorf("%q", line)
		}
		ids = append(ids, id)
	}
}

// A file that is to be there is written as long as nobody has seen it; one that is there
// is edited.
func TestFileStep(t *testing.T) {
	f := plan.Subject{Kind: plan.File, Name: "/etc/x.conf"}
	for want, s := range map[string]plan.Step{
		"write the file /etc/x.conf":  {Subject: f, After: plan.State{"exists": "yes", "content": "x"}},
		"edit /etc/x.conf":            {Subject: f, Before: plan.State{"exists": "yes"}, After: plan.State{"exists": "yes", "content": "x"}},
		"remove the file /etc/x.conf": {Subject: f, Before: plan.State{"exists": "yes"}, After: plan.State{"exists": "no"}},
	} {
		if got := Step(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
