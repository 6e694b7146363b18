package chain_test

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
)

// The owner of a socket is the thing that a person can act on.
func TestOwner(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fact.Set)
		kind   chain.OwnerKind
		id     fact.ID
	}{
		{"a process", func(*fact.Set) {}, chain.OwnerProcess, "proc:10@1"},
		{"a unit", unit(fact.Unit{ID: "unit:web.service", Name: "web.service", Type: "service"}), chain.OwnerUnit, "unit:web.service"},
		{"a process of a session", unit(fact.Unit{ID: "unit:session-3.scope", Name: "session-3.scope", Type: "scope"}), chain.OwnerProcess, "proc:10@1"},
		{"a container", func(s *fact.Set) {
			s.Containers = []fact.Container{{ID: "container:docker/x", Name: "x"}}
			s.Links = append(s.Links, fact.Link{From: "proc:10@1", To: "container:docker/x", Kind: fact.PartOf})
		}, chain.OwnerContainer, "container:docker/x"},
		{"a unit by the cgroup alone", func(s *fact.Set) {
			s.Units = []fact.Unit{{ID: "unit:web.service", Name: "web.service", Type: "service"}}
			s.Links = []fact.Link{{From: "sock:tcp:0.0.0.0:80#7", To: "unit:web.service", Kind: fact.CreatedIn}}
		}, chain.OwnerUnit, "unit:web.service"},
		{"somebody hidden", func(s *fact.Set) { s.Links = nil }, chain.OwnerUnknown, ""},
		{"nobody", func(s *fact.Set) { s.Links, s.Sockets[0].State, s.Sockets[0].Linux = nil, fact.TimeWait, nil }, chain.OwnerNobody, ""},
		{"not the heir", func(s *fact.Set) {
			s.Processes = append(s.Processes, fact.Process{ID: "proc:9@2", PID: 9, Name: "sleep"})
			s.Links = append([]fact.Link{{From: "sock:tcp:0.0.0.0:80#7", To: "proc:9@2", Kind: fact.InheritedBy}}, s.Links...)
		}, chain.OwnerProcess, "proc:10@1"},
		{"the kernel", func(s *fact.Set) { s.Processes[0].Kernel = true }, chain.OwnerKernel, "proc:10@1"},
	} {
		set := served()
		c.change(&set)
		x := chain.NewIndex(&set)
		got := x.Holders([]*fact.Socket{&set.Sockets[0]})
		if len(got) != 1 || got[0].Owner != (chain.Owner{Kind: c.kind, ID: c.id}) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Sockets of one owner are one holder; two copies of a program are two.
func TestHoldersAreGrouped(t *testing.T) {
	set := served()
	k := sock("[::]:80", fact.Listen, 8)
	set.Sockets = append(set.Sockets, k)
	set.Links = append(set.Links, fact.Link{From: k.ID, To: "proc:10@1", Kind: fact.HeldBy})
	set.Processes = append(set.Processes, fact.Process{ID: "proc:11@1", PID: 11, Name: "web", Exe: "/srv/web"})
	holders := func() []chain.Holder {
		return chain.NewIndex(&set).Holders([]*fact.Socket{&set.Sockets[0], &set.Sockets[1]})
	}
	if got := holders(); len(got) != 1 || len(got[0].Sockets) != 2 || len(got[0].Nodes) != 1 {
		t.Errorf("one program: %+v", got)
	}
	set.Links[2].To = "proc:11@1"
	if got := holders(); len(got) != 2 {
		t.Errorf("two copies: %+v", got)
	}
}

// Workers that each have a socket of their own (SO_REUSEPORT) are one server's.
// Programs that one interpreter started are not one server.
func TestForkedCopiesAreOneHolder(t *testing.T) {
	run := func(first, second []string) []chain.Holder {
		set := served()
		set.Sockets = append(set.Sockets, sock("0.0.0.0:80", fact.Listen, 8))
		set.Processes = []fact.Process{
			{ID: "proc:5@1", PID: 5, Name: "node", Exe: "/bin/node", Args: []string{"node", "app.js"}},
			{ID: "proc:10@1", PID: 10, PPID: 5, Name: "node", Exe: "/bin/node", Args: first},
			{ID: "proc:11@1", PID: 11, PPID: 5, Name: "node", Exe: "/bin/node", Args: second},
		}
		set.Links = []fact.Link{
			{From: set.Sockets[0].ID, To: "proc:10@1", Kind: fact.HeldBy}, {From: set.Sockets[1].ID, To: "proc:11@1", Kind: fact.HeldBy},
		}
		return chain.NewIndex(&set).Holders([]*fact.Socket{&set.Sockets[0], &set.Sockets[1]})
	}
	app := []string{"node", "app.js"}
	got := run(app, app)
	if len(got) != 1 || got[0].Owner.ID != "proc:5@1" || len(got[0].Sockets) != 2 || len(got[0].Nodes) != 2 {
		t.Errorf("copies: %+v", got)
	}
	if got = run([]string{"app: worker 1"}, []string{"app: worker 2"}); len(got) != 1 {
		t.Errorf("with titles: %+v", got)
	}
	if got = run(app, []string{"node", "other.js"}); len(got) != 2 {
		t.Errorf("another program: %+v", got)
	}
}

// Processes whose parents go round in a circle have an end all the same.
func TestAncestorsEnd(t *testing.T) {
	set := served()
	set.Links = append(set.Links, fact.Link{From: "proc:5@1", To: "proc:10@1", Kind: fact.ChildOf})
	x := chain.NewIndex(&set)
	if got := x.Ancestors(x.Process("proc:10@1")); len(got) != 1 || got[0].PID != 5 {
		t.Errorf("%v", got)
	}
}

// served is a machine on which a program listens on 0.0.0.0:80.
func served() fact.Set {
	return fact.Set{
		Sockets: []fact.Socket{sock("0.0.0.0:80", fact.Listen, 7)},
		Processes: []fact.Process{
			{ID: "proc:10@1", PID: 10, PPID: 5, Session: 5, Name: "web", Exe: "/srv/web", Args: []string{"web", "site.conf"}},
			{ID: "proc:5@1", PID: 5, PPID: 1, Session: 5, Name: "bash"},
		},
		Links: []fact.Link{
			{From: "sock:tcp:0.0.0.0:80#7", To: "proc:10@1", Kind: fact.HeldBy},
			{From: "proc:10@1", To: "proc:5@1", Kind: fact.ChildOf},
		},
	}
}

func sock(local string, state fact.State, inode uint64) fact.Socket {
	at := netip.MustParseAddrPort(local)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, inode), Proto: fact.TCP, Local: at, State: state, Linux: &fact.LinuxSocket{Inode: inode}}
}

// unit makes the holder part of a unit.
func unit(u fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Units = append(s.Units, u)
		s.Links = append(s.Links, fact.Link{From: "proc:10@1", To: u.ID, Kind: fact.PartOf})
	}
}
