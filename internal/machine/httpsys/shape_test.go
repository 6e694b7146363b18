package httpsys

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/machine/httpsys/httpsystest"
)

func model(t testing.TB, text string) string {
	t.Helper()
	state, gaps := ParseState(text)
	set := state.Facts(func(line int) string { return fmt.Sprintf("line %d", line) })
	set.AddGaps(gaps...)
	data, err := json.MarshalIndent(set, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryLanguageSameModel(t *testing.T) {
	for name := range recorded {
		text := sample(t, name)
		want := model(t, text)
		for lang, to := range httpsystest.Tongues() {
			other := to.Translate(text)
			if other == text {
				t.Fatalf("%s in %s: nothing was translated", name, lang)
			}
			for _, step := range []string{"    ", "  ", "\t", "\u00a0\u00a0\u00a0"} {
				if diff := cmp.Diff(want, model(t, httpsystest.Reindent(other, step))); diff != "" {
					t.Errorf("%s in %s by %q: -want +got:\n%s\n%s", name, lang, step, diff, other)
				}
			}
		}
	}
}

// What a console of another code page has written stays as good as the same text
// in UTF-8, although most of its words cannot be read.
func TestEveryCodePageSameModel(t *testing.T) {
	tongues := httpsystest.Tongues()
	for page, cp := range httpsystest.CodePages() {
		encoded := 0
		for name := range recorded {
			text := sample(t, name)
			want := model(t, text)
			for _, lang := range cp.Tongues {
				raw := cp.Encode(tongues[lang].Translate(text))
				if !utf8.ValidString(raw) {
					encoded++
				}
				if diff := cmp.Diff(want, model(t, raw)); diff != "" {
					t.Errorf("%s in %s, code page %s: -want +got:\n%s\n%q", name, lang, page, diff, raw)
				}
			}
		}
		if encoded < len(recorded)-1 {
			t.Errorf("code page %s: only %d texts were encoded", page, encoded)
		}
	}
}

// damage is what happens to a text, and rows that no known Windows prints.
func damage() map[string]func(string) string {
	all := httpsystest.Damage()
	all["unknown rows"] = unknownRows
	return all
}

// unknownRows puts a row that no known Windows prints below each "label: value" row.
func unknownRows(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(line)
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		if strings.Contains(line, "State: ") || strings.Contains(line, "503 verbosity") || strings.Contains(line, "image: ") {
			b.WriteString(indent + "Colour of the future: a/b\n")
		}
	}
	return b.String()
}

func TestDamagedSameState(t *testing.T) {
	for name, want := range recorded {
		for what, harm := range damage() {
			state, _ := ParseState(harm(sample(t, name)))
			if diff := cmp.Diff(want, tell(state)); diff != "" {
				t.Errorf("%s, %s: -want +got:\n%s", name, what, diff)
			}
		}
	}
}

// Blank lines between all lines, and no indentation at all: what web pages do.
func TestFlattenedSameState(t *testing.T) {
	double := func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") }
	flat := func(s string) string { return httpsystest.Reindent(s, "") }
	for name, want := range recorded {
		state, _ := ParseState(double(sample(t, name)))
		if diff := cmp.Diff(want, tell(state)); diff != "" {
			t.Errorf("%s double-spaced: -want +got:\n%s", name, diff)
		}
		if strings.Contains(name, "zh-dev") || strings.Contains(name, "partial") {
			continue // hand-made without the version rows that carry a flat listing, or cut at the top
		}
		state, _ = ParseState(flat(sample(t, name)))
		if diff := cmp.Diff(want, tell(state)); diff != "" {
			t.Errorf("%s flat: -want +got:\n%s", name, diff)
		}
	}
}

// However a listing is cut, no URL goes to a process that the whole one does not
// give it to.
func TestTruncatedNeverLies(t *testing.T) {
	for name := range recorded {
		lines := strings.SplitAfter(sample(t, name), "\n")
		whole, _ := ParseState(strings.Join(lines, ""))
		truth := owners(whole, false)
		for from := range lines {
			for to := from; to <= len(lines); to++ {
				cut, _ := ParseState(strings.Join(lines[from:to], ""))
				for url, who := range owners(cut, true) {
					if who != "" && who != truth[url] {
						t.Fatalf("%s lines %d-%d: %s certainly of %q, but whole: %q", name, from, to, url, who, truth[url])
					}
				}
			}
		}
	}
}

// The same, cut at any byte: what the last line says may be cut, nothing else is
// other than in the whole text.
func TestCutAtEveryByteNeverLies(t *testing.T) {
	for name := range recorded {
		text := sample(t, name)
		whole, _ := ParseState(text)
		truth := owners(whole, false)
		for n := range len(text) {
			cut, _ := ParseState(text[:n])
			last := strings.Count(text[:n], "\n") + 1
			for _, r := range cut.Registrations {
				if r.Line == last || !r.Certain || slices.ContainsFunc(cut.Queues[r.Queues[0]].Processes, func(p Process) bool { return p.Line == last }) {
					continue
				}
				if who := owners(State{Queues: cut.Queues, Registrations: []Registration{r}}, true)[r.URL]; who != "" && who != truth[r.URL] {
					t.Fatalf("%s, %d bytes: %s certainly of %q, but whole: %q", name, n, r.URL, who, truth[r.URL])
				}
			}
		}
	}
}

// owners are the processes behind each URL; with certain, only where sure.
func owners(s State, certain bool) map[string]string {
	out := map[string]string{}
	for _, r := range s.Registrations {
		if certain && !r.Certain {
			continue
		}
		var who []string
		for _, q := range r.Queues {
			for _, p := range s.Queues[q].Processes {
				who = append(who, fmt.Sprint(p.PID))
			}
		}
		out[r.URL] = strings.Join(who, ",")
	}
	return out
}

func queueText(name, url string, pid int) string {
	return fmt.Sprintf(`Request queue name: %s
    Version: 2.0
    State: Active
    Max requests: 1000
    Number of active processes attached: 1
    Process IDs:
        %d
    URL groups:
    URL group ID: FE00000040000001
        State: Active
        Request queue name: %s
        Properties:
            Max bandwidth: inherited
            Number of registered URLs: 1
            Registered URLs:
                %s
`, name, pid, name, url)
}

func TestOddQueueNames(t *testing.T) {
	for _, name := range []string{
		"Request queue name", "Version: 2.0", "Process IDs:", "a: b", "a:b", "8080", "1.0", "FE00000040000001",
		"HTTP://+:80/", "4, image: C:\\x.exe", ".NET v4.5 Classic", "名前", "-----", "State: Active",
	} {
		text := queueText("DefaultAppPool", "HTTP://+:81/", 8) + queueText(name, "HTTP://+:80/", 12) + queueText("Last", "HTTP://+:82/", 16)
		want := []string{
			`queue 0 "DefaultAppPool" v2.0 pid 8`, fmt.Sprintf("queue 1 %q v2.0 pid 12", name), `queue 2 "Last" v2.0 pid 16`,
			"HTTP://+:81/ in [0]", "HTTP://+:80/ in [1]", "HTTP://+:82/ in [2]",
		}
		state, gaps := ParseState(text)
		if diff := cmp.Diff(want, tell(state)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", name, diff)
		}
		if len(gaps) > 0 {
			t.Errorf("%q: gaps %+v", name, gaps)
		}
		for lang, to := range httpsystest.Tongues() {
			state, _ := ParseState(to.Translate(text))
			if diff := cmp.Diff(want, tell(state)); diff != "" {
				t.Errorf("%q in %s: -want +got:\n%s", name, lang, diff)
			}
		}
	}
}

func TestManyQueues(t *testing.T) {
	var b strings.Builder
	const n = 10_000
	for i := range n {
		b.WriteString(queueText("Request queue is unnamed.", fmt.Sprintf("HTTP://+:%d/", i%60000+1), 8+4*i))
	}
	state, _ := ParseState(b.String())
	if len(state.Queues) != n || len(state.Registrations) != n {
		t.Fatalf("%d queues, %d URLs; want %d each", len(state.Queues), len(state.Registrations), n)
	}
	for i, r := range state.Registrations {
		if !r.Certain || r.Queues[0] != i || state.Queues[i].Processes[0].PID != 8+4*i {
			t.Fatalf("URL %d: %+v", i, r)
		}
	}
}

func TestCountsDisagree(t *testing.T) {
	text := queueText("Pool", "HTTP://+:80/", 8)
	if _, gaps := ParseState(text); len(gaps) != 0 {
		t.Fatalf("whole: %+v", gaps)
	}
	for _, cut := range []string{
		strings.Replace(text, "URLs: 1", "URLs: 3", 1),
		strings.Replace(text, "                HTTP://+:80/\n", "", 1),
		strings.Replace(text, "attached: 1", "attached: 2", 1) + queueText("B", "HTTP://+:81/", 12) + queueText("C", "HTTP://+:82/", 16),
	} {
		state, gaps := ParseState(cut)
		if len(gaps) != 1 || !state.Partial || gaps[0].Hint != hintQueues {
			t.Errorf("partial %v, gaps %+v of:\n%s", state.Partial, gaps, cut)
		}
	}
}

func TestController(t *testing.T) {
	text := sample(t, "servicestate-session-L1-en-iis-partial.txt")
	for _, c := range []struct {
		text string
		want int
	}{
		{text, 3408},
		{strings.Replace(text, "        Controller process ID: 3408\n", "", 1), 0},
	} {
		state, _ := ParseState(c.text)
		if got := state.Queues[1].Controller; got != c.want {
			t.Errorf("controller %d, want %d", got, c.want)
		}
	}
}

func TestUnknownShapeKeepsText(t *testing.T) {
	const text = "Der Befehl wurde nicht gefunden.\n"
	_, gaps := ParseState(text)
	if len(gaps) != 1 || gaps[0].Raw != text {
		t.Errorf("%+v", gaps)
	}
	_, gaps = ParseState("Snapshot of HTTP service state (Server Session View):\n-----------------------------------------------------\n\nRequest queues:\n")
	if len(gaps) != 0 {
		t.Errorf("an empty listing is no unknown shape: %+v", gaps)
	}
}

func seeds(f *testing.F, pattern string) {
	names, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), pattern) {
			f.Add(sample(f, n.Name()))
		}
	}
}

func FuzzParseState(f *testing.F) {
	seeds(f, "servicestate")
	for _, to := range httpsystest.Tongues() {
		f.Add(to.Translate(sample(f, "servicestate-session-L2-en-unelevated.txt")))
	}
	f.Fuzz(func(t *testing.T, text string) {
		state, _ := ParseState(text)
		last := strings.Count(text, "\n") + 1
		for _, r := range state.Registrations {
			if r.Line < 1 || r.Line > last || r.Certain && len(r.Queues) != 1 {
				t.Fatalf("%+v of %d lines", r, last)
			}
			for _, q := range r.Queues {
				_ = state.Queues[q]
			}
		}
		set := state.Facts(func(line int) string { return fmt.Sprint(line) })
		ids := map[string]bool{}
		for _, q := range set.Queues {
			if ids[string(q.ID)] {
				t.Fatalf("two queues %s", q.ID)
			}
			ids[string(q.ID)] = true
		}
		for _, s := range FindStates(strings.Split(text, "\n")) {
			if s.From < 0 || s.From >= s.To {
				t.Fatalf("%+v", s)
			}
		}
	})
}
