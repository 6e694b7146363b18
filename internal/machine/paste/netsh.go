package paste

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/portrange"
	"github.com/berthd/berth/internal/machine/redirect"
)

// netsh reads what netsh prints of port ranges and of the port proxy, whose rows are
// so bare that they are looked for before any others.
func (d *desk) netsh() {
	lines := d.untaken()
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

// untaken are the lines, those empty that were read already.
func (d *desk) untaken() []string {
	out := slices.Clone(d.lines)
	for i, taken := range d.taken {
		if taken {
			out[i] = ""
		}
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
		_, is := cutPrompt(strings.TrimSpace(d.lines[k]))
		d.taken[k] = d.taken[k] || !is && !wellKnown(strings.TrimSpace(d.lines[k]))
	}
	d.saw(kind, i, j-1, rows)
	d.machine.On("windows").Merge(set, max(rows, 1))
}
