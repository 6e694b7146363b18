// Package refusal judges the error lines that somebody pasted: which binds were
// refused, for what class of cause, and what to look at next.
//
// It is pure. What a line says is package logline's; the sentences are report's.
package refusal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/logline"
)

// Cause is the class of a refusal: each has a way out of its own.
type Cause string

// The classes.
const (
	InUse        Cause = "in-use"        // somebody has the endpoint
	Allocated    Cause = "allocated"     // a container engine has it in its own book
	Reserved     Cause = "reserved"      // Windows' 10013: somebody has it alone, or the system keeps it back
	NotPermitted Cause = "not-permitted" // the asker has not the right
	NotHere      Cause = "not-here"      // no address of that machine, or not yet
	FamilyOff    Cause = "family-off"    // the machine or the program has no such address family
	Registered   Cause = "registered"    // HTTP.sys: the URL is somebody's already
	NotReserved  Cause = "not-reserved"  // HTTP.sys: the URL is kept for others than the asker
	BadArgument  Cause = "bad-argument"  // the wish itself is wrong
	Unsaid       Cause = "unsaid"        // the line does not say why
)

// Line is one line of a text and where it stood.
type Line = logline.Line

// Refusal is one bind that a text says was refused. Lines that say the same of one
// port are one refusal: a server asks for 0.0.0.0 and for [::], and asks again.
type Refusal struct {
	logline.Failure
	Cause Cause
	Where string // of the first line
}

// maxRefusals bounds what one text can say; more is more of the same.
const maxRefusals = 64

// Read finds the refusals in lines, in their order. A line that names no port
// counts only where it is not the echo of one that does. System is the GOOS word of
// the machine where other texts tell it; what a line tells itself comes first.
func Read(system string, lines []Line) []Refusal {
	var out, loose []said
	for i := 0; i < len(lines); {
		f, n, ok := failure(lines, i)
		if ok && len(out) < maxRefusals && len(loose) < maxRefusals {
			s := said{Refusal{Failure: f, Where: lines[i].Where}, i}
			s.setCause()
			if f.Port == 0 {
				loose = add(loose, s)
			} else {
				out = add(out, s)
			}
		}
		i += n
	}
	for _, l := range loose {
		if !settles(l, out, lines) && !echoes(l, out) && len(out) < maxRefusals {
			out = append(out, l)
		}
	}
	var rs []Refusal
	for _, s := range out {
		rs = append(rs, s.Refusal)
	}
	return On(system, rs)
}

// said is a refusal and the index of its line.
type said struct {
	Refusal
	at int
}

// On are the refusals of a machine of which other texts tell the system.
func On(system string, rs []Refusal) []Refusal {
	for i := range rs {
		rs[i].OS = cmp.Or(rs[i].OS, system)
		rs[i].Cause = causeOf(rs[i].Failure)
	}
	return rs
}

// Of are the refusals of one port; 0 is those that name none.
func Of(port uint16, said []Refusal) []Refusal {
	return slices.DeleteFunc(slices.Clone(said), func(r Refusal) bool { return r.Port != port })
}

// add merges s into what says the same; a line that says why beats one that does
// not.
func add(all []said, s said) []said {
	for i, have := range all {
		switch {
		case have.Port != s.Port:
		case have.Cause == s.Cause || s.Cause == Unsaid:
			all[i].OS = cmp.Or(have.OS, s.OS)
			return all
		case have.Cause == Unsaid:
			all[i] = s
			return all
		}
	}
	return append(all, s)
}

// near is how many lines apart two lines may be that speak of one event.
const near = 15

// settles: a line without a port that stands near one with a port tells more of it:
// the reason, where that one has none or only a phrase, and the system.
func settles(l said, all []said, lines []Line) bool {
	for i := range all {
		s := &all[i]
		if apart(lines, l.at, s.at) > near {
			continue
		}
		switch {
		case l.Errno != "" && (s.Errno == "" || s.By == "phrase" && l.By != "phrase"):
			s.Errno, s.Code, s.By, s.OS = l.Errno, l.Code, l.By, cmp.Or(l.OS, s.OS)
		case l.Errno == s.Errno && l.Errno != "":
			s.OS = cmp.Or(s.OS, l.OS)
			if s.Code == 0 {
				s.Code = l.Code
			}
		case l.Errno == "":
			s.OS = cmp.Or(s.OS, l.OS)
		default:
			continue
		}
		s.Program = cmp.Or(s.Program, l.Program)
		s.setCause()
		return true
	}
	return false
}

// apart is how many lines two of them are apart in their text.
func apart(lines []Line, i, j int) int {
	if n, m := lines[i].Number, lines[j].Number; n != 0 && m != 0 {
		return max(i-j, j-i, n-m, m-n)
	}
	return max(i-j, j-i)
}

func echoes(s said, of []said) bool {
	for _, o := range of {
		if s.Cause == Unsaid || s.Cause == o.Cause {
			return true
		}
	}
	return false
}

func (s *said) setCause() { s.Cause = causeOf(s.Failure) }

func causeOf(f logline.Failure) Cause {
	switch f.Errno {
	case "EADDRINUSE", "ERROR_SHARING_VIOLATION":
		if strings.Contains(f.Words, "port is already allocated") {
			return Allocated
		}
		return InUse
	case "EACCES":
		if f.OS == "windows" {
			return Reserved
		}
		return NotPermitted
	case "EADDRNOTAVAIL":
		return NotHere
	case "EAFNOSUPPORT":
		return FamilyOff
	case "ERROR_ALREADY_EXISTS":
		return Registered
	case "ERROR_ACCESS_DENIED":
		return NotReserved
	case "EINVAL", "ERROR_INVALID_PARAMETER":
		return BadArgument
	}
	return Unsaid
}
