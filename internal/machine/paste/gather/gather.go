// Package gather puts together what several texts, or several lines of one, say
// of one machine: a socket that two tools list is one socket with all its
// holders, a process keeps every name it was given, and what nobody said is a gap
// with the one command that would tell. It is pure.
package gather

import (
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/portrange"
)

// Machine collects the rows of the machine the texts speak of. Rows of several
// systems (Windows and the Linux inside it) are kept apart until the end, since
// their process IDs have nothing to do with each other.
type Machine struct {
	systems map[string]*System // by GOOS word
	order   []string
	gaps    []fact.Gap
	chosen  *System // by Finish
}

// New is a machine of which nothing is known.
func New() *Machine { return &Machine{systems: map[string]*System{}} }

// Gap notes what a text could not tell.
func (m *Machine) Gap(g fact.Gap) { m.gaps = append(m.gaps, g) }

// On is the system of that GOOS word, made at the first call. Rows that do not
// say which system they are of go on "", and end beside those of any other.
func (m *Machine) On(os string) *System {
	s := m.systems[os]
	if s == nil {
		s = &System{os: os, procs: map[int]int{}, socks: map[ends][]int{}, twins: map[fact.ID]uint64{}, links: map[tie]int{}, have: map[fact.ID]bool{}, served: map[int]bool{}}
		m.systems[os] = s
		m.order = append(m.order, os)
	}
	return s
}

// Has tells whether rows of that system were met.
func (m *Machine) Has(os string) bool { return m.systems[os] != nil && m.systems[os].rows > 0 }

// Finish chooses the system with most rows, ties the kernel's sockets to their
// registrations, and returns its set. The rows of other systems are left out,
// with a gap that names them. It is called once.
func (m *Machine) Finish() fact.Set {
	var best *System
	for _, os := range m.order {
		if s := m.systems[os]; os != "" && (best == nil || s.rows > best.rows) {
			best = s
		}
	}
	if best == nil {
		best = m.On("")
	}
	if anywhere := m.systems[""]; anywhere != nil && anywhere != best {
		best.set.Add(anywhere.set)
	}
	for _, os := range m.order {
		if os != "" && os != best.os {
			m.Gap(fact.Gap{Kind: fact.GapOther, Subject: "rows of " + os, Err: "left out: most rows are of " + best.os})
		}
	}
	m.chosen = best
	best.services()
	best.settle()
	best.publish()
	best.windows()
	best.set.AddGaps(best.gaps...)
	best.dropAmbiguous()
	best.set.Ranges = portrange.Merge(best.set.Ranges)
	best.set.Machine.OS = best.os
	if best.rows > 0 {
		best.set.Machine.Source = "paste"
	}
	best.set.AddGaps(m.gaps...)
	return best.set
}
