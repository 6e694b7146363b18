package paste

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/listing"
	"github.com/berthd/berth/internal/machine/paste/settings"
	"github.com/berthd/berth/internal/machine/paste/typed"
	"github.com/berthd/berth/internal/machine/portrange"
	"github.com/berthd/berth/internal/machine/redirect"
	"github.com/berthd/berth/internal/machine/service/scm"
)

// netsh reads what netsh prints of port ranges, of the port proxy and of HTTP.sys's
// settings, and sc of services: rows so bare that they are looked for before others.
func (d *desk) netsh() {
	lines := d.untaken()
	for _, l := range scm.FindListings(lines) {
		d.service(l)
	}
	lines = d.untaken()
	d.settings(lines)
	lines = d.untaken()
	for _, l := range portrange.FindExcluded(lines) {
		d.ranges(ExcludedPorts, l)
	}
	for _, l := range portrange.FindDynamic(lines) {
		d.ranges(DynamicPorts, l)
	}
	for _, l := range redirect.FindPortProxy(lines) {
		d.took(PortProxy, l.From, l.To, fact.Set{Redirects: l.Facts(d.at(0))}, len(l.Rows))
	}
}

func (d *desk) ranges(kind Kind, l portrange.Listing) {
	d.took(kind, l.From, l.To, fact.Set{Ranges: l.Facts(d.at(0))}, len(l.Rows))
}

// service takes one service that sc.exe listed.
func (d *desk) service(l scm.Listing) {
	l.Unit.Evidence = d.evidence(l.From)
	set := fact.Set{Units: []fact.Unit{l.Unit}}
	for _, k := range l.Links {
		for _, id := range [...]fact.ID{k.From, k.To} { // those that depend may have no row yet
			name := strings.TrimPrefix(string(id), "unit:")
			set.Units = append(set.Units, fact.Unit{ID: id, Manager: scm.Manager, Name: name, Evidence: l.Unit.Evidence})
		}
		k.Evidence = l.Unit.Evidence
		set.Links = append(set.Links, k)
	}
	d.took(ServiceControl, l.From, l.To+1, set, 1)
	if l.Unit.MainPID != 0 {
		d.machine.On("windows").Service(l.Unit.MainPID, l.Unit.Name, l.Unit.Evidence)
	}
}

// settings reads what netsh http shows besides its state and its reservations.
func (d *desk) settings(lines []string) {
	text := func(s listing.Span) string { return strings.Join(lines[s.From:s.To], "\n") }
	for _, s := range listing.FindListenLists(lines) {
		rows, ok := listing.ParseListenList(text(s))
		if ok {
			d.took(ListenList, s.From, s.To, listing.ListenListFacts(rows, d.at(s.From)), len(rows))
		}
	}
	for _, s := range listing.FindCertificates(lines) {
		rows := listing.ParseCertificates(text(s))
		d.took(Certificates, s.From, s.To, listing.CertificateFacts(rows, d.at(s.From)), len(rows))
	}
	for _, s := range listing.FindTimeouts(lines) {
		if row, ok := listing.ParseTimeouts(text(s)); ok {
			d.took(Timeouts, s.From, s.To, listing.TimeoutFacts(row, d.at(s.From)), 1)
		}
	}
	for _, s := range listing.FindCacheStates(lines) {
		rows := listing.ParseCacheState(text(s))
		d.took(CacheState, s.From, s.To, listing.CacheFacts(rows, d.at(s.From)), len(rows))
	}
}

// linux reads what sysctl and ip print.
func (d *desk) linux() {
	set, took := settings.All(d.untaken(), d.evidence)
	for _, i := range took {
		d.saw(LinuxSettings, i, i, 1)
		d.taken[i] = true
	}
	if len(took) > 0 {
		d.machine.On("linux").Merge(set, len(took))
	}
}

// untaken are the lines, those empty that were read already.
func (d *desk) untaken() []string {
	out := slices.Clone(d.lines)
	for i, taken := range d.taken {
		if taken {
			out[i] = ""
		}
	}
	for i, m := range d.marks {
		out[i] = `C:\>` + m.Command // the form in which titles are looked for
	}
	return out
}

// at is the evidence of line n, from 1, of those that begin at index from.
func (d *desk) at(from int) func(n int) string {
	return func(n int) string { return d.evidence(from + n - 1) }
}

// took takes lines i up to, not including, j, commands left out.
func (d *desk) took(kind Kind, i, j int, set fact.Set, rows int) {
	for k := i; k < j; k++ {
		l, is := typed.Cut(strings.TrimSpace(d.lines[k]))
		d.taken[k] = d.taken[k] || !is && !typed.WellKnown(l.Command)
	}
	d.saw(kind, i, j-1, rows)
	d.machine.On("windows").Merge(set, max(rows, 1))
}
