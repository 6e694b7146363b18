// Package sddl reads the security descriptors of HTTP.sys's reservations in their
// text form, D:(A;;GX;;;WD): who may register URLs below a reserved prefix, and
// who may reserve below it for others.
//
// It is pure and works on every OS. Nothing in a descriptor is translated: aliases
// and SIDs are the same in every language.
package sddl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Right is what one entry of a descriptor gives to one account, or denies it.
type Right struct {
	SID string // "S-1-1-0"
	// Alias stands in place of SID where the SID depends on the machine or its
	// domain: "LA", the machine's own administrator.
	Alias    string
	Deny     bool
	Listen   bool // GENERIC_EXECUTE: may register URLs
	Delegate bool // GENERIC_WRITE: may reserve below it for others
}

// Errors of Parse. Others name the entry that they are about.
var (
	errNoDACL = errors.New("no list of who may (D:)")
	errCut    = errors.New("a parenthesis is missing")
)

// maxEntries bounds the entries of one descriptor; Windows' own bound is 64 KB.
const maxEntries = 4096

// Parse reads the entries of a descriptor's access list in their order. Entries
// that are there for children only, and those that give neither right, are left
// out. A descriptor without a list (D:NO_ACCESS_CONTROL) lets everybody do all.
func Parse(text string) ([]Right, error) {
	list, err := dacl(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(list, "NO_ACCESS_CONTROL") {
		return []Right{{SID: "S-1-1-0", Listen: true, Delegate: true}}, nil
	}
	var out []Right
	for n := 0; ; n++ {
		ace, rest, err := entry(list)
		if err != nil {
			return nil, err
		}
		if ace == "" {
			return out, nil
		}
		if n == maxEntries {
			return nil, fmt.Errorf("more than %d entries", maxEntries)
		}
		r, ok, err := right(ace)
		if err != nil {
			return nil, fmt.Errorf("(%s): %w", ace, err)
		}
		if ok {
			out = append(out, r)
		}
		list = rest
	}
}

// dacl is what stands behind D:, its flags taken off.
func dacl(text string) (string, error) {
	for depth, i := 0, 0; i+1 < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case 'D':
			if depth == 0 && text[i+1] == ':' {
				list := text[i+2:]
				return list[flags(list):], nil
			}
		}
	}
	return "", errNoDACL
}

// flags is the length of P, AI and AR before the first entry.
func flags(list string) int {
	n := 0
	for {
		switch {
		case strings.HasPrefix(list[n:], "AI"), strings.HasPrefix(list[n:], "AR"):
			n += 2
		case strings.HasPrefix(list[n:], "P"):
			n++
		default:
			return n
		}
	}
}

// entry takes the first entry off a list. A conditional one has parentheses of its
// own. ace is "" at the list's end.
func entry(list string) (ace, rest string, err error) {
	list = strings.TrimLeft(list, " ")
	if !strings.HasPrefix(list, "(") {
		if list != "" && !strings.HasPrefix(list, "S:") {
			return "", "", fmt.Errorf("%q is no entry", clip(list))
		}
		return "", "", nil
	}
	depth := 0
	for i := range len(list) {
		switch list[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if i == 1 {
					return "", "", errors.New("an empty entry")
				}
				return list[1:i], list[i+1:], nil
			}
		}
	}
	return "", "", errCut
}

func clip(s string) string { return s[:min(len(s), 40)] }

// right reads type;flags;rights;object;inherited object;account[;condition].
func right(ace string) (r Right, ok bool, err error) {
	f := strings.SplitN(ace, ";", 7)
	if len(f) < 6 {
		return r, false, errors.New("six fields are expected")
	}
	switch kind := strings.TrimSpace(f[0]); kind {
	case "A", "OA", "XA", "ZA":
	case "D", "OD", "XD":
		r.Deny = true
	default:
		return r, false, nil // audits and labels, which give nothing
	}
	if r.SID, r.Alias, err = account(strings.TrimSpace(f[5])); err != nil {
		return r, false, err
	}
	mask, err := access(strings.TrimSpace(f[2]))
	if err != nil {
		return r, false, err
	}
	r.Listen, r.Delegate = mask&(genericAll|genericExecute) != 0, mask&(genericAll|genericWrite) != 0
	return r, (r.Listen || r.Delegate) && !inheritOnly(f[1]), nil
}

// inheritOnly tells whether an entry is for children only.
func inheritOnly(flags string) bool {
	for i := 0; i+2 <= len(flags); i += 2 {
		if flags[i:i+2] == "IO" {
			return true
		}
	}
	return false
}

// The rights that a prefix knows.
const (
	genericAll     = 0x1000_0000
	genericExecute = 0x2000_0000
	genericWrite   = 0x4000_0000
)

// access reads rights as a number or as pairs of letters. Pairs other than the
// generic ones mean nothing to a prefix.
func access(s string) (mask uint64, err error) {
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		return strconv.ParseUint(s, 0, 32)
	}
	if len(s)%2 != 0 {
		return 0, fmt.Errorf("rights %q", clip(s))
	}
	for ; s != ""; s = s[2:] {
		switch s[:2] {
		case "GA":
			mask |= genericAll
		case "GX":
			mask |= genericExecute
		case "GW":
			mask |= genericWrite
		default:
			if !letters(s[:2]) {
				return 0, fmt.Errorf("rights %q", clip(s))
			}
		}
	}
	return mask, nil
}

func letters(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// account reads a SID or an alias.
func account(s string) (sid, alias string, err error) {
	if strings.HasPrefix(s, "S-1-") {
		if strings.Trim(s[4:], "0123456789-xabcdefABCDEF") != "" || strings.Count(s, "-") > 17 {
			return "", "", fmt.Errorf("SID %q", clip(s))
		}
		return s, "", nil
	}
	if len(s) != 2 || !letters(s) {
		return "", "", fmt.Errorf("account %q", clip(s))
	}
	if i, ok := slices.BinarySearchFunc(aliases[:], s, func(a [2]string, s string) int { return strings.Compare(a[0], s) }); ok {
		return aliases[i][1], "", nil
	}
	return "", s, nil
}

// aliases are the SIDs that are the same everywhere, by their two letters.
var aliases = [...][2]string{
	{"AA", "S-1-5-32-579"}, // access control assistance operators
	{"AC", "S-1-15-2-1"},   // all application packages
	{"AN", "S-1-5-7"},      // anonymous
	{"AO", "S-1-5-32-548"}, // account operators
	{"AS", "S-1-18-1"},     // authenticated by an authority
	{"AU", "S-1-5-11"},     // authenticated users
	{"BA", "S-1-5-32-544"}, // administrators
	{"BG", "S-1-5-32-546"}, // guests
	{"BO", "S-1-5-32-551"}, // backup operators
	{"BU", "S-1-5-32-545"}, // users
	{"CD", "S-1-5-32-574"}, // certificate service, DCOM
	{"CG", "S-1-3-1"},      // creator's group
	{"CO", "S-1-3-0"},      // creator
	{"CY", "S-1-5-32-569"}, // cryptographic operators
	{"ED", "S-1-5-9"},      // domain controllers
	{"ER", "S-1-5-32-573"}, // event log readers
	{"ES", "S-1-5-32-576"}, // remote desktop endpoint servers
	{"HA", "S-1-5-32-578"}, // Hyper-V administrators
	{"HI", "S-1-16-12288"}, // high integrity
	{"IS", "S-1-5-32-568"}, // IIS users
	{"IU", "S-1-5-4"},      // interactive
	{"LS", "S-1-5-19"},     // local service
	{"LU", "S-1-5-32-559"}, // performance log users
	{"LW", "S-1-16-4096"},  // low integrity
	{"ME", "S-1-16-8192"},  // medium integrity
	{"MP", "S-1-16-8448"},  // medium plus integrity
	{"MS", "S-1-5-32-577"}, // remote desktop management servers
	{"MU", "S-1-5-32-558"}, // performance monitor users
	{"NO", "S-1-5-32-556"}, // network configuration operators
	{"NS", "S-1-5-20"},     // network service
	{"NU", "S-1-5-2"},      // network
	{"OW", "S-1-3-4"},      // owner's rights
	{"PO", "S-1-5-32-550"}, // print operators
	{"PS", "S-1-5-10"},     // self
	{"PU", "S-1-5-32-547"}, // power users
	{"RA", "S-1-5-32-575"}, // remote desktop remote access servers
	{"RC", "S-1-5-12"},     // restricted code
	{"RD", "S-1-5-32-555"}, // remote desktop users
	{"RE", "S-1-5-32-552"}, // replicator
	{"RM", "S-1-5-32-580"}, // remote management users
	{"RU", "S-1-5-32-554"}, // before Windows 2000
	{"SI", "S-1-16-16384"}, // system integrity
	{"SO", "S-1-5-32-549"}, // server operators
	{"SS", "S-1-18-2"},     // authenticated by a service
	{"SU", "S-1-5-6"},      // services
	{"SY", "S-1-5-18"},     // local system
	{"UD", "S-1-5-84-0-0-0-0-0"},
	{"WD", "S-1-1-0"},  // everybody
	{"WR", "S-1-5-33"}, // write-restricted code
}
