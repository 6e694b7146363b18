package httpsys

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/sddl"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// Reservation is one row of `netsh http show urlacl`: who may listen under a
// prefix. Account names are translated and may be anything, so only the security
// descriptor counts.
type Reservation struct {
	URL  string
	SDDL string // "" where the text ends before it
	Line int
}

// ParseReservations reads a listing of `netsh http show urlacl` in any UI
// language, whole or cut: a "label: URL" line with rows of its own below opens a
// reservation, the value that is a security descriptor belongs to it. A
// descriptor that the console wrapped is put together again.
func ParseReservations(text string) []Reservation {
	var out []Reservation
	lines := shape.Squeeze(shape.Split(text))
	for i, l := range lines {
		if !reserves(l) {
			continue
		}
		r := Reservation{URL: l.Value, Line: l.N}
		below := lines[i+1:]
		if len(below) > 0 && shape.Digits(below[0].Value) {
			continue // a cached response, whose first row is its status
		}
		r.SDDL = descriptor(below)
		if r.SDDL != "" || len(below) > 0 && below[0].Kind == shape.Pair && below[0].Indent > l.Indent {
			out = append(out, r)
		}
	}
	return out
}

func reserves(l line) bool {
	if l.Kind != shape.Pair || strings.ContainsAny(l.Value, " \t") {
		return false
	}
	_, ok := ParseURL(l.Value)
	return ok
}

// maxBlock is the number of lines below a URL in which its descriptor is looked
// for: three a user, and a prefix with more than forty users is not known.
const maxBlock = 128

// descriptor finds the security descriptor in the rows below a reservation's
// URL. One whose end is missing counts for none.
func descriptor(below []line) string {
	for i, l := range below[:min(len(below), maxBlock)] {
		switch {
		case reserves(l):
			return ""
		case l.Kind == shape.Pair && isDescriptor(l.Value):
			return joinWrapped(l.Value, below[i+1:])
		}
	}
	return ""
}

func joinWrapped(s string, rest []line) string {
	for _, l := range rest[:min(len(rest), 8)] {
		if !unfinished(s) || l.Kind == shape.Blank {
			break
		}
		s += l.Text
	}
	if unfinished(s) {
		return ""
	}
	return s
}

// isDescriptor tells whether s is a security descriptor's text form.
func isDescriptor(s string) bool {
	for _, part := range []string{"D:(", "D:P(", "D:AI(", "D:PAI(", "O:", "G:", "S:("} {
		if strings.HasPrefix(s, part) {
			return strings.Contains(s, ";")
		}
	}
	return false
}

func unfinished(s string) bool {
	return strings.Count(s, "(") != strings.Count(s, ")")
}

// ReservationFacts turns reservations into rows. evidence says where a line of
// the listing was read. A descriptor that is missing, or that cannot be read, is a
// gap.
func ReservationFacts(rs []Reservation, evidence func(line int) string) fact.Set {
	var set fact.Set
	for _, r := range rs {
		row, gap := reservationRow(r.URL, r.SDDL, evidence(r.Line))
		set.Reservations = append(set.Reservations, row)
		set.Gaps = append(set.Gaps, gap...)
	}
	return set
}

func reservationRow(url, text, evidence string) (fact.Reservation, []fact.Gap) {
	u, _ := ParseURL(url)
	row := fact.Reservation{ID: fact.ReservationID(url), URL: url, Port: u.Port, SDDL: text, Evidence: evidence}
	gap := fact.Gap{Kind: fact.GapNotInPaste, Subject: "who may listen on " + url, Hint: "netsh http show urlacl url=" + url, About: row.ID}
	if text == "" {
		return row, []fact.Gap{gap}
	}
	rights, err := sddl.Parse(text)
	if err != nil {
		gap.Kind, gap.Hint, gap.Raw, gap.Err = fact.GapShape, "", clip(text, maxRaw), err.Error()
		return row, []fact.Gap{gap}
	}
	for _, r := range rights {
		row.Rights = append(row.Rights, fact.PrefixRight{SID: r.SID, Account: r.Alias, Deny: r.Deny, Listen: r.Listen, Delegate: r.Delegate})
	}
	return row, nil
}
