package planning_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/catalog/source"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

// like is a machine on which the subject of an example is to be seen.
func like(s catalog.Subject) (*fact.Set, uint16) {
	os := s.OS
	if os == "" {
		os = "linux"
	}
	port, proto := s.Port, s.Proto
	if port == 0 {
		port = 80
	}
	if proto == "" {
		proto = fact.TCP
	}
	addr := s.Addr
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
	}
	state := fact.Listen
	if proto == fact.UDP {
		state = fact.Unconnected
	}
	set := &fact.Set{Machine: fact.Machine{OS: os, Asker: &fact.Asker{PID: 99, Parent: 98, Session: 97, UID: 1000}},
		Sockets: []fact.Socket{{ID: "sock:1", Proto: proto, Local: netip.AddrPortFrom(addr, port), State: state}}}
	if os == "linux" {
		set.Sockets[0].Linux = &fact.LinuxSocket{Inode: 1}
	}
	link := func(from, to fact.ID, k fact.LinkKind) {
		set.Links = append(set.Links, fact.Link{From: from, To: to, Kind: k})
	}
	holder := fact.Process{ID: "proc:10@7001", PID: 10, PPID: 1, Name: s.Comm, Exe: s.Exe, Args: s.Args}
	if s.Kernel != "" || s.Comm == "System" && os == "windows" {
		holder.PID, holder.Kernel, holder.Name = 4, true, "System"
	}
	if s.Kernel == "http.sys" {
		set.Registrations = []fact.Registration{{ID: "url:1", URL: fmt.Sprintf("HTTP://+:%d%s", port, s.URLPath), Port: port}}
		set.Queues = []fact.Queue{{ID: "queue:1", Name: s.Queue}}
		set.Processes = append(set.Processes, fact.Process{ID: "proc:20@7002", PID: 20, Name: "srv.exe"})
		link("sock:1", "url:1", fact.TakenBy)
		link("url:1", "queue:1", fact.InQueue)
		link("queue:1", "proc:20@7002", fact.ServedBy)
	}
	if s.Cgroup != "" {
		holder.Linux = &fact.LinuxProcess{Cgroup: s.Cgroup}
	}
	set.Processes = append(set.Processes, holder)
	link("sock:1", holder.ID, fact.HeldBy)
	in := holder.ID
	if s.Kernel == "http.sys" {
		in = "proc:20@7002"
	}
	if s.Service != "" {
		manager := "scm"
		if os == "darwin" {
			manager = "launchd"
		}
		set.Units = append(set.Units, fact.Unit{ID: "unit:s", Manager: manager, Name: s.Service, Active: "running"})
		link(in, "unit:s", fact.PartOf)
	}
	if s.Unit != "" {
		_, kind, _ := strings.Cut(s.Unit, ".")
		set.Units = append(set.Units, fact.Unit{ID: "unit:u", Manager: "systemd", Name: s.Unit, Type: kind, Active: "active", FileState: "enabled"})
		link(in, "unit:u", fact.PartOf)
	}
	if s.Image != "" {
		set.Containers = []fact.Container{{ID: "container:docker/x", Engine: "docker", Name: "x", Full: strings.Repeat("a", 64), Image: s.Image, State: "running"}}
		link(in, "container:docker/x", fact.PartOf)
	}
	return set, port
}

func examples(t *testing.T) map[string][]catalog.Subject {
	t.Helper()
	files, err := filepath.Glob("../catalog/entries/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	out := map[string][]catalog.Subject{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := source.Load(name, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			out[r.ID] = append(out[r.ID], r.Examples...)
		}
	}
	return out
}

// Every entry of the catalog, as its examples show it: its ways out are ranked, none
// begins with the kernel or with a kill, and each is a plan or is refused for a reason.
func TestEveryCatalogEntry(t *testing.T) {
	all := examples(t)
	entries, plans, refusals := 0, map[string]int{}, map[string]int{}
	for e := range catalog.All() {
		entries++
		if len(all[e.ID]) == 0 {
			t.Errorf("%s has no example", e.ID)
		}
		for i, s := range all[e.ID] {
			name := fmt.Sprintf("%s %d", e.ID, i+1)
			set, port := like(s)
			x := chain.NewIndex(set)
			a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: port, Proto: set.Sockets[0].Proto}})
			list := ways.List(x, a, ways.Wanted{})
			if len(list) == 0 {
				t.Errorf("%s: no way out of %s", name, a.Status)
			}
			ranked(t, name, list)
			for _, r := range list {
				p, ref := planning.Make(x, a, r, planning.Wish{})
				if ref != nil {
					refusals[ref.Reason.ID]++
					if ref.Reason.ID == "" || ref.Reason.ID == "unknown-kind" {
						t.Errorf("%s, %s: %+v", name, r.ID(), ref)
					}
					continue
				}
				plans[string(r.Kind)]++
				sound(t, name+", "+r.ID(), p)
			}
		}
	}
	t.Logf("%d entries; plans: %v; refused: %v", entries, plans, refusals)
	if entries < 244 || plans["stop"] < 50 || plans["port"] < 100 {
		t.Errorf("%d entries, plans %v", entries, plans)
	}
}

func ranked(t *testing.T, name string, list []remedy.Remedy) {
	t.Helper()
	for i, r := range list {
		last := r.Kind == catalog.Kernel || r.Kind == catalog.Kill
		if last && slices.ContainsFunc(list[i:], func(o remedy.Remedy) bool { return o.Kind != catalog.Kernel && o.Kind != catalog.Kill }) {
			t.Errorf("%s: %s before gentler ones", name, r.ID())
		}
		if last && i == 0 && len(list) > 1 {
			t.Errorf("%s: %s comes first", name, r.ID())
		}
		if ways.Why(diagnose.Answer{}, ways.Wanted{}, r) == "" {
			t.Errorf("%s: why %s stands there is not said", name, r.ID())
		}
	}
}

// sound is what holds for every plan.
func sound(t *testing.T, name string, p plan.Plan) {
	t.Helper()
	for _, s := range p.Steps {
		if s.Subject.Kind == "" || s.Subject.Name == "" || s.Class == "" || s.Why.ID == "" {
			t.Errorf("%s: %+v", name, s)
		}
		if s.Subject.Kind != plan.Reload && len(s.After) == 0 {
			t.Errorf("%s: changes nothing: %+v", name, s)
		}
		if s.Subject.Kind == plan.Process && (s.Subject.Name == "4" || s.Subject.Name == "1" || s.Subject.Name == "0") {
			t.Errorf("%s: signals PID %s", name, s.Subject.Name)
		}
	}
	if c := p.Cost; c.Privilege == "" || c.Risk == "" || c.Downtime == "" || c.Class == "" {
		t.Errorf("%s: %+v", name, c)
	}
	if p.Version != plan.Version || p.Remedy == "" {
		t.Errorf("%s: %+v", name, p)
	}
}
