// Package fact holds what can be known of a machine: flat tables of rows, links
// between rows with their evidence, and gaps.
//
// A reader of one subsystem yields its own table, its own links and its own
// gaps, never another's. A live Linux, a saved file and a pasted Windows text all
// become a [Set], and nothing downstream can tell, or needs to, which it was.
//
// The package is pure: it reads no files, makes no calls and knows no clock.
// Unknown is the zero value and is left out of JSON; a pointer marks the few
// fields whose zero is a meaningful answer.
package fact

import "time"

// ID names one row for as long as its set lives: "proc:412@16993350",
// "unit:nginx.service", "sock:tcp:0.0.0.0:80#48213". Build one with the
// constructor of the row's kind ([ProcessID], [UnitID], ...), never by hand.
type ID string

// Set is everything that was learned at one moment. Rows are never nested;
// Links tie them together. The zero Set is ready to use.
type Set struct {
	At            time.Time      `json:"at,omitzero"`
	Machine       Machine        `json:"machine"`
	Sockets       []Socket       `json:"sockets,omitempty"`
	Processes     []Process      `json:"processes,omitempty"`
	Units         []Unit         `json:"units,omitempty"`
	Containers    []Container    `json:"containers,omitempty"`
	Engines       []Engine       `json:"engines,omitempty"`
	Namespaces    []Namespace    `json:"namespaces,omitempty"`
	Queues        []Queue        `json:"queues,omitempty"`
	Registrations []Registration `json:"registrations,omitempty"`
	Reservations  []Reservation  `json:"reservations,omitempty"`
	Sessions      []HTTPSession  `json:"httpSessions,omitempty"`
	URLGroups     []URLGroup     `json:"urlGroups,omitempty"`
	ListenList    []ListenAddr   `json:"listenList,omitempty"`
	Certificates  []Certificate  `json:"certificates,omitempty"`
	Cached        []CacheEntry   `json:"cached,omitempty"`
	Ranges        []Range        `json:"ranges,omitempty"`
	Redirects     []Redirect     `json:"redirects,omitempty"`
	Filters       []Filter       `json:"filters,omitempty"`
	Links         []Link         `json:"links,omitempty"`
	Gaps          []Gap          `json:"gaps,omitempty"`
}

// Add appends every row, link and gap of o to s, leaving out rows whose ID s
// already has and gaps s already has. At and Machine of s win when they are set.
func (s *Set) Add(o Set) {
	if s.At.IsZero() {
		s.At = o.At
	}
	s.Machine.fill(o.Machine)
	s.Sockets = addRows(s.Sockets, o.Sockets)
	s.Processes = addRows(s.Processes, o.Processes)
	s.Units = addRows(s.Units, o.Units)
	s.Containers = addRows(s.Containers, o.Containers)
	s.Engines = addRows(s.Engines, o.Engines)
	s.Namespaces = addRows(s.Namespaces, o.Namespaces)
	s.Queues = addRows(s.Queues, o.Queues)
	s.Registrations = addRows(s.Registrations, o.Registrations)
	s.Reservations = addRows(s.Reservations, o.Reservations)
	s.Sessions = addRows(s.Sessions, o.Sessions)
	s.URLGroups = addRows(s.URLGroups, o.URLGroups)
	s.ListenList = addRows(s.ListenList, o.ListenList)
	s.Certificates = addRows(s.Certificates, o.Certificates)
	s.Cached = addRows(s.Cached, o.Cached)
	s.Ranges = append(s.Ranges, o.Ranges...)
	s.Redirects = addRows(s.Redirects, o.Redirects)
	s.Filters = addRows(s.Filters, o.Filters)
	s.addLinks(o.Links)
	s.AddGaps(o.Gaps...)
}

// AddGaps appends the gaps that s does not have yet.
func (s *Set) AddGaps(gaps ...Gap) {
	have := make(map[gapKey]bool, len(s.Gaps))
	for _, g := range s.Gaps {
		have[g.key()] = true
	}
	for _, g := range gaps {
		if !have[g.key()] {
			have[g.key()] = true
			s.Gaps = append(s.Gaps, g)
		}
	}
}

func (s *Set) addLinks(links []Link) {
	have := make(map[linkKey]bool, len(s.Links))
	for _, l := range s.Links {
		have[l.key()] = true
	}
	for _, l := range links {
		if !have[l.key()] {
			have[l.key()] = true
			s.Links = append(s.Links, l)
		}
	}
}

type row interface{ rowID() ID }

func addRows[T row](to, from []T) []T {
	if len(to) == 0 {
		return append(to, from...)
	}
	have := make(map[ID]bool, len(to))
	for _, r := range to {
		have[r.rowID()] = true
	}
	for _, r := range from {
		if !have[r.rowID()] {
			have[r.rowID()] = true
			to = append(to, r)
		}
	}
	return to
}
