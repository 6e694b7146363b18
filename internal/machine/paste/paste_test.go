package paste

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// file is a recorded text, with our own "## " lines left as prose.
func file(t testing.TB, name string) Text {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return Text{Name: name, Data: data}
}

func read(t testing.TB, texts ...Text) Result {
	t.Helper()
	r, err := Read(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// links are the links of a set as "from kind to", without their evidence.
// links are those of owners; what HTTP.sys groups is httpsys's own affair.
func links(s fact.Set) []string {
	var out []string
	for _, l := range s.Links {
		switch l.Kind {
		case fact.InGroup, fact.OfSession, fact.BoundTo:
			continue
		}
		line := fmt.Sprintf("%s %s %s", l.From, l.Kind, l.To)
		if l.Note != "" {
			line += " (" + l.Note + ")"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func hints(s fact.Set) []string {
	var out []string
	for _, g := range s.Gaps {
		out = append(out, fmt.Sprintf("%s: %s: %s", g.Kind, g.Subject, g.Hint))
	}
	return out
}

const branchCacheURL = "url:http://+:80/116b50eb-ece2-41ac-8429-9f9e963361b7/"

func TestKernelPortToService(t *testing.T) {
	r := read(t, file(t, "branchcache.txt"), file(t, "servicestate-session-L1-en-a.txt"), file(t, "branchcache-svc.txt"))
	want := []string{
		"proc:2668 part-of unit:PeerDistSvc",
		"queue:#2668 served-by proc:2668",
		"sock:tcp:0.0.0.0:80#4 held-by proc:4",
		"sock:tcp:0.0.0.0:80#4 taken-by " + branchCacheURL,
		"sock:tcp:[::]:80#4 held-by proc:4",
		"sock:tcp:[::]:80#4 taken-by " + branchCacheURL,
		branchCacheURL + " in-queue queue:#2668",
	}
	got := slices.DeleteFunc(links(r.Set), func(l string) bool {
		return strings.HasPrefix(l, "proc:936") || strings.Contains(l, "50412")
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links -want +got:\n%s", diff)
	}
	if len(r.Set.Gaps) != 0 {
		t.Errorf("gaps: %+v", r.Set.Gaps)
	}
	if diff := cmp.Diff([]Asked{{"", 80, Filtered, "line 2 of branchcache.txt"}}, r.Asked); diff != "" {
		t.Errorf("asked -want +got:\n%s", diff)
	}
	if r.Set.Machine.OS != "windows" || r.Set.Machine.Source != "paste" {
		t.Errorf("machine: %+v", r.Set.Machine)
	}
	at := slices.IndexFunc(r.Set.Processes, func(p fact.Process) bool { return p.PID == 4 })
	if p := r.Set.Processes[at]; p.Name != "System" || !p.Kernel {
		t.Errorf("PID 4: %+v", p)
	}
}

func TestServiceUnknownWithoutTasklistSvc(t *testing.T) {
	r := read(t, file(t, "branchcache.txt"), file(t, "servicestate-session-L1-en-a.txt"))
	if len(r.Set.Units) != 0 {
		t.Errorf("units out of nothing: %+v", r.Set.Units)
	}
	want := []string{`not-in-paste: services of PID 2668: tasklist /svc /fi "pid eq 2668"`}
	if diff := cmp.Diff(want, hints(r.Set)); diff != "" {
		t.Errorf("gaps -want +got:\n%s", diff)
	}
}

func TestQueueUnknownWithTwoUnnamedQueues(t *testing.T) {
	netstat := Text{Data: []byte("  TCP    [::]:8080    [::]:0    LISTENING    4\n")}
	r := read(t, netstat, file(t, "servicestate-session-L1-en-b-two-queues.txt"))
	want := []string{
		"queue:#37584 served-by proc:37584",
		"queue:#5492 served-by proc:5492",
		"sock:tcp:0.0.0.0:5357#4 held-by proc:4",
		"sock:tcp:0.0.0.0:5357#4 taken-by url:http://*:5357/4c2cdc17-befe-4441-899a-cc530f03f2df/",
		"sock:tcp:[::]:8080#4 held-by proc:4",
		"sock:tcp:[::]:8080#4 taken-by url:http://localhost:8080/",
		"url:http://*:5357/4c2cdc17-befe-4441-899a-cc530f03f2df/ one-of queue:#37584",
		"url:http://*:5357/4c2cdc17-befe-4441-899a-cc530f03f2df/ one-of queue:#5492",
		"url:http://localhost:8080/ one-of queue:#37584",
		"url:http://localhost:8080/ one-of queue:#5492",
	}
	if diff := cmp.Diff(want, links(r.Set)); diff != "" {
		t.Errorf("links -want +got:\n%s", diff)
	}
	if !slices.Contains(hints(r.Set), "not-in-paste: request queue of HTTP://LOCALHOST:8080/: netsh http show servicestate view=requestq") {
		t.Errorf("no gap for the queue: %q", hints(r.Set))
	}
}

// TestRefusedPort: an error line makes its port the one that is asked about, before
// guesses and beside commands; without a reader for such lines it is prose.
func TestRefusedPort(t *testing.T) {
	text := Text{Data: []byte("it says: refused 8080\n  TCP    0.0.0.0:80    0.0.0.0:0    LISTENING    4\n")}
	refused := func(rest []Line) (out []Asked) {
		for _, l := range rest {
			var port uint16
			if _, err := fmt.Sscanf(l.Line, "it says: refused %d", &port); err == nil {
				out = append(out, Asked{Port: port, Evidence: fmt.Sprintf("line %d of the paste", l.Number)})
			}
		}
		return out
	}
	for want, r := range map[Asked]Reader{
		{Port: 8080, Why: Refused, Evidence: "line 1 of the paste"}:             {Refused: refused},
		{Proto: fact.TCP, Port: 80, Why: Only, Evidence: "line 2 of the paste"}: {},
		{Port: 443, Why: Person}: {Refused: refused, Ports: []uint16{443}},
	} {
		got, err := r.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Asked{want}, got.Asked); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestListingAloneMissing(t *testing.T) {
	r := read(t, file(t, "branchcache.txt"))
	want := []string{
		"not-in-paste: registrations behind 0.0.0.0:80: netsh http show servicestate view=requestq",
		"not-in-paste: registrations behind [::]:80: netsh http show servicestate view=requestq",
	}
	if diff := cmp.Diff(want, hints(r.Set)); diff != "" {
		t.Errorf("gaps -want +got:\n%s", diff)
	}
}

// Commands come from prompts, from lines that are nothing else, from the middle of
// sentences; in the order of the text, and each once.
func TestCommandsOfAPost(t *testing.T) {
	text := Text{Name: "post", Data: []byte("Type stop it please.\nPS C:\\> sc stop http\nstart it\n[key]\n\"a\"=1\nThe end.\n  TCP    0.0.0.0:80    0.0.0.0:0    LISTENING    4\n")}
	find := func(lines []string) ([]string, int) {
		switch line := lines[0]; {
		case line == "[key]":
			return nil, min(2, len(lines))
		case line == "start it":
			return []string{line}, 1
		case strings.Contains(line, "stop it"):
			return []string{"stop it"}, 0
		}
		return nil, 0
	}
	r, err := Reader{Commands: find}.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []Line{{"post", 1, "stop it", ""}, {"post", 2, "sc stop http", "powershell"}, {"post", 3, "start it", ""}, {"post", 4, "[key]", ""}, {"post", 5, `"a"=1`, ""}}
	if d := cmp.Diff(want, r.Commands); d != "" {
		t.Error(d)
	}
	if len(r.Rest) != 2 || r.Rest[0].Number != 1 || r.Rest[1].Number != 6 {
		t.Errorf("the rest is %+v", r.Rest)
	}
	if r, _ := Read(text); len(r.Commands) != 1 {
		t.Errorf("without knowledge of commands: %+v", r.Commands)
	}
}

// What is searched for commands has an end: a long text is read, and its last lines
// are no longer looked at.
func TestSearchingForCommandsEnds(t *testing.T) {
	for size, want := range map[int]int{maxSearched / 4: 1, maxSearched: 0} {
		prose := strings.Repeat("nothing but words, one after the other, for ever\n", size/49)
		find := func(lines []string) ([]string, int) {
			if lines[0] == "try this: stop it" {
				return []string{"stop it"}, 0
			}
			return nil, 0
		}
		r, err := Reader{Commands: find}.Read(Text{Name: "post", Data: []byte(prose + "try this: stop it\n")})
		if err != nil || len(r.Commands) != want {
			t.Errorf("%d bytes: %v, %v", size, r.Commands, err)
		}
	}
}
