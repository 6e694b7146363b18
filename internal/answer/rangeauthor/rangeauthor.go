// Package rangeauthor judges the port ranges that Windows excludes: who has
// probably set one aside, whether it is in the way of a program that asks for a
// port in it, and whether the dynamic range starts so low that it is the cause.
//
// Windows keeps no record of the author. What tells is the row's shape, the rows
// beside it and what runs on the machine, so that most answers are guesses and
// say so. The package is pure.
package rangeauthor

import (
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// Kind is who sets ranges aside.
type Kind string

// Authors. The zero Kind is an unknown one.
const (
	Administrator Kind = "administrator"   // a person or an installer, with netsh or the call behind it: the starred rows
	Feature       Kind = "windows-feature" // the starred row 50000-50059, which comes with Hyper-V and containers
	HTTPSys       Kind = "http.sys"        // a port that HTTP.sys serves
	WinNAT        Kind = "winnat"          // blocks of a hundred for virtual networks: Hyper-V, WSL, Docker, the Sandbox
	Sharing       Kind = "ics"             // Internet Connection Sharing
	Program       Kind = "program"         // a program that reserved its port while it runs, RPC services among them
)

// Confidence is how sure a judgement is; empty is a no.
type Confidence string

// Certain rests on what Windows itself said; Likely on one inference; Possible on
// a hint that has other explanations too.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Author is what is to be said of one excluded range.
type Author struct {
	Kind       Kind
	Confidence Confidence // that Kind is right
	// Blocks is how sure it is that a program which asks for a port of the range is
	// refused (10013), an administrator's too. A starred row only keeps the port
	// from being handed out by chance: it is possible at most.
	Blocks Confidence
	// LowDynamic is how sure it is that the row stands here because the dynamic range
	// starts too low; see [LowDynamic].
	LowDynamic Confidence
	Users      []User    // what uses WinNAT or shares a connection here, for a row of theirs
	About      []fact.ID // rows that speak for Kind: sockets, registrations, reservations
}

// usual is where dynamic ports begin on a Windows that nobody changed.
const usual = 49152

// Judge tells who has probably set r aside. What is no excluded range is nobody's.
func Judge(set *fact.Set, r fact.Range) Author {
	if r.Kind != fact.Excluded {
		return Author{}
	}
	var a Author
	switch width := int(r.To) - int(r.From) + 1; {
	case r.Administered && r.From == 50000 && r.To == 50059:
		a.Kind, a.Confidence = Feature, Likely
	case r.Administered:
		a.Kind, a.Confidence = Administrator, Certain
	case width == 1:
		a = single(set, r)
	case width == 100:
		a = block(set, r)
	default:
		a = odd(set, r)
	}
	a.Blocks = blocks(r)
	if !r.Administered && r.From != r.To {
		a.LowDynamic = low(set, r)
	}
	return a
}

// Find is the excluded range that a port lies in, one that is not starred before
// one that is; ok is false where there is none.
func Find(set *fact.Set, proto fact.Proto, port uint16) (r fact.Range, ok bool) {
	for _, e := range set.Ranges {
		if e.Kind == fact.Excluded && e.Holds(proto, port) && (!ok || r.Administered && !e.Administered) {
			r, ok = e, true
		}
	}
	return r, ok
}

// LowDynamic is the dynamic range of Windows that starts below 49152, the lowest if
// there are several; ok is false where none does, or none is known. Virtual networks
// and RPC services take their ports from it: it brings them into everybody's way.
func LowDynamic(set *fact.Set) (r fact.Range, ok bool) {
	if !windows(set) {
		return r, false
	}
	for _, e := range set.Ranges {
		if e.Kind == fact.Ephemeral && e.From < usual && (!ok || e.From < r.From) {
			r, ok = e, true
		}
	}
	return r, ok
}

// windows: a pasted list of excluded ranges is of no other system.
func windows(set *fact.Set) bool {
	return set.Machine.OS == "windows" ||
		set.Machine.OS == "" && slices.ContainsFunc(set.Ranges, func(r fact.Range) bool { return r.Kind == fact.Excluded })
}

func blocks(r fact.Range) Confidence {
	switch {
	case r.Name == fact.RangeNextBoot:
		return ""
	case r.Administered:
		return Possible
	case r.Proto == "":
		return Likely // the list may be that of the other protocol
	}
	return Certain
}

// low: Windows' virtual networks take their blocks from the dynamic range.
func low(set *fact.Set, r fact.Range) Confidence {
	if r.From >= usual {
		return ""
	}
	known := false
	for _, d := range set.Ranges {
		if d.Kind != fact.Ephemeral || r.Proto != "" && d.Proto != "" && d.Proto != r.Proto {
			continue
		}
		known = true
		if d.From <= r.From && r.To <= d.To && d.From < usual {
			return Likely
		}
	}
	if known {
		return ""
	}
	return Possible
}

// block: a hundred ports in a row, and nobody's star, is WinNAT's way.
func block(set *fact.Set, r fact.Range) Author {
	a := Author{Kind: WinNAT, Confidence: Possible, Users: users(set)}
	others := 0
	for _, o := range set.Ranges {
		if o.Kind == fact.Excluded && !o.Administered && o.Proto == r.Proto && o.To-o.From == 99 && o.From != r.From {
			others++
		}
	}
	if others > 0 || len(a.Users) > 0 {
		a.Confidence = Likely
	}
	return a
}

// odd: a width that speaks for nobody. Connection sharing is known to reserve
// ports; so is WinNAT, in hundreds that may have grown together.
func odd(set *fact.Set, r fact.Range) Author {
	all := users(set)
	if (int(r.To)-int(r.From)+1)%100 == 0 {
		return Author{Kind: WinNAT, Confidence: Possible, Users: all}
	}
	for _, u := range all {
		if u.What == UserSharing {
			return Author{Kind: Sharing, Confidence: Possible, Users: []User{u}}
		}
	}
	return Author{}
}
