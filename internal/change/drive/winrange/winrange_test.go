package winrange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
	"github.com/berthd/berth/internal/fact"
)

// machine keeps ranges as Windows does: those of now, and those of the next boot.
type machine struct {
	now, boot map[string]bool // "tcp 50000-50059"
	others    []fact.Range
	gaps      []fact.Gap
	exit      int
	deaf, low bool
	log       []string
}

func newMachine() *machine { return &machine{now: map[string]bool{}, boot: map[string]bool{}} }

func (m *machine) driver() Driver {
	return Driver{calls{m.read, m.run, func() bool { return !m.low }}}
}

func (m *machine) read(context.Context) (fact.Set, error) {
	set := fact.Set{Gaps: m.gaps, Ranges: m.others}
	for name := range m.now {
		kept := ""
		if m.boot[name] {
			kept = fact.RangePersistent
		}
		set.Ranges = append(set.Ranges, row(name, kept))
	}
	for name := range m.boot {
		if !m.now[name] {
			set.Ranges = append(set.Ranges, row(name, fact.RangeNextBoot))
		}
	}
	return set, nil
}

func row(name, kept string) fact.Range {
	s, err := parseSpan(name)
	if err != nil {
		panic(err)
	}
	return fact.Range{Kind: fact.Excluded, Proto: s.proto, From: s.from, To: s.to, Administered: true, Name: kept}
}

func (m *machine) run(_ context.Context, argv []string) (run.Result, error) {
	line := strings.Join(argv, " ")
	m.log = append(m.log, line)
	if m.exit != 0 {
		return run.Result{Exit: m.exit, Stdout: "\r\nThe process cannot access the file\r\nbecause it is used.\r\n"}, nil
	}
	var verb, proto, store string
	var from, count int
	_, err := fmt.Sscanf(line, "netsh interface ipv4 %s excludedportrange protocol=%s startport=%d numberofports=%d store=%s", &verb, &proto, &from, &count, &store)
	if err != nil || m.deaf {
		return run.Result{}, err
	}
	name := fmt.Sprintf("%s %d-%d", proto, from, from+count-1)
	if verb == "add" {
		m.now[name] = true
	} else {
		delete(m.now, name)
	}
	if store == "persistent" {
		m.boot[name] = verb == "add"
		if verb != "add" {
			delete(m.boot, name)
		}
	}
	return run.Result{}, nil
}

func subject(name string) plan.Subject { return plan.Subject{Kind: plan.ExcludedRange, Name: name} }

// From each state to each other and back.
func TestStates(t *testing.T) {
	const name = "tcp 50000-50059"
	all := []plan.State{{"exists": "no", "kept": "no"}, {"exists": "yes", "kept": "no"}, {"exists": "yes", "kept": "yes"}}
	for _, from := range all {
		for _, to := range all {
			m := newMachine()
			m.now[name], m.boot[name] = from["exists"] == "yes", from["kept"] == "yes"
			for _, set := range []map[string]bool{m.now, m.boot} {
				if !set[name] {
					delete(set, name)
				}
			}
			d := m.driver()
			back := plan.Step{Before: from, After: plan.State{"exists": to["exists"]}}.Back()
			if from["kept"] != to["kept"] && from["exists"] == to["exists"] {
				back = from
			}
			for i, s := range []plan.State{to, to, from, from} {
				asked := s
				if i >= 2 {
					asked = back
				}
				if err := d.Set(t.Context(), subject(name), from, asked); err != nil {
					t.Errorf("%v to %v: %v", from, s, err)
				}
				if got, err := d.Read(t.Context(), subject(name)); err != nil || !cmp.Equal(got, s) {
					t.Errorf("%v to %v: %v, %v", from, s, got, err)
				}
			}
		}
	}
}

func TestCommands(t *testing.T) {
	m := newMachine()
	for _, s := range []plan.State{{"exists": "yes"}, {"exists": "no"}} {
		if err := m.driver().Set(t.Context(), subject("udp 53-53"), nil, s); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"netsh interface ipv4 add excludedportrange protocol=udp startport=53 numberofports=1 store=persistent",
		"netsh interface ipv4 delete excludedportrange protocol=udp startport=53 numberofports=1 store=persistent",
	}
	if d := cmp.Diff(want, m.log); d != "" {
		t.Error(d)
	}
}

// Ranges of others: without a star, of the other protocol, larger, of the next boot.
func TestOthers(t *testing.T) {
	m := newMachine()
	free, wide, udp := row("tcp 80-80", ""), row("tcp 80-81", ""), row("udp 80-80", "")
	free.Administered = false
	m.others = []fact.Range{free, wide, udp, {Kind: fact.Ephemeral, Proto: fact.TCP, From: 80, To: 80, Administered: true}}
	if got, err := m.driver().Read(t.Context(), subject("tcp 80-80")); err != nil || got["exists"] != "no" || got["kept"] != "no" {
		t.Error(got, err)
	}
	m.others = []fact.Range{row("tcp 80-80", fact.RangeNextBoot)}
	if got, err := m.driver().Read(t.Context(), subject("tcp 80-80")); err != nil || got["exists"] != "no" || got["kept"] != "yes" {
		t.Error(got, err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		m     machine
		words string
	}{
		"in use":          {machine{exit: 1}, `exit code 1: "The process cannot access the file because it is used."`},
		"no rights":       {machine{exit: 1, low: true}, "permission denied (not run as administrator)"},
		"nothing happens": {machine{deaf: true}, `netsh reported success, and exists is "no"`},
		"no list":         {machine{gaps: []fact.Gap{{Subject: "netsh interface ipv4 show excludedportrange protocol=tcp", Err: "it printed nothing"}}}, "could not be read: netsh interface"},
		"no registry":     {machine{gaps: []fact.Gap{{Subject: `HKLM\SYSTEM`, Err: "5"}}}, "could not be read: HKLM"},
	} {
		m := c.m
		m.now, m.boot = map[string]bool{}, map[string]bool{}
		err := m.driver().Set(t.Context(), subject("tcp 80-80"), nil, plan.State{"exists": "yes"})
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.Is(err, fs.ErrPermission) != m.low {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The list of the other protocol is of no account.
	m := newMachine()
	m.gaps = []fact.Gap{{Subject: "netsh interface ipv4 show excludedportrange protocol=udp"}}
	if err := m.driver().Set(t.Context(), subject("tcp 80-80"), nil, plan.State{"exists": "yes"}); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{"", "tcp", "tcp 80", "tcp 0-1", "tcp 2-1", "tcp 1-65536", "sctp 1-2", "tcp 01-2", "tcp  1-2", "tcp 1-2 ", "tcp 1-2;x"} {
		if s, err := parseSpan(bad); err == nil {
			t.Errorf("%q: %v", bad, s)
		}
	}
	if s, err := parseSpan("tcp 1-65535"); err != nil || s != (span{fact.TCP, 1, 65535}) {
		t.Error(s, err)
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"tcp 50000-50059", "udp 53-53", "tcp 0-0", "tcp 1-65535", "tcp +1-2", "tcp 1-2-3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := parseSpan(s); err == nil && (r.String() != s || r.from == 0 || r.to < r.from) {
			t.Errorf("%q: %+v", s, r)
		}
	})
}
