package httpsys

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
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
// language, whole or cut: a "label: URL" line opens a reservation, the value
// that is a security descriptor belongs to it. A descriptor that the console
// wrapped is put together again.
func ParseReservations(text string) []Reservation {
	var out []Reservation
	open := false // the last descriptor still lacks its closing bracket
	for _, l := range split(text) {
		switch {
		case l.shape == pair && isURL(l.value) && !strings.ContainsAny(l.value, " \t"):
			if _, ok := ParseURL(l.value); ok {
				out = append(out, Reservation{URL: l.value, Line: l.n})
			}
			open = false
		case l.shape == blank:
		case len(out) == 0:
		case open:
			last := &out[len(out)-1]
			last.SDDL = clip(last.SDDL+l.text, maxLine)
			open = unfinished(last.SDDL)
		case l.shape == pair && sddl(l.value) && out[len(out)-1].SDDL == "":
			out[len(out)-1].SDDL = l.value
			open = unfinished(l.value)
		}
	}
	for i := range out {
		if unfinished(out[i].SDDL) {
			out[i].SDDL = ""
		}
	}
	return out
}

// sddl tells whether s is a security descriptor's text form.
func sddl(s string) bool {
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
// the listing was read.
func ReservationFacts(rs []Reservation, evidence func(line int) string) fact.Set {
	var set fact.Set
	for _, r := range rs {
		u, _ := ParseURL(r.URL)
		set.Reservations = append(set.Reservations, fact.Reservation{ID: fact.ReservationID(r.URL), URL: r.URL, Port: u.Port, SDDL: r.SDDL, Evidence: evidence(r.Line)})
		if r.SDDL == "" {
			set.Gaps = append(set.Gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: "who may listen on " + r.URL,
				Hint: "netsh http show urlacl url=" + r.URL, About: fact.ReservationID(r.URL)})
		}
	}
	return set
}
