package httpsys

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// told are the rows and links of a set, a line each.
func told(s fact.Set) []string {
	var out []string
	for _, q := range s.Queues {
		out = append(out, fmt.Sprintf("queue %q v%s ctrl %d %v %v %v %s", q.Name, q.Version, q.Controller, q.PIDs, q.Images, q.Services, q.Evidence))
	}
	for _, p := range s.Processes {
		out = append(out, fmt.Sprintf("process %d %s %s kernel %v %s", p.PID, p.Name, p.Exe, p.Kernel, p.Evidence))
	}
	for _, u := range s.Units {
		out = append(out, fmt.Sprintf("unit %s %s %s", u.Manager, u.Name, u.Evidence))
	}
	for _, x := range s.Sessions {
		out = append(out, fmt.Sprintf("session %s v%s %s", x.Hex, x.Version, x.Evidence))
	}
	for _, g := range s.URLGroups {
		out = append(out, fmt.Sprintf("group %s %s", g.Hex, g.Evidence))
	}
	for _, r := range s.Registrations {
		out = append(out, fmt.Sprintf("url %s %d %s", r.URL, r.Port, r.Evidence))
	}
	for _, l := range s.Links {
		out = append(out, fmt.Sprintf("%s %s %s %s%s", l.From, l.Kind, l.To, l.Evidence, l.Note))
	}
	for _, g := range s.Gaps {
		out = append(out, fmt.Sprintf("gap %s %s %s", g.Kind, g.Subject, g.About))
	}
	return out
}

func at(line int) string { return fmt.Sprintf("L%d ", line) }

// Every row of a listing becomes one of the set, met again it stays one, and each
// says on which line it stood.
func TestFactsOfAListing(t *testing.T) {
	s := State{
		Queues: []Queue{
			{Name: "Web", Version: "2.0", Controller: 7, Line: 1, Processes: []Process{{PID: 7, Line: 2}, {PID: 8, Image: `C:\srv\web.exe`, Services: []string{"Web", "Api"}, Tagged: "Api", Line: 3}}},
			{Version: "1.0", Line: 4, Processes: []Process{{PID: 8, Line: 5}}}, {Version: "1.0", Line: 6, Processes: []Process{{PID: 8, Line: 7}}}, {Line: 8},
		},
		Sessions: []Session{{ID: "A1", Version: "2.0", Line: 9}, {ID: "A1", Line: 10}},
		Groups:   []Group{{ID: "B1", Line: 11, session: 1, bound: 0, version: "2.0"}, {ID: "B1", Line: 12, bound: -1}, {Line: 13, bound: -1}},
		Registrations: []Registration{
			{URL: "HTTP://+:80/A/", Queues: []int{0}, Certain: true, Line: 14, group: 0}, {URL: "HTTP://+:81/B/", Queues: []int{0, 1}, Line: 15, group: 0},
			{URL: "HTTP://+:82/C/", Queues: []int{1, 2}, Line: 16, group: 2}, {URL: "HTTP://+:83/D/", Queues: []int{0, 1}, Line: 17, group: -1},
		},
	}
	set := s.Facts(at)
	web, one, two, none := fact.QueueID("Web", "7"), fact.QueueID("", "8"), fact.QueueID("", "8.2"), fact.QueueID("", "none")
	p7, p8 := fact.ProcessID(7, 0), fact.ProcessID(8, 0)
	link := func(from fact.ID, kind fact.LinkKind, to fact.ID, line int, note string) string {
		return fmt.Sprintf("%s %s %s %s%s", from, kind, to, at(line), note)
	}
	url := func(u string) fact.ID { return fact.RegistrationID(u) }
	want := []string{
		`queue "Web" v2.0 ctrl 7 [7 8] map[8:C:\srv\web.exe] map[8:[Web Api]] L1 `, `queue "" v1.0 ctrl 0 [8] map[] map[] L4 `, `queue "" v1.0 ctrl 0 [8] map[] map[] L6 `, `queue "" v ctrl 0 [] map[] map[] L8 `,
		"process 7   kernel false L2 ", `process 8 web.exe C:\srv\web.exe kernel false L3 `,
		"unit scm Web L3 ", "unit scm Api L3 ", "session A1 v2.0 L9 ", "group B1 L11 ",
		"url HTTP://+:80/A/ 80 L14 ", "url HTTP://+:81/B/ 81 L15 ", "url HTTP://+:82/C/ 82 L16 ", "url HTTP://+:83/D/ 83 L17 ",
		link(web, fact.ServedBy, p7, 2, ""), link(web, fact.ServedBy, p8, 3, ""), link(p8, fact.PartOf, fact.UnitID("scm", "Web"), 3, ""),
		link(p8, fact.PartOf, fact.UnitID("scm", "Api"), 3, ""), link(web, fact.ServedBy, fact.UnitID("scm", "Api"), 3, "tagged"),
		link(web, fact.ServedBy, p7, 1, "controller"), link(one, fact.ServedBy, p8, 5, ""), link(two, fact.ServedBy, p8, 7, ""),
		link(fact.URLGroupID("B1"), fact.OfSession, fact.HTTPSessionID("A1"), 11, ""), link(fact.URLGroupID("B1"), fact.BoundTo, web, 11, ""),
		link(url("HTTP://+:80/A/"), fact.InGroup, fact.URLGroupID("B1"), 14, ""), link(url("HTTP://+:80/A/"), fact.InQueue, web, 14, ""),
		link(url("HTTP://+:81/B/"), fact.InGroup, fact.URLGroupID("B1"), 15, ""), link(url("HTTP://+:81/B/"), fact.OneOfQueues, web, 15, "same API version"),
		link(url("HTTP://+:81/B/"), fact.OneOfQueues, one, 15, ""),
		link(url("HTTP://+:82/C/"), fact.OneOfQueues, one, 16, ""), link(url("HTTP://+:82/C/"), fact.OneOfQueues, two, 16, ""),
		link(url("HTTP://+:83/D/"), fact.OneOfQueues, web, 17, ""), link(url("HTTP://+:83/D/"), fact.OneOfQueues, one, 17, ""),
	}
	for _, u := range []string{"81/B/", "82/C/", "83/D/"} {
		want = append(want, fmt.Sprintf("gap %s request queue of HTTP://+:%s %s", fact.GapNotInPaste, u, url("HTTP://+:"+u)))
	}
	if diff := cmp.Diff(want, told(set)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if set.Queues[3].ID != none || set.Machine.Windows == nil || !set.Machine.Windows.Registrations {
		t.Errorf("%s, %+v", set.Queues[3].ID, set.Machine.Windows)
	}
}

// A listing that was cut short, or that has nothing, is not the whole one; too many
// candidates are no candidates.
func TestFactsKnowTheirLimits(t *testing.T) {
	queues := make([]Queue, maxCandidates+1)
	all := make([]int, len(queues))
	for i := range all {
		all[i] = i
	}
	for n, want := range map[int]int{maxCandidates: maxCandidates, maxCandidates + 1: 0} {
		set := State{Queues: queues, Registrations: []Registration{{URL: "HTTP://+:80/", Queues: all[:n], group: -1}}}.Facts(at)
		if len(set.Links) != want || len(set.Gaps) != 1 {
			t.Errorf("%d candidates: %d links, %d gaps", n, len(set.Links), len(set.Gaps))
		}
	}
	for name, c := range map[string]struct {
		state State
		whole bool
	}{
		"a queue": {State{Queues: queues[:1]}, true}, "a group": {State{Groups: []Group{{ID: "B1", bound: -1}}}, true},
		"nothing": {State{}, false}, "the first half": {State{Queues: queues[:1], Partial: true}, false},
	} {
		w := c.state.Facts(at).Machine.Windows
		if (w != nil && w.Registrations) != c.whole {
			t.Errorf("%s: %+v", name, w)
		}
	}
}
