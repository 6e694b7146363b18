package freeing

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// served is a machine on which nginx.service has port 80, and apache2.service runs
// without it.
func served() fact.Set {
	u := func(name string) fact.Unit {
		return fact.Unit{ID: fact.UnitID("systemd", name), Manager: "systemd", Name: name, Type: "service", Active: "active", FileState: "enabled"}
	}
	return fact.Set{
		Machine:   fact.Machine{OS: "linux", Asker: &fact.Asker{PID: 99}},
		Sockets:   []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80"), State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 1}}},
		Processes: []fact.Process{{ID: "proc:10@1", PID: 10, PPID: 1, Name: "nginx", Exe: "/usr/sbin/nginx"}, {ID: "proc:11@1", PID: 11, PPID: 1, Name: "apache2"}},
		Units:     []fact.Unit{u("nginx.service"), u("apache2.service")},
		Links:     []fact.Link{{From: "sock:1", To: "proc:10@1", Kind: fact.HeldBy}, {From: "proc:10@1", To: fact.UnitID("systemd", "nginx.service"), Kind: fact.PartOf}},
	}
}

// answered is what berth free says of a saved machine.
func answered(t *testing.T, set fact.Set, o Options) (v1.Free, string) {
	t.Helper()
	var doc v1.Free
	var said []byte
	d := &Desk{Err: io.Discard, Out: io.Discard, From: "saved.json", Facts: func(context.Context, snapshot.Query) (fact.Set, error) { return set, nil },
		Write: func(text func(io.Writer, layout.Style) error, v any) error {
			doc = v.(v1.Free)
			r, w := io.Pipe()
			go func() { w.CloseWithError(text(w, layout.Style{UTF8: true, Width: 200})) }()
			var err error
			said, err = io.ReadAll(r)
			return err
		}}
	if o.Endpoint.Port == 0 {
		o.Endpoint = fact.Endpoint{Port: 80, Proto: fact.TCP}
	}
	if _, err := d.Free(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return doc, string(said)
}

// Who has the port is not stopped to give it the port.
func TestHasIt(t *testing.T) {
	another := served()
	another.Sockets = append(another.Sockets, fact.Socket{ID: "sock:2", Proto: fact.TCP, Local: netip.MustParseAddrPort("[::]:80"), State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 2}})
	another.Links = append(another.Links, fact.Link{From: "sock:2", To: "proc:11@1", Kind: fact.HeldBy})
	orphan := served()
	orphan.Units[0].Active = "failed"
	for _, c := range []struct {
		set               fact.Set
		who, remedy, want string
	}{
		{served(), "nginx", "", "nginx.service has the port already: nothing is to be freed for it."},
		{served(), "unit:nginx", "stop", "nginx.service has the port already: nothing is to be freed for it."},
		{served(), "pid:10", "", "nginx (PID 10) has the port already: nothing is to be freed for it."},
		{served(), "nginx", "port", ""}, // to another port, which is its own affair
		{served(), "apache", "", ""},
		{served(), "pid:11", "", ""},
		{served(), "", "", ""},
		{another, "nginx", "", ""},
		{orphan, "nginx", "", ""},
	} {
		n, err := planning.ParseNewcomer(c.who)
		if err != nil {
			t.Fatal(err)
		}
		doc, _ := answered(t, c.set, Options{For: n, Remedy: c.remedy})
		if has := doc.Result == "has-it"; has != (c.want != "") || has && (doc.Said != c.want || doc.Exit != 0 || len(doc.Ways) > 0) {
			t.Errorf("%s %s: %s %q exit %d", c.who, c.remedy, doc.Result, doc.Said, doc.Exit)
		}
	}
}

// The line to paste has no --port where nobody moves.
func TestPortInLine(t *testing.T) {
	for remedy, want := range map[string]bool{"port": true, "move:nginx.service": true, "stop:nginx.service": false, "startup:nginx.service": false, "ID": true} {
		set := served()
		s := &session{Desk: &Desk{}, x: chain.NewIndex(&set), o: Options{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}, Port: 9000}}
		if got := s.again(remedy); strings.HasSuffix(got, " --port 9000") != want || !strings.HasPrefix(got, "berth free 80 --remedy "+remedy) {
			t.Error(got)
		}
	}
}

// The line that shows one way asks the same facts.
func TestSavedInLine(t *testing.T) {
	_, said := answered(t, served(), Options{})
	if !strings.HasSuffix(said, "\nNothing was changed. berth free 80 --remedy ID --dry-run --from saved.json shows every step of one.\n") {
		t.Error(said)
	}
	here := session{Desk: &Desk{}}
	if got := here.dry(); len(got) != 1 {
		t.Error(got)
	}
}
