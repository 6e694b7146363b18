// Package refusal judges the error lines that somebody pasted: which binds were
// refused, for what class of cause, and what to look at next.
//
// It is pure. What a line says is package logline's; the sentences are report's.
package refusal

import (
	"cmp"
	"slices"

	"github.com/berthd/berth/internal/answer/logline"
)

// Cause is the class of a refusal: each has a way out of its own.
type Cause string

// The classes.
const (
	InUse        Cause = "in-use"        // somebody has the endpoint
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
type Line struct {
	Text  string
	Where string // "line 3 of post.txt"
}

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
	var out, loose []Refusal
	for _, l := range lines {
		f, ok := logline.Parse(l.Text)
		if !ok || len(out) == maxRefusals {
			continue
		}
		f.OS = cmp.Or(f.OS, system)
		r := Refusal{Failure: f, Cause: causeOf(f), Where: l.Where}
		if f.Port == 0 {
			loose = add(loose, r)
			continue
		}
		out = add(out, r)
	}
	for _, r := range loose {
		if !echoes(r, out) && len(out) < maxRefusals {
			out = append(out, r)
		}
	}
	return out
}

// PortOf is the port that a line says was refused; false where it says none.
func PortOf(line string) (uint16, bool) {
	f, ok := logline.Parse(line)
	return f.Port, ok && f.Port != 0
}

// Of are the refusals of one port; 0 is those that name none.
func Of(port uint16, said []Refusal) []Refusal {
	return slices.DeleteFunc(slices.Clone(said), func(r Refusal) bool { return r.Port != port })
}

// add merges r into what says the same; a line that says why beats one that does
// not.
func add(rs []Refusal, r Refusal) []Refusal {
	for i, have := range rs {
		switch {
		case have.Port != r.Port:
		case have.Cause == r.Cause || r.Cause == Unsaid:
			return rs
		case have.Cause == Unsaid:
			rs[i] = r
			return rs
		}
	}
	return append(rs, r)
}

func echoes(r Refusal, of []Refusal) bool {
	for _, o := range of {
		if r.Cause == Unsaid || r.Cause == o.Cause {
			return true
		}
	}
	return false
}

func causeOf(f logline.Failure) Cause {
	switch f.Errno {
	case "EADDRINUSE", "ERROR_SHARING_VIOLATION":
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
