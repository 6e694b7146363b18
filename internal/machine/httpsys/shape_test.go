package httpsys

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tongue is a made-up translation of netsh's labels: only the shape counts, so
// words it has no translation for are spelt with other letters.
type tongue struct {
	words map[string]string
	colon string
	spell func(rune) rune
}

func shift(to rune) func(rune) rune {
	return func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return to + r - 'a'
		}
		return r
	}
}

var tongues = map[string]tongue{
	"ja": {colon: ":", spell: shift('ア'), words: map[string]string{
		"Request queue name": "要求キュー名", "Request queue is unnamed.": "要求キューには名前がありません。", "image": "イメージ",
		"Server session ID": "サーバー セッション ID", "Registered URLs": "登録された URL", "Process IDs": "プロセス ID"}},
	"de": {colon: ":", spell: shift('a'), words: map[string]string{
		"Request queue name": "Name:Anforderungswarteschlange", "Request queue is unnamed.": "Die Anforderungswarteschlange ist unbenannt.",
		"image": "Abbild", "Number of registered URLs": "Anzahl der registrierten URLs", "Timeout values inherited": "Geerbte Zeitlimitwerte"}},
	"fr": {colon: " :", spell: shift('a'), words: map[string]string{
		"Request queue name": "Nom de la file d’attente", "Request queue is unnamed.": "La file d’attente n’a pas de nom.", "ID": "ID",
		"Timeout values inherited": "Valeurs de délai d’expiration héritées", "Processes": "Processus"}},
	"it": {colon: " :", spell: shift('a'), words: map[string]string{
		"Request queue name": "Nome coda richieste", "Request queue is unnamed.": "Coda richieste senza nome.", "State": "IP:stato"}},
	"zh": {colon: "：", spell: shift('一'), words: map[string]string{
		"Request queue name": "请求队列:名称", "Request queue is unnamed.": "请求队列未命名。", "Version": "IP:端口", "image": "映像"}},
	"ru": {colon: ":", spell: shift('а'), words: map[string]string{
		"Request queue name": "Имя очереди запросов", "Request queue is unnamed.": "Очередь запросов не имеет имени.", "Services": "Службы"}},
}

func (to tongue) word(s string) string {
	if w, ok := to.words[s]; ok {
		return w
	}
	return strings.Map(to.spell, s)
}

// isFact tells what a translation leaves alone: names, numbers, IDs, paths, URLs.
func isFact(value string) bool {
	switch value {
	case "Active", "Basic", "Limited", "inherited", "Request queue is unnamed.", "Negotiate", "Timeout values inherited":
		return false
	}
	return true
}

// translate says a listing in another language.
func (to tongue) translate(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(strings.TrimRight(line, " \n"), " ")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		b.WriteString(indent + to.body(body) + "\n")
	}
	return b.String()
}

func (to tongue) body(s string) string {
	switch {
	case s == "" || strings.HasPrefix(s, "HTTP") || strings.Trim(s, "-0123456789") == "":
		return s
	case strings.HasPrefix(s, "ID: ") && strings.Contains(s, ", image: "):
		id, image, _ := strings.Cut(strings.TrimPrefix(s, "ID: "), ", image: ")
		return to.word("ID") + to.colon + " " + id + ", " + to.word("image") + to.colon + " " + image
	}
	label, value, ok := strings.Cut(s, ":")
	if !ok {
		return to.word(s)
	}
	value = strings.TrimSpace(value)
	if !isFact(value) {
		value = to.word(value)
	}
	if value != "" {
		value = " " + value
	}
	return to.word(label) + to.colon + value
}

// reindent replaces each step of four blanks.
func reindent(text, step string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		n := (len(line) - len(body)) / 4
		b.WriteString(strings.Repeat(step, n) + body)
	}
	return b.String()
}

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
		for lang, to := range tongues {
			other := to.translate(text)
			if other == text {
				t.Fatalf("%s in %s: nothing was translated", name, lang)
			}
			for _, step := range []string{"    ", "  ", "\t", "\u00a0\u00a0\u00a0"} {
				if diff := cmp.Diff(want, model(t, reindent(other, step))); diff != "" {
					t.Errorf("%s in %s by %q: -want +got:\n%s\n%s", name, lang, step, diff, other)
				}
			}
		}
	}
}

// damage is what happens to a text on its way into a paste.
var damage = map[string]func(string) string{
	"CRLF":         func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"BOM":          func(s string) string { return "\ufeff" + s },
	"no newline":   func(s string) string { return strings.TrimRight(s, "\n") },
	"trailing":     func(s string) string { return strings.ReplaceAll(s, "\n", "  \n") },
	"unknown rows": unknownRows,
	"blocks moved": func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") },
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
		for what, harm := range damage {
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
	flat := func(s string) string { return reindent(s, "") }
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
	for _, to := range tongues {
		f.Add(to.translate(sample(f, "servicestate-session-L2-en-unelevated.txt")))
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
