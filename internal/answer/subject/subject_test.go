package subject_test

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/subject"
	"github.com/berthd/berth/internal/fact"
)

// machine has one socket and whatever change puts behind it.
func machine(change func(*fact.Set)) []subject.Subject {
	at := netip.MustParseAddrPort("0.0.0.0:80")
	set := fact.Set{Machine: fact.Machine{OS: "windows"}, Sockets: []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: at, State: fact.Listen, PID: 4}}}
	change(&set)
	x := chain.NewIndex(&set)
	h := x.Holders([]*fact.Socket{&set.Sockets[0]})[0]
	return subject.Of(x, &set.Sockets[0], &h)
}

func behind(services ...string) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Registrations = []fact.Registration{{ID: "url:x", URL: "HTTP://+:80/REPORTS/", Port: 80}}
		s.Queues = []fact.Queue{{ID: "queue:q", Name: "q"}}
		s.Processes = []fact.Process{{ID: "proc:20", PID: 20, Name: "svchost.exe"}}
		s.Links = []fact.Link{{From: "sock:1", To: "url:x", Kind: fact.TakenBy}, {From: "url:x", To: "queue:q", Kind: fact.InQueue}, {From: "queue:q", To: "proc:20", Kind: fact.ServedBy}}
		for _, name := range services {
			u := fact.Unit{ID: fact.UnitID("scm", name), Manager: "scm", Name: name}
			s.Units = append(s.Units, u)
			s.Links = append(s.Links, fact.Link{From: "proc:20", To: u.ID, Kind: fact.PartOf})
		}
	}
}

func TestOf(t *testing.T) {
	program := func(s *fact.Set) {
		s.Processes = []fact.Process{{ID: "proc:10", PID: 10, Name: "httpd.exe", Exe: `C:\xampp\apache\bin\httpd.exe`}}
		s.Links = []fact.Link{{From: "sock:1", To: "proc:10", Kind: fact.HeldBy}}
	}
	for name, c := range map[string]struct {
		change func(*fact.Set)
		row    fact.ID
		want   catalog.Subject
	}{
		"a URL":                     {behind("ReportServer"), "url:x", catalog.Subject{Kernel: "http.sys", URLPath: "/REPORTS/", Queue: "q", Service: "ReportServer"}},
		"a URL of one of two":       {behind("A", "B"), "url:x", catalog.Subject{Kernel: "http.sys", URLPath: "/REPORTS/", Queue: "q"}},
		"a program":                 {program, "proc:10", catalog.Subject{Comm: "httpd.exe", Exe: `C:\xampp\apache\bin\httpd.exe`}},
		"nobody that could be seen": {func(*fact.Set) {}, "sock:1", catalog.Subject{}},
	} {
		got := machine(c.change)
		if len(got) != 1 {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		g := got[0]
		if g.Row != c.row || g.Port != 80 || g.OS != "windows" || g.Kernel != c.want.Kernel || g.URLPath != c.want.URLPath || g.Queue != c.want.Queue ||
			g.Service != c.want.Service || g.Comm != c.want.Comm || g.Exe != c.want.Exe {
			t.Errorf("%s: %+v", name, g)
		}
	}
}
