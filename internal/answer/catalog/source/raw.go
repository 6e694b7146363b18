package source

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/fact"
)

// The shapes of the TOML. Key names are part of the format: docs/catalog.md.
type rawEntry struct {
	ID              string       `toml:"id"`
	Kind            string       `toml:"kind"`
	Name            string       `toml:"name"`
	Purpose         string       `toml:"purpose"`
	Basis           string       `toml:"basis"`
	Note            string       `toml:"note"`
	Source          list         `toml:"source"`
	YieldsTo        list         `toml:"yieldsTo"`
	Match           []rawPattern `toml:"match"`
	Remedies        []rawRemedy  `toml:"remedies"`
	Warn            []rawWarning `toml:"warn"`
	Examples        []rawSubject `toml:"examples"`
	CounterExamples []rawSubject `toml:"counterExamples"`
	Services        []rawService `toml:"services"`
	Features        list         `toml:"features"`
	HTTP            []rawPrefix  `toml:"http"`
	Proof           string       `toml:"proof"`
}

type rawService struct {
	Name    string `toml:"name"`
	Display string `toml:"display"`
}

type rawPrefix struct {
	URL        string `toml:"url"`
	Reserved   bool   `toml:"reserved"`
	SDDL       string `toml:"sddl"`
	Everywhere bool   `toml:"everywhere"`
	Usual      uint8  `toml:"usual"`
}

type rawPattern struct {
	OS      list     `toml:"os"`
	Proto   list     `toml:"proto"`
	Port    portList `toml:"port"`
	Address list     `toml:"address"`
	Exe     list     `toml:"exe"`
	Comm    list     `toml:"comm"`
	Arg     list     `toml:"arg"`
	Service list     `toml:"service"`
	Unit    list     `toml:"unit"`
	Queue   list     `toml:"queue"`
	URLPath list     `toml:"urlPath"`
	Cgroup  list     `toml:"cgroup"`
	Kernel  list     `toml:"kernel"`
	Image   list     `toml:"image"`
}

type rawRemedy struct {
	ID       string `toml:"id"`
	Text     string `toml:"text"`
	Effect   string `toml:"effect"`
	Undo     string `toml:"undo"`
	Reversal string `toml:"reversal"`
}

type rawWarning struct {
	Advice string `toml:"advice"`
	Why    string `toml:"why"`
}

type rawSubject struct {
	OS      string   `toml:"os"`
	Proto   string   `toml:"proto"`
	Port    uint16   `toml:"port"`
	Address string   `toml:"address"`
	Exe     string   `toml:"exe"`
	Comm    string   `toml:"comm"`
	Args    []string `toml:"args"`
	Service string   `toml:"service"`
	Unit    string   `toml:"unit"`
	Queue   string   `toml:"queue"`
	URLPath string   `toml:"urlPath"`
	Cgroup  string   `toml:"cgroup"`
	Kernel  string   `toml:"kernel"`
	Image   string   `toml:"image"`
	Cut     bool     `toml:"cut"`
}

// list is one string or several, as the decoder left them.
type list any

// portList is ports and ranges: 80, [80, "8000-8099"].
type portList any

// lists reads lists, and keeps what is wrong with the first that is none.
type lists struct{ err error }

func (l *lists) of(key string, v list) []string {
	var out []string
	for _, item := range l.items(key, v) {
		s, ok := item.(string)
		if !ok {
			l.fail(key, item, fmt.Errorf("want text, have %v", item))
		}
		out = append(out, s)
	}
	return out
}

func (l *lists) ports(v portList) []catalog.PortRange {
	var out []catalog.PortRange
	for _, item := range l.items("port", v) {
		r, err := portRange(fmt.Sprint(item))
		if err != nil {
			l.fail("port", item, err)
		}
		out = append(out, r)
	}
	return out
}

func (l *lists) items(key string, v any) []any {
	values, several := v.([]any)
	switch {
	case v == nil:
		return nil
	case !several:
		return []any{v}
	case len(values) == 0:
		l.fail(key, "[", errors.New("an empty list fits nothing"))
	}
	return values
}

func (l *lists) fail(key string, value any, err error) {
	if l.err == nil {
		l.err = problem{key, fmt.Sprint(value), err.Error()}
	}
}

func portRange(text string) (catalog.PortRange, error) {
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	from, err1 := strconv.ParseUint(low, 10, 16)
	to, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil || from == 0 || from > to {
		return catalog.PortRange{}, fmt.Errorf("%q is no port and no range of ports", text)
	}
	return catalog.PortRange{From: uint16(from), To: uint16(to)}, nil
}

func (r *rawEntry) row() (Row, error) {
	var l lists
	row := Row{Entry: catalog.Entry{
		ID: r.ID, Kind: catalog.Kind(r.Kind), Name: r.Name, Purpose: r.Purpose,
		Basis: catalog.Basis(r.Basis), Note: r.Note, Sources: l.of("source", r.Source), YieldsTo: l.of("yieldsTo", r.YieldsTo),
		Features: l.of("features", r.Features), Proof: r.Proof,
	}}
	for _, s := range r.Services {
		row.Services = append(row.Services, catalog.Service(s))
	}
	for _, p := range r.HTTP {
		row.HTTP = append(row.HTTP, catalog.Prefix(p))
	}
	for i := range r.Match {
		row.Match = append(row.Match, r.Match[i].pattern(&l))
	}
	for _, m := range r.Remedies {
		row.Remedies = append(row.Remedies, withStandard(&row.Entry, catalog.Remedy{
			ID: m.ID, Text: m.Text, Effect: m.Effect, Undo: m.Undo, Reversal: catalog.Reversal(m.Reversal),
		}))
	}
	for _, w := range r.Warn {
		row.Warnings = append(row.Warnings, catalog.Warning{Advice: w.Advice, Why: w.Why})
	}
	if l.err != nil {
		return Row{}, l.err
	}
	var err error
	if row.Examples, err = subjects(r.Examples); err != nil {
		return Row{}, broken("examples", "%v", err)
	}
	if row.CounterExamples, err = subjects(r.CounterExamples); err != nil {
		return Row{}, broken("counterExamples", "%v", err)
	}
	return row, nil
}

func (p *rawPattern) pattern(l *lists) catalog.Pattern {
	out := catalog.Pattern{
		OS: l.of("os", p.OS), Port: l.ports(p.Port), Address: l.of("address", p.Address), Exe: l.of("exe", p.Exe), Comm: l.of("comm", p.Comm), Arg: l.of("arg", p.Arg),
		Service: l.of("service", p.Service), Unit: l.of("unit", p.Unit), Queue: l.of("queue", p.Queue), URLPath: l.of("urlPath", p.URLPath),
		Cgroup: l.of("cgroup", p.Cgroup), Kernel: l.of("kernel", p.Kernel), Image: l.of("image", p.Image),
	}
	for _, proto := range l.of("proto", p.Proto) {
		out.Proto = append(out.Proto, fact.Proto(proto))
	}
	return out
}

func subjects(raw []rawSubject) ([]catalog.Subject, error) {
	var out []catalog.Subject
	for _, r := range raw {
		s := catalog.Subject{
			OS: r.OS, Proto: fact.Proto(r.Proto), Port: r.Port, Exe: r.Exe, Comm: r.Comm, Args: r.Args,
			Service: r.Service, Unit: r.Unit, Queue: r.Queue, URLPath: r.URLPath,
			Cgroup: r.Cgroup, Kernel: r.Kernel, Image: r.Image, Cut: r.Cut,
		}
		if r.Address != "" {
			addr, err := netip.ParseAddr(r.Address)
			if err != nil {
				return nil, fmt.Errorf("address of an example: %w", err)
			}
			s.Addr = addr
		}
		out = append(out, s)
	}
	return out, nil
}
